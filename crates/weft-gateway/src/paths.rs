//! The spellings of a path that clients use for the same thing.

use axum::http::{Uri, uri::PathAndQuery};

/// The first parts of the API's paths, which clients ask for with and without `/v1`.
const API: [&str; 7] = [
    "chat",
    "completions",
    "embeddings",
    "messages",
    "models",
    "responses",
    "sessions",
];

/// Changes a request's path to the one that routes know: without double slashes and without one at its end,
/// and with one `/v1`.
pub(super) fn canonicalize(uri: &mut Uri) {
    let Some(path) = canonical(uri.path()) else { return };
    let text = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = PathAndQuery::try_from(text).ok();
    if let Ok(changed) = Uri::from_parts(parts) {
        *uri = changed;
    }
}

/// Returns the path that routes know; `None` if it is `path` itself.
fn canonical(path: &str) -> Option<String> {
    if is_usual(path) {
        return None;
    }
    let mut parts: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
    let versions = parts.iter().take_while(|part| **part == "v1").count();
    if versions > 1 {
        parts.drain(1..versions);
    } else if parts.first().is_some_and(|first| API.contains(first)) {
        parts.insert(0, "v1");
    }
    let clean = format!("/{}", parts.join("/"));
    (clean != path).then_some(clean)
}

/// Returns whether a path is sure to be the one that routes know: that of most requests.
fn is_usual(path: &str) -> bool {
    let mut parts = path.strip_prefix("/v1/").unwrap_or("/").split('/');
    parts.all(|part| !part.is_empty() && part != "v1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_route_of_every_spelling() {
        for (path, expected) in [
            ("/v1/chat/completions", "/v1/chat/completions"),
            ("/chat/completions", "/v1/chat/completions"),
            ("/v1/chat/completions/", "/v1/chat/completions"),
            ("//v1//chat///completions//", "/v1/chat/completions"),
            ("/v1/v1/messages", "/v1/messages"),
            ("/v1/v1/v1/messages", "/v1/messages"),
            (
                "/messages/count_tokens?beta=true",
                "/v1/messages/count_tokens?beta=true",
            ),
            ("/models?a=//", "/v1/models?a=//"),
            ("/", "/"),
            ("//", "/"),
            ("/healthz/", "/healthz"),
            ("/metrics", "/metrics"),
            ("/v1", "/v1"),
            ("/chatter", "/chatter"),
        ] {
            let mut uri: Uri = path.parse().unwrap();
            canonicalize(&mut uri);
            assert_eq!(uri.to_string(), expected, "{path}");
        }
    }

    #[test]
    fn long_paths_take_linear_time() {
        let path = format!("/{}", "v1/".repeat(5_000));
        let mut uri: Uri = path.parse().unwrap();
        canonicalize(&mut uri);
        assert_eq!(uri.path(), "/v1");
    }
}
