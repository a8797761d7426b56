//! Recognises servers that reject an option of clawft's own choice.

use clawft_types::{Kind, Provider, config::Rejected};

/// Returns the option of a request that a response with status 400 or 422 rejects: its body names an option
/// that the request had, without repeating the request.
pub(crate) fn option(provider: &Provider, body: &[u8]) -> Option<u8> {
    let rejected = &provider.rejected;
    if !provider.stream || rejected.has(Rejected::STREAM) {
        return None;
    }
    let usage = provider.kind == Kind::OpenAi && !rejected.has(Rejected::USAGE);
    if usage && (names(body, b"stream_options", false) || names(body, b"include_usage", false)) {
        return Some(Rejected::USAGE);
    }
    names(body, b"stream", true).then_some(Rejected::STREAM)
}

/// Returns whether a response with status 400 or 422 is about the reasoning of earlier messages. DeepSeek's and
/// Moonshot's servers miss it after calls of another provider's model, and servers of strict providers reject it.
pub(crate) fn is_about_reasoning(body: &[u8]) -> bool {
    names(body, b"reasoning_content", false)
}

/// Returns whether `body` holds the whole word `name`, but not as the key of an object, as where a server
/// repeats the request. Counts it only in quotes if `quoted`.
fn names(body: &[u8], name: &[u8], quoted: bool) -> bool {
    let is_quote = |byte: &u8| b"'\"`".contains(byte);
    let in_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    body.windows(name.len()).enumerate().any(|(at, window)| {
        if window != name {
            return false;
        }
        let before = at.checked_sub(1).and_then(|at| body.get(at));
        let after = body.get(at + name.len()..).unwrap_or_default();
        if after.first().is_some_and(in_word) || before.is_some_and(in_word) {
            return false;
        }
        let after = after.strip_prefix(b"\\").unwrap_or(after);
        let is_key = after
            .split_first()
            .is_some_and(|(first, rest)| is_quote(first) && rest.trim_ascii_start().starts_with(b":"));
        !is_key && (!quoted || before.is_some_and(is_quote))
    })
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn finds_rejected_options_only() {
        for (body, usage, stream) in [
            (
                "Unrecognized request argument supplied: stream_options",
                true,
                false,
            ),
            (
                r#"{"detail":[{"loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]}"#,
                true,
                false,
            ),
            ("stream_options: Extra inputs are not permitted", true, false),
            (r#"{"input":{"stream_options":{},"stream": true}}"#, false, false),
            (
                r#"{"msg":"{\"stream_options\":{},'stream': True}"}"#,
                false,
                false,
            ),
            (r#"{"param":"stream","code":"unsupported_value"}"#, false, true),
            ("the upstream failed, no stream, my_stream_options", false, false),
            ("'stream' is not supported", false, true),
        ] {
            let found = |name: &str, quoted| names(body.as_bytes(), name.as_bytes(), quoted);
            assert_eq!(
                (found("stream_options", false), found("stream", true)),
                (usage, stream),
                "{body}"
            );
        }
    }
}
