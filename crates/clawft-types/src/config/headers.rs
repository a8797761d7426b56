//! `headers`, `headers_env` and `auth`.

use alloc::{borrow::ToOwned as _, string::String, vec::Vec};

use super::{
    Auth, Kind, Preset,
    mcp::{self, McpVariable},
};
use crate::json::{JsonError, Node};

/// Parts of the names of headers and parameters whose values are secret.
const SECRET_NAMES: [&str; 6] = ["auth", "key", "token", "secret", "cookie", "passw"];

/// Returns whether the name of a header, a parameter or a field says that its value is secret.
pub fn is_secret_name(name: &str) -> bool {
    let holds = |part: &&str| {
        let mut windows = name.as_bytes().windows(part.len());
        windows.any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
    };
    SECRET_NAMES.iter().any(holds)
}

/// Adds the `headers` and `headers_env` of a provider.
pub(super) fn headers(provider: Node<'_>, headers: &mut Vec<McpVariable>) -> Result<(), JsonError> {
    mcp::entries(provider, "headers", headers, name, mcp::header_value)?;
    mcp::entries(provider, "headers_env", headers, name, mcp::from_variable)
}

/// Reads `auth`: `bearer`, `none`, or the name of a header, which can also be given as `{"header": NAME}`.
pub(super) fn auth(provider: Node<'_>, preset: &Preset) -> Result<Auth, JsonError> {
    let Some(node) = provider.get("auth") else {
        return Ok(match preset.kind {
            Kind::Anthropic => Auth::Header("x-api-key".to_owned()),
            Kind::OpenAi if preset.is_azure() => Auth::Header("api-key".to_owned()),
            Kind::OpenAi => Auth::Bearer,
        });
    };
    match node.as_text() {
        Some(text) if text.eq_ignore_ascii_case("bearer") => Ok(Auth::Bearer),
        Some(text) if text.eq_ignore_ascii_case("none") => Ok(Auth::None),
        Some(text) => Ok(Auth::Header(name(node, text)?)),
        None => {
            let header = node.require("header")?;
            Ok(Auth::Header(name(header, header.text()?)?))
        }
    }
}

/// Reads the name of a header, in lower case. An error is reported at `node`.
fn name(node: Node<'_>, name: &str) -> Result<String, JsonError> {
    let name = name.to_ascii_lowercase();
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if name.is_empty() || !name.bytes().all(token) {
        return Err(node.error("this is not the name of a header"));
    }
    // These say how the body is sent, which clawft and its host decide.
    if name == "content-length" || name == "transfer-encoding" {
        return Err(node.error("this header cannot be configured"));
    }
    Ok(name)
}
