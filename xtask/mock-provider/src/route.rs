//! Selection of the protocol and the scenario by a request's method and path.

use crate::{dialect::Dialect, scenario::Scenario};

/// Returns the protocol and the scenario for `method` and `path`, or the status and the message of the
/// refusal.
pub(crate) fn find(method: &str, path: &str) -> Result<(Dialect, Scenario), (u16, String)> {
    let (dialect, prefix) = Dialect::ALL
        .into_iter()
        .find_map(|dialect| Some((dialect, path.strip_suffix(dialect.endpoint())?.strip_prefix('/')?)))
        .ok_or_else(|| {
            (
                404,
                format!("`{path}` is not `/<scenario>[/<label>…]` and an endpoint of a provider"),
            )
        })?;
    let name = prefix.split('/').next().unwrap_or_default();
    let scenario = name.parse().map_err(|unknown| (404, format!("{unknown}")))?;
    if method == "POST" {
        return Ok((dialect, scenario));
    }
    Err((405, format!("`{method}` is not allowed here, only `POST`")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_segment_is_scenario_and_labels_are_free() {
        for path in [
            "/silent/v1/chat/completions",
            "/silent/a label/2/v1/chat/completions",
        ] {
            assert_eq!(find("POST", path), Ok((Dialect::OpenAi, Scenario::Silent)));
        }
        assert_eq!(
            find("POST", "/chaos-7/v1/messages"),
            Ok((Dialect::Anthropic, Scenario::Chaos(7)))
        );
    }

    #[test]
    fn other_requests_are_refused() {
        let status = |method, path| find(method, path).expect_err(path).0;
        for path in [
            "/",
            "",
            "/ok",
            "/v1/chat/completions",
            "/loud/v1/chat/completions",
            "/ok/v1/models",
        ] {
            assert_eq!(status("POST", path), 404, "{path}");
        }
        assert_eq!(status("GET", "/ok/v1/chat/completions"), 405);
    }
}
