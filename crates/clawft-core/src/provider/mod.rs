//! The dialects that providers speak, one module each, chosen by [`Kind`].
//!
//! A dialect builds a request and reads an answer; everything else (keys, retries, error wording) is the same for all.

mod anthropic;
mod openai;

use crate::http::{Header, HeaderValue, HttpRequest, Method};
use alloc::borrow::ToOwned as _;
use alloc::string::{String, ToString as _};
use alloc::vec;
use alloc::vec::Vec;
use clawft_types::completion::error_message;
use clawft_types::json::{self, JsonError, JsonFault, Node};
use clawft_types::memory::NoMemory;
use clawft_types::{Config, Kind, Message, Secret, Usage};
use core::time::Duration;

/// What a provider answered, or the part of it that a stream has brought so far.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// What the model says, or its own words for why it will not. May be empty.
    pub(crate) text: String,
    pub(crate) finish_reason: Option<String>,
    pub(crate) usage: Option<Usage>,
}

/// Why the body of a successful response holds no answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is an error after all, in the provider's words.
    Error(String),
    /// It is not what the protocol says.
    Bad(String),
    /// There is no memory for it.
    NoMemory(NoMemory),
    /// Reading it takes longer than there is time.
    Late,
}

impl From<JsonError> for Fault {
    fn from(error: JsonError) -> Fault {
        match error.fault() {
            JsonFault::NoMemory(error) => Fault::NoMemory(*error),
            JsonFault::Late => Fault::Late,
            _ => Fault::Bad(error.to_string()),
        }
    }
}

impl From<NoMemory> for Fault {
    fn from(error: NoMemory) -> Fault {
        Fault::NoMemory(error)
    }
}

/// The request that continues the conversation `messages`. Without a `key` it carries none: local servers want none.
pub(crate) fn request(
    config: &Config,
    key: Option<&Secret>,
    messages: &[Message],
    stream: bool,
    timeout: Duration,
) -> Result<HttpRequest, NoMemory> {
    let provider = &config.provider;
    let plain = |name, value: &str| Header { name, value: HeaderValue::Plain(value.to_owned()) };
    let mut headers = vec![
        plain("content-type", "application/json"),
        // Some providers' firewalls refuse clients that do not say who they are.
        plain("user-agent", concat!("clawft/", env!("CARGO_PKG_VERSION"))),
    ];
    let (path, secret, body) = match provider.kind {
        Kind::OpenAi => (openai::PATH, key.map(openai::key_header), openai::body(config, messages, stream)?),
        Kind::Anthropic => {
            headers.push(plain("anthropic-version", anthropic::VERSION));
            (anthropic::PATH, key.map(anthropic::key_header), anthropic::body(config, messages, stream)?)
        }
    };
    headers.extend(secret);
    Ok(HttpRequest {
        method: Method::Post,
        url: [provider.api_base.as_str(), path].concat(),
        headers,
        body,
        timeout,
        stream,
        max_response: provider.max_response,
    })
}

/// Reads the whole body of a successful response, unless it is `late` before all is read.
pub(crate) fn answer(kind: Kind, body: Vec<u8>, late: &dyn Fn() -> bool) -> Result<Answer, Fault> {
    let document = json::parse_until(body, late)?;
    let node = Node::root(&document);
    let answer = || {
        check(node)?;
        match kind {
            Kind::OpenAi => openai::answer(node),
            Kind::Anthropic => Ok(anthropic::answer(node)?),
        }
    };
    document.finish(answer())
}

/// Adds what an event of a stream brings to `answer`. True at the event that ends the stream.
pub(crate) fn event(kind: Kind, data: Vec<u8>, answer: &mut Answer) -> Result<bool, Fault> {
    if data == b"[DONE]" {
        return Ok(true);
    }
    let document = json::parse_owned(data)?;
    let node = Node::root(&document);
    check(node)?;
    match kind {
        Kind::OpenAi => openai::event(node, answer)?,
        Kind::Anthropic => anthropic::event(node, answer)?,
    }
    Ok(kind == Kind::Anthropic && node.text_of("type") == Some("message_stop"))
}

/// Some routers answer 200 and put the error of the server behind them into the body; in a stream an error can come no other
/// way.
fn check(node: Node<'_>) -> Result<(), Fault> {
    match node.get("error") {
        Some(_) => Err(Fault::Error(error_message(node).unwrap_or_default().to_owned())),
        None => Ok(()),
    }
}
