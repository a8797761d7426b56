//! Providers that send no answer, half of one, or an error in its place with a status of success.

use serde_json::{Value, json};

use crate::{
    client::{Request, Response},
    context::{GatewayOptions, TestContext},
    upstream::{EVENTS, GivenProvider, Part},
};

const COMPLETION: &str = r#"{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}]}"#;

const DELTAS: &str = concat!(
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"Hel\"},\"finish_reason\":null}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"say \\\"finish_reason\\\":\\\"\\\"\"}}]}\n\n",
);

const FINISH: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\" : \"stop\"}]}\n\n";

const MESSAGE_START: &str = concat!(
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m1\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[],\"stop_reason\":null,\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}}\n\n",
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
);

const CHAT: &str = "/v1/chat/completions";
const MESSAGES: &str = "/v1/messages";
const RESPONSES: &str = "/v1/responses";
const PATHS: [&str; 3] = [CHAT, MESSAGES, RESPONSES];

fn gateway(given: &GivenProvider, kind: &str) -> TestContext {
    let options = GatewayOptions::given(given);
    options.provider(json!({ "kind": kind, "retries": 0 })).start()
}

fn ask(context: &TestContext, path: &str, stream: bool) -> Response {
    let mut body = json!({ "model": "m", "max_tokens": 9, "stream": stream });
    if path == RESPONSES {
        body = json!({ "model": "m", "input": "hi", "stream": stream });
    } else {
        body["messages"] = json!([{ "role": "user", "content": "hi" }]);
    }
    context.send(Request::post(path, &body.to_string()))
}

fn is_json(answer: &Response) -> bool {
    answer
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("application/json"))
}

#[test]
fn error_in_place_of_first_event_is_status() {
    let overloaded = r#"{"error":{"message":"too busy","type":"server_error","code":503}}"#;
    let comments = format!(": waiting\n\n:\n\ndata: {overloaded}\n\n");
    let cases = [
        ("openai", format!("data: {overloaded}\n\n"), 503, "too busy"),
        ("openai", comments, 503, "too busy"),
        ("openai", format!("data: {overloaded}"), 503, "too busy"),
        (
            "openai",
            "data: {\"object\":\"error\",\"message\":\"too long\",\"type\":\"BadRequestError\",\"code\":400}\n\ndata: [DONE]\n\n".to_owned(),
            400,
            "too long",
        ),
        ("openai", String::new(), 502, "broke off"),
        ("openai", "data: [DONE]\n\n".to_owned(), 502, "broke off"),
        (
            "anthropic",
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"too busy\"}}\n\n".to_owned(),
            529,
            "too busy",
        ),
    ];
    for (kind, events, status, message) in cases {
        for (path, stream) in PATHS.iter().flat_map(|path| [(*path, true), (*path, false)]) {
            let context = gateway(&GivenProvider::events(&events), kind);
            let answer = ask(&context, path, stream);
            // Both companies have names of their own for a server without capacity.
            let same = |status: u16| if status == 529 { 503 } else { status };
            let found = (same(answer.status), is_json(&answer));
            assert_eq!(found, (same(status), true), "{path} {stream} {events}");
            let text = answer.text();
            assert!(text.contains(message), "{path} {stream}: {text}");
        }
    }
}

