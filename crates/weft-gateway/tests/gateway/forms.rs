//! Servers that send another form of answer than the client asked for: complete, or a stream.

use serde_json::{Value, json};

use crate::{
    client::{Request, Response},
    context::{GatewayOptions, TestContext},
    upstream::{GivenProvider, Part},
};

const CHAT: &str = r#"{"id":"c1","object":"chat.completion","created":5,"model":"up","x_own":1,"choices":[{"index":0,"message":{"role":"assistant","content":"Hello","reasoning_content":"hm","tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}"#;

const CHUNKS: &str = concat!(
    "data: {\"id\":\"c1\",\"created\":5,\"model\":\"up\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"Hel\"}}]}\n\n",
    "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lo\"},\"finish_reason\":\"stop\"}]}\n\n",
    "data: {\"id\":\"c1\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4,\"total_tokens\":7}}\n\n",
    "data: [DONE]\n\n",
);

const MESSAGE: &str = r#"{"id":"m1","type":"message","role":"assistant","model":"up","content":[{"type":"text","text":"Hello"},{"type":"tool_use","id":"t","name":"f","input":{"a":1}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":4}}"#;

const EVENTS: &str = concat!(
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"up\",\"content\":[],\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}}\n\n",
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hello\"}}\n\n",
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":4}}\n\n",
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
);

/// The paths with a request of each.
const PATHS: [(&str, &str); 3] = [
    (
        "/v1/chat/completions",
        r#"{"model":"m","messages":[{"role":"user","content":"x"}],"stream_options":{"include_usage":true}"#,
    ),
    (
        "/v1/messages",
        r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"x"}]"#,
    ),
    ("/v1/responses", r#"{"model":"m","input":"x""#),
];

fn gateway(given: &GivenProvider, kind: &str) -> TestContext {
    let options = GatewayOptions::given(given);
    options.provider(json!({ "kind": kind, "retries": 0 })).start()
}

fn ask(context: &TestContext, path: &str, stream: bool) -> Response {
    let (_, start) = PATHS.iter().find(|(known, _)| *known == path).expect("a path");
    context.send(Request::post(path, &format!("{start},\"stream\":{stream}}}")))
}

fn answer(kind: &str, content_type: &str, body: &str) -> GivenProvider {
    let head = format!("HTTP/1.1 200 OK\r\n{content_type}connection: close\r\n\r\n");
    assert!(["openai", "anthropic"].contains(&kind));
    GivenProvider::new(vec![vec![Part::Bytes(head + body)]])
}

/// Returns the data of the events of a stream but `[DONE]`.
fn data(text: &str) -> Vec<Value> {
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.filter(|data| *data != "[DONE]")
        .map(|data| serde_json::from_str(data).expect(data))
        .collect()
}

/// Returns the end that a complete stream of this path has.
fn last(path: &str) -> &'static str {
    match path {
        "/v1/chat/completions" => "data: [DONE]\n\n",
        "/v1/messages" => "data: {\"type\":\"message_stop\"}\n\n",
        _ => "}\n\n",
    }
}

#[test]
fn complete_answers_become_streams_of_each_dialect() {
    for (kind, body) in [("openai", CHAT), ("anthropic", MESSAGE)] {
        // Some servers name the type of a stream, which they do not send.
        for content_type in [
            "content-type: application/json\r\n",
            "content-type: text/event-stream\r\n",
            "",
        ] {
            for (path, _) in PATHS {
                let context = gateway(&answer(kind, content_type, body), kind);
                let got = ask(&context, path, true);
                // A stream that began with a comment, because this took a second, has its character set too.
                let media_type = got.header("content-type").expect("a type");
                assert!(
                    got.status == 200 && media_type.starts_with("text/event-stream"),
                    "{media_type}"
                );
                let text = got.text();
                assert!(text.ends_with(last(path)), "{kind} {path}: {text}");
                let events = data(&text);
                assert!(
                    text.contains("Hello") && text.contains("{\\\"a\\\":1}"),
                    "{kind} {path}: {text}"
                );
                let end = events.last().expect("an event");
                let ended = match path {
                    "/v1/chat/completions" => end["usage"]["completion_tokens"] == 4,
                    "/v1/messages" => events[events.len() - 2]["delta"]["stop_reason"] == "tool_use",
                    _ => end["response"]["output"]
                        .as_array()
                        .is_some_and(|output| output.len() >= 2),
                };
                assert!(ended, "{kind} {path}: {text}");
            }
        }
    }
}

