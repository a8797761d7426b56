//! A conversation as it is kept between turns, and the id it is kept under.

mod pieces;

pub use pieces::Pieces;

use crate::error::{SessionError, SessionIdError};
use crate::json::{self, JsonError, Node, Value};
use crate::memory;
use crate::message::Message;
use alloc::borrow::ToOwned as _;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

/// The version of the session format this program writes, and the newest it reads.
pub const VERSION: u64 = 1;

/// The name of a session: 1 to 64 of the characters `A-Z a-z 0-9 . _ -`, the first one not a dot.
///
/// It becomes a file's name, so it can hold neither a separator nor `..` nor a hidden file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionId(String);

impl SessionId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SessionId {
    type Err = SessionIdError;

    fn from_str(text: &str) -> Result<SessionId, SessionIdError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        let valid = (1..=64).contains(&text.len()) && !text.starts_with('.') && text.bytes().all(allowed);
        if valid { Ok(SessionId(text.to_owned())) } else { Err(SessionIdError(text.to_owned())) }
    }
}

/// The session that is used where none is named: `default`.
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

/// A conversation: `{"version":1,"id":"default","messages":[{"role":"user","content":"…"}, …]}`. An answer that broke off
/// has `"incomplete":true` as well.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Session {
    /// The name it is kept under.
    pub id: SessionId,
    /// What was said so far, oldest first. The system prompt is configuration and not part of it.
    pub messages: Vec<Message>,
}

impl Session {
    /// A session in which nothing was said yet.
    pub fn new(id: SessionId) -> Session {
        Session { id, messages: Vec::new() }
    }

    /// Reads a session file. Unknown fields are ignored.
    pub fn parse(bytes: &[u8]) -> Result<Session, SessionError> {
        Session::read(json::parse(bytes)?)
    }

    /// [`Session::parse`] in place, without a copy of `bytes`.
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

    /// The session file: one line of JSON with a line end. Where it may be long, [`Pieces`] take less memory.
    pub fn to_json(&self) -> Vec<u8> {
        Pieces::new(&self.id, &self.messages, &[]).flatten().collect()
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
    let id = id.text()?.parse().map_err(|error: SessionIdError| id.error(error.to_string()))?;
    let mut messages = Vec::new();
    for message in node.require("messages")?.items()? {
        memory::push(&mut messages, Message::read(message)?)?;
    }
    Ok(Session { id, messages })
}