#[test]
fn asks_next_provider_after_error_in_answers_place() {
    let error = r#"{"error":{"message":"too busy","type":"server_error","code":503}}"#;
    for first in [
        GivenProvider::events(&format!("data: {error}\n\n")),
        GivenProvider::events(""),
        GivenProvider::whole(200, "", error),
        GivenProvider::whole(200, "", r#"{"detail":"too busy"}"#),
        GivenProvider::whole(200, "", r#"{"object":"error","message":"too busy","code":503}"#),
    ] {
        let second = GivenProvider::whole(200, "", COMPLETION);
        let options = GatewayOptions::given(&first).other("second", &second);
        let models = json!({ "models": { "m": ["openai/m", "second/m"] } });
        let context = options.gateway(models).start();
        for stream in [true, false] {
            let answer = ask(&context, CHAT, stream);
            assert_eq!(
                (answer.status, answer.header("x-clawft-provider")),
                (200, Some("second"))
            );
            assert!(answer.text().contains("Hello"));
        }
    }
}

#[test]
fn stream_that_ends_early_ends_with_an_error() {
    let half = format!("{DELTAS}data: {{\"choices\":[{{\"delta\"");
    let unended = DELTAS.trim_end_matches('\n');
    for (kind, path, events, passed) in [
        ("openai", CHAT, DELTAS, DELTAS),
        ("openai", CHAT, &half, DELTAS),
        ("openai", CHAT, &format!("{unended}\n"), DELTAS),
        ("anthropic", MESSAGES, MESSAGE_START, MESSAGE_START),
    ] {
        let context = gateway(&GivenProvider::events(events), kind);
        let text = ask(&context, path, true).text();
        let rest = text.strip_prefix(passed).expect(&text);
        let data = rest.trim().lines().last().expect("an event");
        let error: Value = serde_json::from_str(data.strip_prefix("data: ").expect(rest)).expect("JSON");
        let message = error["error"]["message"].as_str().expect("a message");
        assert!(message.contains("broke off"), "{message}");
        let metrics = context.send(Request::get("/metrics")).text();
        assert!(metrics.contains("clawft_incomplete_total 1"), "{metrics}");
    }
}

#[test]
fn complete_stream_stays_as_it_is() {
    let error = "data: {\"error\":{\"message\":\"melted\"}}\n\n";
    for (kind, path, events) in [
        ("openai", CHAT, format!("{DELTAS}{FINISH}data: [DONE]\n\n")),
        ("openai", CHAT, format!("{DELTAS}{FINISH}")),
        ("openai", CHAT, format!("{DELTAS}{}", FINISH.trim_end())),
        ("openai", CHAT, format!("{DELTAS}data: [DONE]\n\n")),
        ("openai", CHAT, format!("{DELTAS}data: [DONE]")),
        ("openai", CHAT, format!("{DELTAS}{error}")),
        (
            "anthropic",
            MESSAGES,
            format!(
                "{MESSAGE_START}event: message_delta\ndata: {{\"type\":\"message_delta\",\"delta\":{{\"stop_reason\":\"end_turn\"}}}}\n\n"
            ),
        ),
        (
            "anthropic",
            MESSAGES,
            format!("{MESSAGE_START}event: message_stop\ndata: {{\"type\":\"message_stop\"}}\n\n"),
        ),
        (
            "anthropic",
            MESSAGES,
            format!(
                "{MESSAGE_START}event: error\ndata: {{\"type\":\"error\",\"error\":{{\"type\":\"api_error\",\"message\":\"x\"}}}}\n\n"
            ),
        ),
    ] {
        let context = gateway(&GivenProvider::events(&events), kind);
        assert_eq!(ask(&context, path, true).text(), events);
        // Wherever the bytes of the last events are cut.
        for cut in [1, 9, 30] {
            let (start, rest) = events.split_at(events.len() - cut);
            let pause = Part::Pause(std::time::Duration::from_millis(30));
            let parts = vec![
                Part::Bytes(format!("{EVENTS}{start}")),
                pause,
                Part::Bytes(rest.to_owned()),
            ];
            let context = gateway(&GivenProvider::new(vec![parts]), kind);
            assert_eq!(ask(&context, path, true).text(), events, "{cut}");
        }
    }
}

#[test]
fn answer_of_another_dialect_is_bad_gateway() {
    let message = r#"{"type":"message","content":[{"type":"text","text":"Hello"}]}"#;
    for (kind, path, body) in [
        ("anthropic", CHAT, COMPLETION),
        ("anthropic", RESPONSES, COMPLETION),
        ("openai", MESSAGES, message),
        ("openai", RESPONSES, message),
    ] {
        for stream in [true, false] {
            let context = gateway(&GivenProvider::whole(200, "", body), kind);
            let answer = ask(&context, path, stream);
            assert_eq!((answer.status, is_json(&answer)), (502, true), "{path} {stream}");
            let text = answer.text();
            assert!(text.contains("check `api_base` and `kind`"), "{text}");
        }
    }
}

#[test]
fn failure_of_provider_is_none_of_gateway() {
    for (kind, events) in [("openai", DELTAS), ("anthropic", MESSAGE_START)] {
        for path in PATHS {
            let context = gateway(&GivenProvider::events(events), kind);
            let answer = ask(&context, path, false);
            assert_eq!((answer.status, is_json(&answer)), (502, true), "{kind} {path}");
        }
    }
}

#[test]
fn leaves_out_byte_order_mark_of_an_answer() {
    for path in PATHS {
        let body = format!("\u{feff}{COMPLETION}");
        let context = gateway(&GivenProvider::whole(200, "", &body), "openai");
        for stream in [true, false] {
            let answer = ask(&context, path, stream);
            assert_eq!(answer.status, 200);
            let text = answer.text();
            assert!(text.contains("Hello") && !text.starts_with('\u{feff}'), "{text}");
        }
    }
}

#[test]
fn late_error_keeps_its_members() {
    let body = "{\"error\": {\"message\": \"slow down\",\n\"type\":\"rate_limit\",\"param\":null,\"code\":\"rate_limit_exceeded\"}}";
    let parts = vec![Part::Hold, GivenProvider::answer(400, "", body)];
    let given = GivenProvider::new(vec![parts]);
    let context = gateway(&given, "openai");
    let mut answer = ask(&context, CHAT, true);
    assert_eq!(answer.some_events(), ": waiting for the model\n\n");
    given.release();
    let text = answer.text();
    let data = text.trim().strip_prefix("data: ").expect("an event");
    let [found, expected]: [Value; 2] = [data, body].map(|text| serde_json::from_str(text).expect("JSON"));
    assert_eq!(found, expected);
}

#[test]
fn failure_within_a_choice_is_no_complete_answer() {
    let choice = r#"{"index":0,"message":{"role":"assistant","content":"half"},"delta":{"content":"half"},"finish_reason":"error","error":{"code":502,"message":"fell over"}}"#;
    let unexplained = r#"{"index":0,"message":{"content":"half"},"delta":{"content":"half"},"finish_reason":"network_error"}"#;
    for choices in [choice, unexplained, ""] {
        let body = format!(r#"{{"choices":[{choices}]}}"#);
        for path in [MESSAGES, RESPONSES] {
            for stream in [true, false] {
                let context = gateway(&GivenProvider::whole(200, "", &body), "openai");
                let answer = ask(&context, path, stream);
                // On a busy machine a stream may have begun with a comment, and then it ends with the error.
                let late = stream && answer.status == 200;
                let begins = |text: String| text.starts_with(": waiting") && text.contains("event: error\n");
                assert!(
                    answer.status == 502 || late && begins(answer.text()),
                    "{path} {stream} {body}"
                );
            }
            let events = format!("{DELTAS}data: {body}\n\ndata: [DONE]\n\n");
            let context = gateway(&GivenProvider::events(&events), "openai");
            assert_eq!(ask(&context, path, false).status, 502, "{path} {body}");
            let text = ask(&context, path, true).text();
            let completed = ["response.completed", "message_stop"];
            assert!(
                text.contains("error") && !completed.iter().any(|end| text.contains(end)),
                "{text}"
            );
        }
    }
}

#[test]
fn answers_only_passed_on_have_no_limit() {
    let long = format!("{{\"data\":\"{}\"}}", "x".repeat(11_000_000));
    let context = gateway(&GivenProvider::whole(200, "", &long), "openai");
    let body = r#"{"model":"m","input":["x"]}"#;
    let answer = context.send(Request::post("/v1/embeddings", body));
    assert_eq!(answer.header("content-length"), Some(&*long.len().to_string()));
    assert!(answer.text() == long);
    let events = format!("{}{FINISH}", DELTAS.repeat(11_000_000 / DELTAS.len()));
    let context = gateway(&GivenProvider::events(&events), "openai");
    assert!(ask(&context, CHAT, true).text() == events);
    // The text of these events is shorter than they are.
    let text = ask(&context, MESSAGES, true).text();
    assert!(text.ends_with("data: {\"type\":\"message_stop\"}\n\n"));
}
