//! Several providers behind one gateway.

use serde_json::{Value, json};

use crate::{
    client::Request,
    context::{GatewayOptions, TestContext},
    upstream::{GivenProvider, Part},
};

const OK: &str = r#"{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#;

fn ask(context: &TestContext, model: &str, stream: bool) -> crate::client::Response {
    let body = json!({ "model": model, "messages": [], "stream": stream });
    context.send(Request::chat(&body))
}

fn asked_model(given: &GivenProvider, at: usize) -> Value {
    serde_json::from_str::<Value>(&given.sent()[at].body).expect("JSON")["model"].clone()
}

fn ids(context: &TestContext) -> Vec<String> {
    let list = context.send(Request::get("/v1/models")).json();
    let models = list["data"].as_array().expect("a list");
    models
        .iter()
        .map(|model| model["id"].as_str().expect("an id").to_owned())
        .collect()
}

#[test]
fn names_lead_to_their_providers() {
    let (first, second) = (
        GivenProvider::whole(200, "", OK),
        GivenProvider::whole(200, "", OK),
    );
    let context = GatewayOptions::given(&first)
        .other("second", &second)
        .gateway(json!({ "models": { "best": "second/large" } }))
        .start();
    for (model, provider, expected) in [
        ("best", "second", "large"),
        ("second/team/m", "second", "team/m"),
        ("openai/m", "openai", "m"),
        ("anything", "openai", "anything"),
    ] {
        let answer = ask(&context, model, false);
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("x-clawft-provider"), Some(provider), "{model}");
        assert_eq!(answer.header("x-clawft-model"), Some(expected));
    }
    let keys = second
        .sent()
        .iter()
        .filter(|sent| sent.header("authorization").is_some())
        .count();
    assert_eq!(keys, 0, "each provider gets its own key");
}

#[test]
fn next_provider_answers_where_one_fails() {
    let busy = r#"{"error":{"message":"busy"}}"#;
    let broken = vec![Part::Bytes(
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".to_owned(),
    )];
    for failing in [
        GivenProvider::whole(429, "retry-after: 60\r\n", busy),
        GivenProvider::whole(500, "", busy),
        GivenProvider::whole(401, "", busy),
        GivenProvider::new(vec![broken]),
        GivenProvider::new(vec![vec![Part::Hold]]),
    ] {
        let second = GivenProvider::whole(200, "", OK);
        let context = GatewayOptions::given(&failing)
            .other("second", &second)
            .timeout(1)
            .gateway(json!({ "models": { "m": ["openai/a", "second/b"] } }))
            .start();
        let answer = ask(&context, "m", false);
        assert_eq!(
            (answer.status, answer.header("x-clawft-provider")),
            (200, Some("second"))
        );
        assert_eq!(asked_model(&second, 0), "b");
        assert_eq!(answer.text(), OK);
    }
}

