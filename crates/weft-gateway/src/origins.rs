//! The origins of pages that may send requests.

use clawft_types::json::{JsonError, Node};

/// The value that stands for every origin.
const ANY: &str = "*";

/// The origins that may send requests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origins(Vec<String>);

impl Origins {
    /// Reads a list of origins, such as `https://app.example`, or `*`.
    pub(super) fn read(node: Node<'_>) -> Result<Origins, JsonError> {
        let origins = node.items()?.map(origin);
        origins.collect::<Result<_, _>>().map(Origins)
    }

    /// Returns whether a page of `origin` may send requests.
    pub(super) fn allow(&self, origin: &str) -> bool {
        self.0.iter().any(|known| known == ANY) || self.names(origin)
    }

    /// Returns whether `origin` is in the list by its own name. Without a token, `*` is not enough: every page
    /// could use the gateway.
    pub(super) fn names(&self, origin: &str) -> bool {
        self.0.iter().any(|known| known == origin)
    }
}

fn origin(node: Node<'_>) -> Result<String, JsonError> {
    let text = node.text()?;
    let rest = text.strip_prefix("https://").or(text.strip_prefix("http://"));
    let host =
        |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/');
    if text == ANY || rest.is_some_and(host) {
        return Ok(text.to_owned());
    }
    Err(node.error("expected an origin, such as `https://app.example`, or `*`"))
}
