//! `tools.mcp`: the MCP servers whose tools are offered to the model.
//!
//! ```json
//! {"tools": {"mcp": {
//!   "github": {"url": "https://api.example/mcp", "headers_env": {"authorization": "GITHUB_AUTHORIZATION"}},
//!   "files": {"command": "npx", "args": ["-y", "@modelcontextprotocol/server-filesystem", "/srv"]}}}}
//! ```

use alloc::{borrow::ToOwned as _, string::String, vec::Vec};
use core::time::Duration;

use super::read::{absolute_url, filled, variable, whole_or};
use crate::{
    join,
    json::{JsonError, Node},
    secret::Secret,
    text::Ascii as _,
};

/// The maximum number of servers, of headers and of variables.
const MAX_ENTRIES: usize = 64;

/// The maximum length of a server's name, which is a part of the names of its tools.
const MAX_NAME: usize = 32;

const DEFAULT_TIMEOUT_SECS: u32 = 30;
const MAX_TIMEOUT_SECS: u32 = 3600;

/// One entry of `tools.mcp`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct McpServer {
    /// The entry's key: 1 to 32 of the characters `A-Z a-z 0-9 _ -`. It does not begin or end with `_` and
    /// has no two of them in a row, so that `__` can separate it from a tool's name.
    pub name: String,
    /// The way to the server.
    pub transport: McpTransport,
    /// `timeout_secs`, 30 by default: the time for a call, or for the list of the tools with all its pages.
    pub timeout: Duration,
    /// `tools`: the server's names of the tools to offer; `None` for all.
    pub tools: Option<Vec<String>>,
}

/// The way to an MCP server.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum McpTransport {
    /// HTTP.
    Http {
        /// `url`: absolute, http or https, without user info and fragment. Secret, because some servers expect
        /// a key in the query.
        url: Secret,
        /// `headers` and `headers_env`: headers of each request, none of those that the protocol sets.
        headers: Vec<McpVariable>,
    },
    /// A program that is started, and speaks on its standard input and output. WebAssembly hosts have none.
    #[cfg(not(target_family = "wasm"))]
    Stdio {
        /// `command`: the program.
        command: String,
        /// `args`: its arguments.
        args: Vec<String>,
        /// `env` and `env_from`: its environment, apart from the few variables that every program needs.
        env: Vec<McpVariable>,
    },
    /// A program, on a host that cannot start one.
    #[cfg(target_family = "wasm")]
    Unsupported,
}

/// A header or an environment variable for a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct McpVariable {
    /// The name of the header, in lower case, or of the variable.
    pub name: String,
    /// The origin of its value.
    pub source: McpSource,
}

/// The origin of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum McpSource {
    /// The configuration itself.
    Value(Secret),
    /// The environment variable of this name.
    Variable(String),
}

/// Reads `tools.mcp` of a configuration's `root`; no servers if it is absent.
///
/// Fails on invalid names, URLs and headers, and on entries with both `url` and `command`.
pub fn servers(root: Node<'_>) -> Result<Vec<McpServer>, JsonError> {
    let mut servers: Vec<McpServer> = Vec::new();
    let Some(entries) = root.get("tools").and_then(|tools| tools.get("mcp")) else {
        return Ok(servers);
    };
    entries.object()?;
    let Some(members) = entries.as_members() else {
        return Ok(servers);
    };
    for (name, node) in members {
        if servers.len() == MAX_ENTRIES {
            return Err(entries.error("too many servers"));
        }
        if servers.iter().any(|known| known.name == name) {
            return Err(node.error("this server is given twice"));
        }
        servers.push(server(name, node)?);
    }
    Ok(servers)
}

fn server(name: &str, node: Node<'_>) -> Result<McpServer, JsonError> {
    node.object()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let part = |part: &str| !part.is_empty() && part.bytes().all(plain);
    if name.len() > MAX_NAME || !name.pieces(b'_').all(part) {
        return Err(node.error(
            "a server's name has up to 32 letters, digits, `-` and single `_`, which neither begin nor end it",
        ));
    }
    Ok(McpServer {
        name: name.to_owned(),
        transport: transport(node)?,
        timeout: Duration::from_secs(
            whole_or(node, "timeout_secs", 1, MAX_TIMEOUT_SECS, DEFAULT_TIMEOUT_SECS)?.into(),
        ),
        tools: node.get("tools").map(texts).transpose()?,
    })
}

