//! From a request's method and path to the scenario that answers it.

use axum::http::{Method, StatusCode};

use crate::Scenario;

/// What every path that is answered ends in.
const ENDPOINT: &str = "/v1/chat/completions";

/// The scenario that `method` and `path` ask for, or the status and the words to refuse them with.
pub(crate) fn find(method: &Method, path: &str) -> Result<Scenario, (StatusCode, String)> {
    let not_found = |why: String| (StatusCode::NOT_FOUND, why);
    let prefix = path
        .strip_suffix(ENDPOINT)
        .and_then(|prefix| prefix.strip_prefix('/'))
        .ok_or_else(|| not_found(format!("`{path}` is not `/<scenario>[/<label>…]{ENDPOINT}`")))?;
    let name = prefix.split('/').next().unwrap_or_default();
    let scenario = name.parse().map_err(|unknown| not_found(format!("{unknown}")))?;
    if method == Method::POST {
        return Ok(scenario);
    }
    Err((StatusCode::METHOD_NOT_ALLOWED, format!("`{method}` is not allowed here, only `POST`")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(method: Method, path: &str) -> StatusCode {
        find(&method, path).expect_err(path).0
    }

    #[test]
    fn the_first_segment_is_the_scenario_and_labels_are_free() {
        for path in ["/silent/v1/chat/completions", "/silent/a label/2/v1/chat/completions"] {
            assert_eq!(find(&Method::POST, path), Ok(Scenario::Silent));
        }
    }

    #[test]
    fn other_requests_are_refused() {
        for path in ["/", "", "/ok", "/v1/chat/completions", "/loud/v1/chat/completions", "/ok/v1/models"] {
            assert_eq!(status(Method::POST, path), StatusCode::NOT_FOUND, "{path}");
        }
        assert_eq!(status(Method::GET, "/ok/v1/chat/completions"), StatusCode::METHOD_NOT_ALLOWED);
    }
}
