//! The messages of JSON-RPC.

use alloc::{borrow::ToOwned as _, string::String, vec::Vec};

use clawft_types::{
    join,
    json::{Node, Writer},
    memory::NoMemory,
    text::number,
};

/// The newest revision. It has no handshake: each request carries what the server has to know.
pub(crate) const MODERN: &str = "2026-07-28";

/// The revisions with a handshake, the newest first. For a client of tools they differ in nothing.
pub(crate) const WITH_HANDSHAKE: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

/// The error that a revision is not known.
const UNSUPPORTED_VERSION: &str = "-32022";

/// The errors of the newest revision that no older server sends.
const MODERN_ERRORS: [&str; 3] = ["-32020", "-32021", UNSUPPORTED_VERSION];

/// This program, and its lack of capabilities: servers cannot ask it for anything.
macro_rules! client {
    () => {
        concat!(
            "{\"name\":\"clawft\",\"version\":\"",
            env!("CARGO_PKG_VERSION"),
            "\"}"
        )
    };
}

/// The parameter that each request of the newest revision has.
const META: &str = concat!(
    "{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",\"io.modelcontextprotocol/clientInfo\":",
    client!(),
    ",\"io.modelcontextprotocol/clientCapabilities\":{}}"
);

/// The handshake's request.
const INITIALIZE: &str = concat!(
    "{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},\"clientInfo\":",
    client!(),
    "}"
);

/// The end of the handshake.
pub(crate) const INITIALIZED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

/// The request `initialize`.
pub(crate) fn initialize(id: u32) -> Vec<u8> {
    let id = number(id.into());
    join!(
        r#"{"jsonrpc":"2.0","id":"#,
        &id,
        r#","method":"initialize","params":"#,
        INITIALIZE,
        "}"
    )
    .into_bytes()
}

/// Returns a request. `modern` adds the parameter of the newest revision; `text` and `json` are the others, each
/// with its name.
pub(crate) fn request(
    id: u32,
    method: &str,
    modern: bool,
    text: Option<(&str, &str)>,
    json: Option<(&str, &str)>,
) -> Result<Vec<u8>, NoMemory> {
    let room = [
        META,
        text.map_or("", |(_, text)| text),
        json.map_or("", |(_, json)| json),
    ];
    let mut writer = Writer::with_room_for(room.into_iter())?;
    writer.object(|writer| {
        writer.literal_member("jsonrpc", "\"2.0\"");
        writer.literal_member("id", &number(id.into()));
        writer.text_member("method", method);
        writer.member("params", |writer| {
            writer.object(|writer| {
                if modern {
                    writer.literal_member("_meta", META);
                }
                if let Some((key, text)) = text {
                    writer.text_member(key, text);
                }
                if let Some((key, json)) = json {
                    writer.literal_member(key, json);
                }
            });
        });
    });
    Ok(writer.into_bytes())
}

/// A message from a server.
pub(crate) enum Incoming<'a> {
    /// The answer to a request.
    Answer(Result<Node<'a>, Refusal>),
    /// A request of the server's own.
    #[cfg_attr(target_family = "wasm", expect(dead_code))]
    Request {
        /// The id, as JSON.
        id: Node<'a>,
        method: &'a str,
    },
    /// A notification, by its method.
    Notification(&'a str),
    /// An answer to another request, or no message at all.
    Other,
}

impl<'a> Incoming<'a> {
    /// Reads a message. `id` is the id of the request that is to be answered.
    pub(crate) fn read(message: Node<'a>, id: u32) -> Incoming<'a> {
        match (message.text_of("method"), message.get("id")) {
            (Some(method), Some(id)) => return Incoming::Request { id, method },
            (Some(method), None) => return Incoming::Notification(method),
            (None, _) => {}
        }
        let answers = message.whole_of("id") == Some(id.into())
            // Some servers turn every id into a string.
            || message.text_of("id").is_some_and(|text| text == number(id.into()));
        match (message.get("result"), message.get("error")) {
            (Some(result), None) if answers => Incoming::Answer(Ok(result)),
            // A server that could not read the id leaves it out.
            (None, Some(error)) if answers || message.get("id").is_none() => {
                Incoming::Answer(Err(Refusal::read(error)))
            }
            (_, Some(error)) if answers => Incoming::Answer(Err(Refusal::read(error))),
            // Otherwise the answer would be waited for until the time is over.
            (None, None) if answers => Incoming::Answer(Err(Refusal {
                message: "the answer holds neither a result nor an error".to_owned(),
                ..Refusal::default()
            })),
            _ => Incoming::Other,
        }
    }
}

/// An error that a server answers with.
#[derive(Debug, Default)]
pub(crate) struct Refusal {
    /// The code, as a number in JSON.
    code: String,
    /// The message as the server wrote it.
    pub(crate) message: String,
    /// Whether the server names a revision with a handshake as one that it speaks.
    offers_handshake: bool,
}

impl Refusal {
    /// Reads the member `error` of an answer.
    pub(crate) fn read(error: Node<'_>) -> Refusal {
        let supported = error.get("data").and_then(|data| data.get("supported"));
        Refusal {
            code: error
                .get("code")
                .and_then(|code| code.to_json().ok())
                .unwrap_or_default(),
            message: error.text_of("message").unwrap_or_default().to_owned(),
            offers_handshake: supported.is_some_and(|versions| lists_any(versions, &WITH_HANDSHAKE)),
        }
    }

    /// Returns whether to try the handshake, after a request of the newest revision was refused. The errors of
    /// that revision show that the server knows it; anything else comes from a server that does not.
    pub(crate) fn is_from_older_revision(&self) -> bool {
        if self.code == UNSUPPORTED_VERSION {
            self.offers_handshake
        } else {
            !MODERN_ERRORS.contains(&self.code.as_str())
        }
    }

    /// Returns whether headers did not match a tool's schema, which then has changed.
    pub(crate) fn is_header_mismatch(&self) -> bool {
        self.code == MODERN_ERRORS[0]
    }
}

/// Returns whether the array `versions` holds one of `known`.
pub(crate) fn lists_any(versions: Node<'_>, known: &[&str]) -> bool {
    let is_known = |version: Node<'_>| version.as_text().is_some_and(|text| known.contains(&text));
    versions.as_items().is_some_and(|mut items| items.any(is_known))
}