fn transport(node: Node<'_>) -> Result<McpTransport, JsonError> {
    if let Some(command) = node.get("command") {
        if let Some(url) = node.get("url") {
            return Err(url.error("a server has either a `url` or a `command`"));
        }
        return stdio(node, command);
    }
    let url = node.require("url")?;
    let mut headers = Vec::new();
    entries(node, "headers", &mut headers, header, header_value)?;
    entries(node, "headers_env", &mut headers, header, from_variable)?;
    Ok(McpTransport::Http {
        url: Secret::new(absolute_url(url, url.text()?, true, "`headers_env`")?),
        headers,
    })
}

#[cfg(target_family = "wasm")]
fn stdio(_: Node<'_>, _: Node<'_>) -> Result<McpTransport, JsonError> {
    Ok(McpTransport::Unsupported)
}

#[cfg(not(target_family = "wasm"))]
fn stdio(node: Node<'_>, command: Node<'_>) -> Result<McpTransport, JsonError> {
    let mut env = Vec::new();
    entries(node, "env", &mut env, environment_name, environment_value)?;
    for name in node
        .get("env_from")
        .map(Node::items)
        .transpose()?
        .into_iter()
        .flatten()
    {
        let variable = variable(name)?;
        add(&mut env, name, variable.clone(), McpSource::Variable(variable))?;
    }
    Ok(McpTransport::Stdio {
        command: filled(command)?.to_owned(),
        args: node.get("args").map(texts).transpose()?.unwrap_or_default(),
        env,
    })
}

/// Reads the object `key`: `name` reads each member's key, and `source` its value.
pub(super) fn entries(
    node: Node<'_>,
    key: &str,
    list: &mut Vec<McpVariable>,
    name: fn(Node<'_>, &str) -> Result<String, JsonError>,
    source: fn(Node<'_>) -> Result<McpSource, JsonError>,
) -> Result<(), JsonError> {
    let Some(object) = node.get(key) else {
        return Ok(());
    };
    object.object()?;
    let Some(members) = object.as_members() else {
        return Ok(());
    };
    for (member, value) in members {
        add(list, value, name(value, member)?, source(value)?)?;
    }
    Ok(())
}

/// Adds an entry. The list is short, so it is simply searched for another one of that name.
fn add(
    list: &mut Vec<McpVariable>,
    node: Node<'_>,
    name: String,
    source: McpSource,
) -> Result<(), JsonError> {
    if list.len() == MAX_ENTRIES {
        return Err(node.error("too many entries"));
    }
    if list.iter().any(|known| known.name == name) {
        return Err(node.error(join!("`", &name, "` is given twice")));
    }
    list.push(McpVariable { name, source });
    Ok(())
}

/// Reads the name of a header that is not one of the protocol's or the transport's own.
fn header(node: Node<'_>, name: &str) -> Result<String, JsonError> {
    const OWN: [&str; 9] = [
        "accept",
        "accept-encoding",
        "connection",
        "content-length",
        "content-type",
        "host",
        "te",
        "transfer-encoding",
        "user-agent",
    ];
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err(node.error("this is not the name of a header"));
    }
    let name = name.to_ascii_lowercase();
    if name.starts_with("mcp-") || OWN.contains(&name.as_str()) {
        return Err(node.error("this header cannot be configured, because the protocol sets it"));
    }
    Ok(name)
}

/// Returns whether a header's name may hold `byte`.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

pub(super) fn header_value(node: Node<'_>) -> Result<McpSource, JsonError> {
    let value = filled(node)?;
    if value.bytes().any(|byte| !matches!(byte, b' '..=b'~')) {
        return Err(node.error("a header's value has printable ASCII characters only"));
    }
    Ok(McpSource::Value(Secret::new(value)))
}

pub(super) fn from_variable(node: Node<'_>) -> Result<McpSource, JsonError> {
    Ok(McpSource::Variable(variable(node)?))
}

#[cfg(not(target_family = "wasm"))]
fn environment_name(node: Node<'_>, name: &str) -> Result<String, JsonError> {
    if name.is_empty() || name.contains(['=', '\0']) {
        return Err(node.error("this is not the name of an environment variable"));
    }
    Ok(name.to_owned())
}

#[cfg(not(target_family = "wasm"))]
fn environment_value(node: Node<'_>) -> Result<McpSource, JsonError> {
    Ok(McpSource::Value(Secret::new(text(node)?)))
}

fn texts(node: Node<'_>) -> Result<Vec<String>, JsonError> {
    let mut texts = Vec::new();
    for item in node.items()? {
        texts.push(text(item)?);
    }
    Ok(texts)
}

/// Reads a string that a program can take as an argument.
fn text(node: Node<'_>) -> Result<String, JsonError> {
    match node.text()? {
        text if text.bytes().any(|byte| byte == 0) => Err(node.error("holds a NUL character")),
        text => Ok(text.to_owned()),
    }
}
