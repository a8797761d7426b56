//! The settings of a provider apply to requests that are passed on, as to the agent's.

use serde_json::{Value, json};

use crate::{
    client::{Request, Response},
    context::{GatewayOptions, TestContext},
    upstream::GivenProvider,
};

const ANSWER: &str = r#"{"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}"#;

const MESSAGE: &str = r#"{"id":"m","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1}}"#;

const SETTINGS: &str = r#"{
    "headers": {"x-team": "blue", "anthropic-version": "2099-01-01", "anthropic-beta": "own"},
    "headers_env": {"x-token": "TEAM_TOKEN"},
    "query": {"tenant": "4 2"},
    "extra_body": {"metadata": {"cost-centre": "7"}, "temperature": 0, "top_k": null}
}"#;

fn gateway(given: &GivenProvider, kind: &str) -> TestContext {
    let mut settings: Value = serde_json::from_str(SETTINGS).expect("JSON");
    settings["kind"] = json!(kind);
    let options = GatewayOptions::given(given).provider(settings);
    options.variable("TEAM_TOKEN", "whisper-token").start()
}

fn chat(context: &TestContext, body: &Value) -> Response {
    context.send(Request::post("/v1/chat/completions", &body.to_string()))
}

/// Returns the last request's path and body, after checks of its headers.
fn sent(given: &GivenProvider) -> (String, Value) {
    let sent = given.sent();
    let sent = sent.last().expect("a request");
    for (name, value) in [
        ("x-team", "blue"),
        ("x-token", "whisper-token"),
        ("anthropic-version", "2099-01-01"),
    ] {
        assert_eq!(sent.header(name), Some(value), "{:?}", sent.head);
    }
    let body = match sent.body.as_str() {
        "" => Value::Null,
        body => serde_json::from_str(body).expect("JSON"),
    };
    (sent.head[0].clone(), body)
}

#[test]
fn agent_and_clients_send_the_same_members() {
    let given = GivenProvider::whole(200, "", ANSWER);
    let context = gateway(&given, "openai");
    let path = "POST /v1/chat/completions?tenant=4%202 HTTP/1.1";
    assert_eq!(context.say("hi", false).status, 200);
    let (line, agents) = sent(&given);
    assert_eq!(line, path);
    let ask =
        json!({"model": "m", "temperature": 1, "messages": [], "metadata": {"a": 1}, "unheard_of": [1]});
    assert_eq!(chat(&context, &ask).status, 200);
    let (line, passed) = sent(&given);
    assert_eq!(line, path);
    for body in [&agents, &passed] {
        assert_eq!(body["metadata"], json!({"cost-centre": "7"}));
        assert_eq!(body["temperature"], json!(0));
        assert_eq!(body.get("top_k"), Some(&Value::Null));
    }
    assert_eq!(
        (&passed["model"], &passed["unheard_of"]),
        (&json!("m"), &json!([1]))
    );
}

#[test]
fn translated_requests_have_the_members_too() {
    let given = GivenProvider::whole(200, "", MESSAGE);
    let context = gateway(&given, "anthropic");
    for (path, ask) in [
        ("/v1/messages", json!({"max_tokens": 1, "messages": []})),
        (
            "/v1/chat/completions",
            json!({"messages": [{"role": "user", "content": "hi"}]}),
        ),
        ("/v1/responses", json!({"input": "hi"})),
    ] {
        let answer =
            context.send(Request::post(path, &ask.to_string()).header("anthropic-version", "2000-01-01"));
        assert_eq!(answer.status, 200, "{path}");
        let (line, body) = sent(&given);
        assert_eq!(line, "POST /v1/messages?tenant=4%202 HTTP/1.1");
        assert_eq!(
            (&body["metadata"]["cost-centre"], &body["temperature"]),
            (&json!("7"), &json!(0))
        );
    }
}

#[test]
fn client_adds_to_configured_lists_alone() {
    let given = GivenProvider::whole(200, "", MESSAGE);
    let context = gateway(&given, "anthropic");
    let ask = r#"{"max_tokens":1,"messages":[]}"#;
    context.send(
        Request::post("/v1/messages", ask)
            .header("anthropic-beta", "theirs")
            .header("x-team", "red"),
    );
    let requests = given.sent();
    let head = requests[0].head.iter();
    let lines: Vec<_> = head.filter(|line| line.contains("-beta")).collect();
    assert_eq!(lines, ["anthropic-beta: own", "anthropic-beta: theirs"]);
    sent(&given);
}

#[test]
fn requests_without_answer_of_model_have_no_members() {
    let given = GivenProvider::whole(200, "", r#"{"data":[],"input_tokens":1}"#);
    let context = gateway(&given, "openai");
    let ask = json!({"model": "m", "input": "x"});
    assert_eq!(
        context
            .send(Request::post("/v1/embeddings", &ask.to_string()))
            .status,
        200
    );
    assert_eq!(
        sent(&given),
        ("POST /v1/embeddings?tenant=4%202 HTTP/1.1".to_owned(), ask)
    );
    assert_eq!(context.send(Request::get("/v1/models")).status, 200);
    assert_eq!(sent(&given).0, "GET /v1/models?tenant=4%202 HTTP/1.1");
    let given = GivenProvider::whole(200, "", r#"{"input_tokens":1}"#);
    let context = gateway(&given, "anthropic");
    let ask = json!({"model": "m", "messages": []});
    let answer = context.send(Request::post("/v1/messages/count_tokens", &ask.to_string()));
    assert_eq!(answer.status, 200);
    assert_eq!(sent(&given).1, ask);
}

#[test]
fn members_of_another_provider_stay_with_it() {
    let [first, second] = [(), ()].map(|()| GivenProvider::whole(200, "", ANSWER));
    let options = GatewayOptions::given(&first).provider(json!({"extra_body": {"seed": 1}}));
    let context = options.other("second", &second).start();
    for (model, given, seed) in [("m", &first, json!(1)), ("second/m", &second, json!(2))] {
        assert_eq!(
            chat(&context, &json!({"model": model, "seed": 2, "messages": []})).status,
            200
        );
        let body: Value = serde_json::from_str(&given.sent().last().expect("a request").body).expect("JSON");
        assert_eq!(body, json!({"model": "m", "seed": seed, "messages": []}));
    }
}

#[test]
fn asks_server_without_streams_for_complete_answers() {
    let given = GivenProvider::whole(200, "", ANSWER);
    let options = GatewayOptions::given(&given).provider(json!({"extra_body": {"stream": false}}));
    let context = options.start();
    let ask = json!({"messages": [], "stream": true, "stream_options": {"include_usage": true}});
    let answer = chat(&context, &ask);
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some("text/event-stream"))
    );
    assert!(answer.text().ends_with("data: [DONE]\n\n"));
    let body: Value = serde_json::from_str(&given.sent()[0].body).expect("JSON");
    assert_eq!(
        body,
        json!({"model": "test-model", "messages": [], "stream": false})
    );
}