#[test]
fn nothing_of_a_chat_completion_is_lost() {
    let context = gateway(
        &answer("openai", "content-type: application/json\r\n", CHAT),
        "openai",
    );
    let events = data(&ask(&context, "/v1/chat/completions", true).text());
    let first = &events[0];
    assert_eq!(
        (&first["x_own"], &first["object"]),
        (&json!(1), &json!("chat.completion.chunk"))
    );
    let delta = &first["choices"][0]["delta"];
    assert_eq!(
        (&delta["content"], &delta["reasoning_content"]),
        (&json!("Hello"), &json!("hm"))
    );
    assert_eq!(delta["tool_calls"][0]["index"], 0);
    assert_eq!(first["choices"][0]["finish_reason"], "tool_calls");
    context.logged("\"prompt_tokens\":3,\"completion_tokens\":4");
}

#[test]
fn streams_become_complete_answers_of_each_dialect() {
    for (kind, body) in [("openai", CHUNKS), ("anthropic", EVENTS)] {
        for content_type in [
            "content-type: text/event-stream\r\n",
            "content-type: application/json\r\n",
            "",
        ] {
            for (path, _) in PATHS {
                let context = gateway(&answer(kind, content_type, body), kind);
                let got = ask(&context, path, false);
                assert_eq!(
                    (got.status, got.header("content-type")),
                    (200, Some("application/json"))
                );
                let got = got.json();
                let (text, output) = match path {
                    "/v1/chat/completions" => (
                        &got["choices"][0]["message"]["content"],
                        &got["usage"]["completion_tokens"],
                    ),
                    "/v1/messages" => (&got["content"][0]["text"], &got["usage"]["output_tokens"]),
                    _ => (
                        &got["output"][0]["content"][0]["text"],
                        &got["usage"]["output_tokens"],
                    ),
                };
                assert_eq!(
                    (text, output),
                    (&json!("Hello"), &json!(4)),
                    "{kind} {path}: {got}"
                );
            }
        }
    }
}

#[test]
fn failure_in_stream_is_status_for_whole_answer() {
    let error = "data: {\"error\":{\"message\":\"no credit left\",\"type\":\"rate_limit_error\"}}\n\n";
    let cut = CHUNKS.split_once("data: [DONE]").expect("an end").0;
    let cut = cut.replace("\"finish_reason\":\"stop\"", "\"finish_reason\":null");
    for (body, status, message) in [
        (error.to_owned(), 429, "no credit left"),
        (cut, 502, "broke off"),
        ("data: {\n\n".to_owned(), 502, "not JSON"),
    ] {
        for (path, _) in PATHS {
            let context = gateway(
                &answer("openai", "content-type: text/event-stream\r\n", &body),
                "openai",
            );
            let got = ask(&context, path, false);
            let code = got.status;
            let text = got.text();
            // A translation has the statuses that all dialects know.
            let code = if path != "/v1/chat/completions" && code == 500 {
                502
            } else {
                code
            };
            assert!(code == status && text.contains(message), "{path}: {code} {text}");
        }
    }
}

#[test]
fn failure_in_a_complete_answer_is_an_event() {
    let body = r#"{"error":{"message":"no credit left","type":"rate_limit_error"}}"#;
    for (path, _) in PATHS {
        let context = gateway(
            &answer("openai", "content-type: application/json\r\n", body),
            "openai",
        );
        let got = ask(&context, path, true);
        let text = got.text();
        assert!(
            text.contains("no credit left") && !text.contains("[DONE]"),
            "{path}: {text}"
        );
    }
}

#[test]
fn asks_next_provider_if_stream_breaks_off() {
    let cut = answer(
        "openai",
        "content-type: text/event-stream\r\n",
        "data: {\"choices\":[]}\n\n",
    );
    let good = GivenProvider::whole(200, "", CHAT);
    let options = GatewayOptions::given(&cut).other("second", &good);
    let context = options
        .gateway(json!({"models": {"m": ["openai/m", "second/m"]}}))
        .start();
    let got = ask(&context, "/v1/chat/completions", false);
    assert_eq!(
        (got.status, got.header("x-clawft-provider")),
        (200, Some("second"))
    );
    assert_eq!(got.text(), CHAT);
}

