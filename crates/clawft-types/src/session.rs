//! Stored conversations and their ids.

mod chunks;
mod error;

pub use chunks::Chunks;
pub use error::{SessionError, SessionIdError};

use alloc::{borrow::ToOwned as _, string::String, vec::Vec};
use core::{fmt, str::FromStr};

use crate::{
    json::{self, JsonError, Node, Value},
    memory,
    message::Message,
};

/// The newest version of the session format that this program reads. It writes [`version`].
pub const VERSION: u64 = if cfg!(feature = "images") { 3 } else { 2 };

/// Returns the version of the session format that `messages` need: 3 if there are images, 2 if tools were called, else
/// 1, which older releases of clawft read as well. They leave a session of a later version alone.
pub fn version<'a>(messages: impl Iterator<Item = &'a Message>) -> u64 {
    let versions = messages.map(|message| match message {
        message if !message.images().is_empty() => 3,
        message if message.answered.is_some() || !message.calls.is_empty() => 2,
        _ => 1,
    });
    versions.max().unwrap_or(1)
}

/// The id of a session: 1 to 64 of the characters `A-Z a-z 0-9 . _ -`, the first one not a dot.
///
/// It becomes a file name, so it excludes separators, `..` and hidden files.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionId(String);

impl SessionId {
    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SessionId {
    type Err = SessionIdError;

    fn from_str(text: &str) -> Result<SessionId, SessionIdError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        let valid = (1..=64).contains(&text.len()) && !text.starts_with(".") && text.bytes().all(allowed);
        if valid {
            Ok(SessionId(text.to_owned()))
        } else {
            Err(SessionIdError(text.to_owned()))
        }
    }
}

/// The default session id: `default`.
impl Default for SessionId {
    fn default() -> SessionId {
        SessionId("default".to_owned())
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A conversation: `{"version":1,"id":"default","messages":[{"role":"user","content":"…"}, …]}`. An answer
/// that broke off has `"incomplete":true` as well, one that ended for another reason than that it was complete
/// has it as `finish_reason`, and the model's reasoning is a list `reasoning`, with `"echoed":true` if it goes back to
/// the provider.
///
/// Version 2 has tool calls: an answer with calls has `"tool_calls":[{"id":"…","name":"…","arguments":"…"}, …]`,
/// and the messages after it are the results: `{"role":"tool","content":"…","tool_call_id":"…"}`, with
/// `"is_error":true` if the call failed.
///
/// Version 3 has images: a message of the user has `"images":[{"media_type":"image/png","data":"…"}, …]`, in base64. So
/// a conversation continues wherever its file goes, also without the files of the images.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Session {
    /// The id under which it is stored.
    pub id: SessionId,
    /// All messages, oldest first. The system prompt is configuration and not part of them.
    pub messages: Vec<Message>,
}

impl Session {
    /// Returns a session without messages.
    pub fn new(id: SessionId) -> Session {
        Session {
            id,
            messages: Vec::new(),
        }
    }

    /// Parses a session file. Unknown fields are ignored.
    pub fn parse(bytes: &[u8]) -> Result<Session, SessionError> {
        Session::read(json::parse(bytes)?)
    }

    /// Does the same as [`Session::parse`] in place, without a copy of `bytes`.
    pub fn parse_owned(bytes: Vec<u8>) -> Result<Session, SessionError> {
        Session::read(json::parse_owned(bytes)?)
    }

    fn read(document: Value) -> Result<Session, SessionError> {
        let node = Node::root(&document);
        match read_version(node)? {
            version if version > VERSION => Err(SessionError::Newer(version)),
            _ => Ok(read(node)?),
        }
    }

    /// Returns the session file: one line of JSON with a line end. For long sessions [`Chunks`] take less
    /// memory.
    pub fn to_json(&self) -> Vec<u8> {
        let mut json = Vec::new();
        for chunk in Chunks::new(&self.id, &self.messages, &[]) {
            json.extend_from_slice(&chunk);
        }
        json
    }
}

fn read_version(node: Node<'_>) -> Result<u64, JsonError> {
    let version = node.require("version")?;
    match version.whole()? {
        0 => Err(version.error("expected 1 or more")),
        number => Ok(number),
    }
}

fn read(node: Node<'_>) -> Result<Session, JsonError> {
    let id = node.require("id")?;
    let id = id
        .text()?
        .parse()
        .map_err(|error: SessionIdError| id.error(error.message()))?;
    let mut messages = Vec::new();
    for message in node.require("messages")?.items()? {
        memory::push(&mut messages, Message::read(message)?)?;
    }
    Ok(Session { id, messages })
}