#[test]
fn error_about_the_request_is_final() {
    let failing = GivenProvider::whole(400, "", r#"{"error":{"message":"no"}}"#);
    let second = GivenProvider::whole(200, "", OK);
    let context = GatewayOptions::given(&failing)
        .other("second", &second)
        .gateway(json!({ "models": { "m": ["openai/a", "second/b"] } }))
        .start();
    assert_eq!(ask(&context, "m", true).status, 400);
    assert!(second.sent().is_empty());
}

#[test]
fn provider_that_asks_to_wait_is_left_alone() {
    let busy = GivenProvider::whole(429, "retry-after: 60\r\n", r#"{"error":{"message":"busy"}}"#);
    let second = GivenProvider::whole(200, "", OK);
    let context = GatewayOptions::given(&busy)
        .other("second", &second)
        .gateway(json!({ "models": { "m": ["openai/a", "second/b"] } }))
        .start();
    for _ in 0..3 {
        assert_eq!(ask(&context, "m", false).status, 200);
    }
    assert_eq!((busy.sent().len(), second.sent().len()), (1, 3));
}

#[test]
fn models_of_all_providers_are_listed() {
    let list = |id: &str| format!(r#"{{"object":"list","data":[{{"id":"{id}"}},{{"id":"test-model"}}]}}"#);
    let first = GivenProvider::whole(200, "", &list("one"));
    let second = GivenProvider::whole(200, "", &list("two"));
    let failing = GivenProvider::whole(500, "", "{}");
    let context = GatewayOptions::given(&first)
        .other("second", &second)
        .other("third", &failing)
        .gateway(json!({ "models": { "best": "second/two" } }))
        .start();
    let expected = [
        "test-model",
        "clawft",
        "best",
        "one",
        "second/two",
        "second/test-model",
    ];
    assert_eq!(ids(&context), expected);
    assert_eq!(ids(&context), expected);
    assert_eq!(first.sent().len(), 1, "the answer is kept");
    assert_eq!(
        context.send(Request::get("/v1/models/second/two")).json()["owned_by"],
        "second"
    );
    assert_eq!(context.send(Request::get("/v1/models/three")).status, 404);
    // A name that only one of them offers needs no prefix.
    let answer = ask(&context, "two", false);
    assert_eq!(answer.header("x-clawft-provider"), Some("second"));
}

#[test]
fn agent_uses_the_mapped_model_in_a_session() {
    let first = GivenProvider::whole(200, "", OK);
    let second = GivenProvider::whole(200, "", r#"{"choices":[{"message":{"content":"hi"}}]}"#);
    let context = GatewayOptions::given(&first)
        .other("second", &second)
        .gateway(json!({ "models": { "best": "second/large" } }))
        .start();
    let body = json!({ "model": "best", "messages": [{ "role": "user", "content": "x" }] });
    let answer = context.send(Request::chat(&body).header("x-clawft-session", "s"));
    assert_eq!(answer.json()["model"], "large");
    assert_eq!(asked_model(&second, 0), "large");
}

#[test]
fn only_providers_with_the_path_are_asked() {
    let anthropic = GivenProvider::whole(200, "", r#"{"input_tokens":42}"#);
    let openai = GivenProvider::whole(200, "", r#"{"data":[]}"#);
    let context = GatewayOptions::given(&openai)
        .anthropic("claude", &anthropic)
        .gateway(json!({ "models": { "m": ["claude/a", "openai/b"], "n": ["openai/b", "claude/a"] } }))
        .start();
    for model in ["m", "n"] {
        for (path, provider) in [
            ("/v1/embeddings", "openai"),
            ("/v1/completions", "openai"),
            ("/v1/messages/count_tokens", "claude"),
        ] {
            let body = json!({ "model": model, "input": "x", "messages": [] });
            let answer = context.send(Request::post(path, &body.to_string()));
            assert_eq!(
                (answer.status, answer.header("x-clawft-provider")),
                (200, Some(provider)),
                "{path}"
            );
        }
    }
    for (model, message) in [
        ("claude/a", "the provider of `a`"),
        ("clawft", "the agent, `clawft`,"),
    ] {
        let body = json!({ "model": model, "input": "x" });
        let answer = context.send(Request::post("/v1/embeddings", &body.to_string()));
        let status = answer.status;
        assert!(status == 404 && answer.text().contains(message), "{model}");
    }
}

#[test]
fn provider_of_same_dialect_gets_what_others_cannot() {
    let openai = GivenProvider::whole(200, "", OK);
    let anthropic = GivenProvider::whole(200, "", "{}");
    let context = GatewayOptions::given(&openai)
        .anthropic("claude", &anthropic)
        .gateway(json!({ "models": { "m": ["openai/b", "claude/a"] } }))
        .start();
    // This is no chat completion for a translation.
    let body = json!({ "model": "m", "messages": "own", "x": 1 });
    let answer = context.send(Request::chat(&body));
    assert_eq!(
        (answer.status, answer.header("x-clawft-provider")),
        (200, Some("openai"))
    );
    assert!(anthropic.sent().is_empty());
}