#[test]
fn slow_complete_answer_keeps_the_stream_alive() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n";
    let (start, rest) = CHAT.split_at(50);
    let parts = vec![
        Part::Bytes(format!("{head}{start}")),
        Part::Hold,
        Part::Bytes(rest.to_owned()),
    ];
    let given = GivenProvider::new(vec![parts]);
    let context = gateway(&given, "openai");
    let mut got = ask(&context, "/v1/chat/completions", true);
    assert_eq!(got.some_events(), ": waiting for the model\n\n");
    given.release();
    assert!(got.text().ends_with("data: [DONE]\n\n"));
}

#[test]
fn embeddings_have_one_form() {
    let given = GivenProvider::whole(200, "", r#"{"data":[]}"#);
    let context = gateway(&given, "openai");
    let got = context.send(Request::post("/v1/embeddings", r#"{"input":"x","stream":true}"#));
    assert_eq!((got.status, got.text().as_str()), (200, r#"{"data":[]}"#));
}

/// A stream of a text's completion, with two choices.
const TEXTS: &str = concat!(
    "data: {\"id\":\"t1\",\"object\":\"text_completion\",\"choices\":[{\"index\":0,\"text\":\"on\",\"logprobs\":{\"tokens\":[\"on\"]}}]}\n\n",
    "data: {\"id\":\"t1\",\"choices\":[{\"index\":1,\"text\":\"two\",\"finish_reason\":\"length\"}]}\n\n",
    "data: {\"id\":\"t1\",\"choices\":[{\"index\":0,\"text\":\"e\",\"logprobs\":{\"tokens\":[\"e\"]},\"finish_reason\":\"stop\"}]}\n\n",
    "data: {\"id\":\"t1\",\"choices\":[],\"usage\":{\"total_tokens\":7}}\n\n",
    "data: [DONE]\n\n",
);

#[test]
fn streamed_completion_of_text_becomes_complete_one() {
    let given = answer("openai", "content-type: text/event-stream\r\n", TEXTS);
    let context = gateway(&given, "openai");
    let got = context.send(Request::post(
        "/v1/completions",
        r#"{"model":"m","prompt":["a","b"]}"#,
    ));
    assert_eq!(
        (got.status, got.header("content-type")),
        (200, Some("application/json"))
    );
    let got = got.json();
    assert_eq!(
        (&got["object"], &got["usage"]["total_tokens"]),
        (&json!("text_completion"), &json!(7))
    );
    let choices: Vec<(&Value, &Value)> = (0..2)
        .map(|at| (&got["choices"][at]["text"], &got["choices"][at]["finish_reason"]))
        .collect();
    assert_eq!(
        choices,
        [(&json!("one"), &json!("stop")), (&json!("two"), &json!("length"))]
    );
    assert_eq!(got["choices"][0]["logprobs"], json!({"tokens": ["on", "e"]}));
}

#[test]
fn keeps_second_choice_and_log_probabilities_of_stream() {
    let chunks = concat!(
        "data: {\"id\":\"c1\",\"system_fingerprint\":\"fp\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"logprobs\":{\"content\":[{\"token\":\"a\"}]},\"finish_reason\":\"stop\"}]}\n\n",
        "data: {\"id\":\"c1\",\"choices\":[{\"index\":1,\"delta\":{\"content\":\"b\"},\"finish_reason\":\"stop\"}]}\n\n",
        "data: [DONE]\n\n",
    );
    let given = answer("openai", "content-type: text/event-stream\r\n", chunks);
    let got = ask(&gateway(&given, "openai"), "/v1/chat/completions", false).json();
    assert_eq!(got["system_fingerprint"], "fp");
    assert_eq!(got["choices"][0]["logprobs"]["content"][0]["token"], "a");
    assert_eq!(got["choices"][1]["message"]["content"], "b");
}

#[test]
fn large_complete_answers_become_streams_of_each_dialect() {
    let long = "y".repeat(2 << 20);
    for (kind, body) in [("openai", CHAT), ("anthropic", MESSAGE)] {
        let body = body.replace("Hello", &long);
        for (path, _) in PATHS {
            let given = answer(kind, "content-type: application/json\r\n", &body);
            let text = ask(&gateway(&given, kind), path, true).text();
            assert!(text.ends_with(last(path)), "{kind} {path}: {}", text.len());
            assert!(text.contains(&long), "{kind} {path}: {}", text.len());
        }
    }
}
