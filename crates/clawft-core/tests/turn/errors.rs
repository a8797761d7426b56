//! All failures, with the messages that the user reads.

use std::time::Duration;

use clawft_core::{Event, Step, TimeLimit, TransportError, TurnError};

use crate::common::{AT, KEY, NOW, answer, anthropic, begin, config, error, unreachable};

fn text(status: u16, body: &str) -> String {
    error(status, body.as_bytes()).to_string()
}

fn broken(cause: TransportError) -> String {
    let config = config("", r#","retries":0"#);
    let (mut turn, _) = begin(&config);
    match turn.feed(Event::Failed(cause), NOW) {
        Step::Failed(error) => error.to_string(),
        step => panic!("{step:?}"),
    }
}

#[test]
fn reports_transport_errors_with_their_cause() {
    assert_eq!(
        broken(TransportError::Unavailable("connection refused".to_owned())),
        unreachable("HTTP unavailable: connection refused")
    );
    let timed_out = |after, limit| broken(TransportError::TimedOut { after, limit });
    let end = &format!("; {AT}, check `timeout_secs` and the server");
    for (millis, limit, shown) in [
        (30_000, TimeLimit::FirstByte, "30 s"),
        (1050, TimeLimit::FirstByte, "1.050 s"),
        (
            60_000,
            TimeLimit::Idle,
            "60 s without a byte of the answer (`idle_timeout_secs`)",
        ),
        (600_000, TimeLimit::Total, "600 s (`total_timeout_secs`)"),
    ] {
        let said = timed_out(Duration::from_millis(millis), limit);
        assert!(
            said.starts_with(&["Request timed out after ", shown, "; ", AT].concat()),
            "{said}"
        );
        assert_eq!(said.ends_with(end), limit == TimeLimit::FirstByte, "{said}");
    }
}

#[test]
fn failure_in_mid_body_ends_the_turn() {
    let config = config("", r#","retries":0"#);
    let (mut turn, _) = begin(&config);
    turn.feed(
        Event::Head {
            status: 200,
            headers: &[],
        },
        NOW,
    );
    turn.feed(Event::Body(b"{"), NOW);
    let cause = TransportError::Unavailable("connection reset".to_owned());
    assert!(matches!(
        turn.feed(Event::Failed(cause), NOW),
        Step::Failed(TurnError::Transport { .. })
    ));
}

#[test]
fn reports_a_refused_key() {
    let body = include_str!("../../../clawft-types/tests/fixtures/openai-invalid-key.json");
    assert_eq!(
        text(401, body),
        "Invalid API key: provider `openai` at `api.openai.com/v1/chat/completions` answered 401, the key was read from the variable `OPENAI_API_KEY`: \
         Incorrect API key provided: *** You can find your API key at https://platform.openai.com/account/api-keys."
    );
}

#[test]
fn names_the_origin_of_a_refused_key() {
    for (provider, source) in [
        (
            r#"{"api_key":"abc"}"#,
            "the key was read from `api_key` in the config",
        ),
        (
            r#"{"auth":"none"}"#,
            "no key was sent: give `api_key_env` or `api_key` in the config",
        ),
    ] {
        let text =
            format!(r#"{{"agents":{{"model":"m"}},"providers":{{"providers":{{"openai":{provider}}}}}}}"#);
        let config = clawft_types::Config::parse("c", text.as_bytes()).unwrap();
        let (mut turn, _) = begin(&config);
        let Step::Failed(error) = answer(&mut turn, 401, &[], b"bad key: abc") else {
            panic!()
        };
        let shown = error.to_string();
        assert!(
            shown.starts_with("Invalid API key: ") && shown.contains(source),
            "{shown}"
        );
        assert!(
            provider.contains("none") || shown.ends_with("bad key: ***"),
            "{shown}"
        );
    }
}

#[test]
fn quotes_the_providers_message() {
    let quota = include_str!("../../../clawft-types/tests/fixtures/openai-quota.json");
    assert_eq!(
        text(429, quota),
        "provider `openai` at `api.openai.com/v1/chat/completions` answered 429, check the limits of the account, or try again later: You exceeded your current quota, please check your plan and billing details. \
         For more information on this error, read the docs: \
         https://platform.openai.com/docs/guides/error-codes/api-errors."
    );
    assert_eq!(
        text(500, r#"{"error":"out of memory"}"#),
        "provider `openai` at `api.openai.com/v1/chat/completions` answered 500, try again later: out of memory"
    );
    assert_eq!(
        text(404, "no such\r\n\x1b[31m page"),
        "provider `openai` at `api.openai.com/v1/chat/completions` answered 404, check `api_base`, to which `/chat/completions` was appended: no such [31m page"
    );
    assert_eq!(
        text(502, "\n<html>Bad gateway</html>"),
        "provider `openai` at `api.openai.com/v1/chat/completions` answered 502, try again later: a web page"
    );
    assert_eq!(
        text(200, r#"{"error":{"message":"upstream"}}"#),
        "provider `openai` at `api.openai.com/v1/chat/completions` sent an error, try again later: upstream"
    );
}

#[test]
fn masks_the_key_wherever_it_is_echoed() {
    for echo in [
        KEY,
        "\"sk-proj-Abc123\"",
        "'...789wxyz'",
        "key=sk-proj-Abc123Def456Ghi789wxyz;",
        "sk-p****wxyz",
    ] {
        for status in [400, 401, 500] {
            let shown = text(
                status,
                &format!(
                    r#"{{"error":{{"message":{}}}}}"#,
                    serde_json::json!(format!("no {echo} here"))
                ),
            );
            assert!(shown.ends_with(": no *** here"), "{shown}");
        }
    }
}

/// Puts the key everywhere that a server can, so that it would be shown.
#[test]
fn no_error_repeats_the_key() {
    let openai = config("", r#","retries":0"#);
    let claude = anthropic("", r#","retries":0"#);
    let quoted = |text: &str| text.replace("KEY", KEY);
    let location = format!("https://{KEY}/");
    for (config, status, headers, body, shown) in [
        (
            &openai,
            200,
            vec![],
            r#"{"error":{"message":"no KEY"}}"#,
            "sent an error, try again later: no ***",
        ),
        (
            &openai,
            200,
            vec![],
            r#"{"error":"no KEY"}"#,
            "sent an error, try again later: no ***",
        ),
        (
            &openai,
            500,
            vec![],
            "no KEY",
            "answered 500, try again later: no ***",
        ),
        (
            &openai,
            200,
            vec![("content-encoding", KEY)],
            "",
            "it is encoded as ***",
        ),
        (
            &openai,
            307,
            vec![("location", location.as_str())],
            "",
            "this one leads to ***",
        ),
        (
            &claude,
            401,
            vec![],
            r#"{"error":{"message":"no KEY"}}"#,
            ": no ***",
        ),
    ] {
        let (mut turn, _) = begin(config);
        let Step::Failed(error) = answer(&mut turn, status, &headers, quoted(body).as_bytes()) else {
            panic!("{body}")
        };
        let words = error.to_string();
        assert!(words.contains(shown) && !words.contains("sk-proj"), "{words}");
    }
}

#[test]
fn streamed_error_hides_the_key() {
    let config = config(r#","stream":true"#, "");
    let (mut turn, _) = begin(&config);
    let headers = [("content-type".to_owned(), "text/event-stream".to_owned())];
    turn.feed(
        Event::Head {
            status: 200,
            headers: &headers,
        },
        NOW,
    );
    let text = b"data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\n";
    assert!(matches!(turn.feed(Event::Body(text), NOW), Step::Delta(_)));
    let error = format!("data: {{\"error\":{{\"message\":\"no {KEY}\"}}}}\n\n");
    let Step::Done(reply) = turn.feed(Event::Body(error.as_bytes()), NOW) else {
        panic!()
    };
    assert_eq!(
        reply.incomplete.as_deref(),
        Some(
            "provider `openai` at `api.openai.com/v1/chat/completions` sent an error, try again later: no ***"
        )
    );
}

#[test]
fn cuts_long_messages_of_providers() {
    let shown = text(400, &"é".repeat(5_000_000));
    assert_eq!(
        shown,
        [
            "provider `openai` at `api.openai.com/v1/chat/completions` answered 400, check the model and its settings under `agents`: ",
            &"é".repeat(300),
            "…"
        ]
        .concat()
    );
    // Cut at the end of a word.
    let shown = text(400, &"ab ".repeat(2000));
    assert_eq!(
        shown,
        [
            "provider `openai` at `api.openai.com/v1/chat/completions` answered 400, check the model and its settings under `agents`: ",
            &"ab ".repeat(100),
            "…"
        ]
        .concat()
    );
    let shown = text(400, &"x abc ".repeat(2000));
    assert!(shown.chars().count() < 430, "{shown}");
}

#[test]
fn reports_responses_that_are_no_completion() {
    let start = "provider `openai` at `api.openai.com/v1/chat/completions` sent something else than a chat completion, check `api_base` and `kind`: ";
    for (body, cause) in [
        ("", "1:0: not JSON, the text is empty"),
        ("\n<html>", "a web page"),
        (
            "<!DOCTYPE html><html><head><title>Sign in - Proxy</title>",
            "Sign in - Proxy",
        ),
        ("{\"choices\":[", "1:12: not JSON, the text ends early"),
        ("{}", "choices: missing"),
        ("3", "expected an object, found a number"),
        (
            r#"{"choices":[{"message":{"content":7}}]}"#,
            "choices.0.message.content: expected a string, found a number",
        ),
    ] {
        assert_eq!(text(200, body), [start, cause].concat(), "{body}");
    }
    let not_utf8 = b"{\"choices\":[{\"message\":{\"content\":\"\xff\"}}]}";
    assert_eq!(
        error(200, not_utf8).to_string(),
        [start, "1:36: not JSON, the text is not UTF-8"].concat()
    );
}

#[test]
fn reports_an_answer_without_text_and_reason() {
    for body in [r#"{"choices":[{"message":{"content":""}}]}"#, r#"{"choices":[]}"#] {
        assert_eq!(
            text(200, body),
            format!("{AT} sent an answer without text, check `model`")
        );
    }
}

#[test]
fn errors_convert_to_boxed_errors() {
    fn fails() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Err(error(500, b""))?
    }
    assert_eq!(
        fails().unwrap_err().to_string(),
        "provider `openai` at `api.openai.com/v1/chat/completions` answered 500, try again later"
    );
}
