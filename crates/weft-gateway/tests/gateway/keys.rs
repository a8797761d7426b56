//! Keys of clients.

use serde_json::json;
use weft_agent::Home;
use weft_gateway::{Administration, NewKey};

use crate::{
    agent::{ask_as_page, asking, call, offered, text, tool_events},
    client::{Request, Response},
    context::{GatewayOptions, TestContext, message},
    upstream::GivenProvider,
};

const OK: &str = r#"{"choices":[{"message":{"content":"hi"}}],"usage":{"prompt_tokens":5,"completion_tokens":6,"total_tokens":11}}"#;

fn store(context: &TestContext) -> Administration {
    let directory = context.file("");
    Administration::open(&Home {
        config: directory.join("config.json"),
        directory,
    })
    .expect("the files")
}

fn add(context: &TestContext, new: NewKey) -> String {
    store(context).add_key(new).expect("a key").expose().to_owned()
}

fn named(name: &str) -> NewKey {
    NewKey {
        name: name.to_owned(),
        ..NewKey::default()
    }
}

/// Starts a gateway with a token, and waits until it looks for keys again.
fn start(given: &GivenProvider) -> TestContext {
    GatewayOptions::given(given)
        .gateway(json!({ "token": "the-gateways-own-token" }))
        .start()
}

/// Sends requests until the gateway has read the keys again.
fn eventually(ask: impl Fn() -> Response, status: u16) -> Response {
    for _ in 0..2000 {
        let answer = ask();
        if answer.status == status {
            return answer;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("never {status}");
}

fn ask(context: &TestContext, key: &str, model: &str) -> Response {
    let body = json!({ "model": model, "messages": [{ "role": "user", "content": "x" }] });
    context.send(Request::chat(&body).header("authorization", &format!("Bearer {key}")))
}

fn list(context: &TestContext, key: &str, path: &str) -> Response {
    context.send(Request::get(path).header("x-api-key", key))
}

#[test]
fn added_key_is_accepted_and_revoked_one_refused() {
    let given = GivenProvider::whole(200, "", OK);
    let context = start(&given);
    let key = add(&context, named("alice"));
    eventually(|| ask(&context, &key, "m"), 200);
    assert_eq!(ask(&context, "sk-weft-another", "m").status, 401);
    assert_eq!(list(&context, &key, "/metrics").status, 403);
    store(&context).revoke_key("alice").expect("it is there");
    eventually(|| ask(&context, &key, "m"), 401);
    assert_eq!(ask(&context, "the-gateways-own-token", "m").status, 200);
    assert!(!context.log().contains(&key));
}

#[test]
fn key_is_limited_in_requests_and_tokens() {
    let given = GivenProvider::whole(200, "x-ratelimit-limit-requests: 9999\r\n", OK);
    let context = start(&given);
    let limited = |name: &str, requests, tokens| NewKey {
        requests_per_minute: requests,
        tokens_per_minute: tokens,
        ..named(name)
    };
    let one = add(&context, limited("one", Some(1), None));
    let few = add(&context, limited("few", None, Some(5)));
    for (key, kind, limit) in [(one, "requests", "1"), (few, "tokens", "5")] {
        let first = eventually(|| ask(&context, &key, "m"), 200);
        assert_eq!(first.header(&format!("x-ratelimit-limit-{kind}")), Some(limit));
        first.text();
        // The tokens are counted when the answer is over.
        let second = eventually(|| ask(&context, &key, "m"), 429);
        assert!(second.header("retry-after").is_some());
        assert_eq!(second.header(&format!("x-ratelimit-remaining-{kind}")), Some("0"));
        assert_eq!(second.json()["error"]["type"], "rate_limit_error");
    }
}

#[test]
fn key_is_limited_to_its_models() {
    let given = GivenProvider::whole(200, "", OK);
    let context = start(&given);
    let models = vec!["small-*".to_owned(), "clawft".to_owned()];
    let key = add(
        &context,
        NewKey {
            models,
            ..named("alice")
        },
    );
    eventually(|| ask(&context, &key, "small-1"), 200);
    assert_eq!(ask(&context, &key, "clawft").status, 200);
    let refused = ask(&context, &key, "large");
    assert_eq!(
        (refused.status, refused.json()["error"]["param"].clone()),
        (403, json!("model"))
    );
    let models = list(&context, &key, "/v1/models").json();
    assert_eq!(models["data"].as_array().map(Vec::len), Some(1), "{models}");
}

#[test]
fn pattern_stands_for_models_under_each_name() {
    let given = GivenProvider::whole(200, "", OK);
    let list_of_models = r#"{"data":[{"id":"one"},{"id":"two"}]}"#;
    let other = GivenProvider::whole(200, "", list_of_models);
    let models = json!({ "quick": "openai/one", "mixed": ["openai/one", "other/two"] });
    let options = GatewayOptions::given(&given).other("other", &other);
    let context = options
        .gateway(json!({ "token": "the-gateways-own-token", "models": models }))
        .start();
    let only = |pattern: &str| NewKey {
        models: vec![pattern.to_owned()],
        ..named(if pattern.starts_with("openai") {
            "alice"
        } else {
            "bob"
        })
    };
    let alice = add(&context, only("openai/*"));
    let bob = add(&context, only("other/*"));
    for (key, model, status) in [
        (&alice, "m", 200),
        (&alice, "openai/m", 200),
        (&alice, "quick", 200),
        (&alice, "mixed", 403),
        (&alice, "other/two", 403),
        (&alice, "two", 403),
        (&alice, "clawft", 403),
        (&bob, "other/two", 200),
        (&bob, "two", 200),
        (&bob, "m", 403),
        (&bob, "quick", 403),
        (&bob, "openai/m", 403),
    ] {
        let answer = eventually(|| ask(&context, key, model), status);
        assert_eq!(answer.status, status, "{model}");
    }
    let in_session = |key: &str, model: &str| {
        let body = json!({ "model": model, "messages": [{ "role": "user", "content": "x" }] });
        let request = Request::chat(&body).header("x-clawft-session", "s");
        context.send(request.header("x-api-key", key)).status
    };
    // There the agent asks its own provider.
    for (key, model, status) in [(&alice, "m", 200), (&bob, "two", 403), (&bob, "m", 403)] {
        assert_eq!(in_session(key, model), status, "{model}");
    }
    let without = Request::post("/v1/chat/completions", r#"{"messages":[]}"#).header("x-api-key", &alice);
    assert_eq!(context.send(without).status, 200);
    let names = |key: &str| {
        let list = list(&context, key, "/v1/models").json();
        let models = list["data"].as_array().expect("a list").clone();
        models
            .iter()
            .map(|model| model["id"].as_str().expect("a name").to_owned())
            .collect::<Vec<_>>()
    };
    let seen = names(&alice);
    assert!(
        seen.contains(&"quick".to_owned()) && !seen.iter().any(|name| name.starts_with("other/")),
        "{seen:?}"
    );
    assert_eq!(names(&bob), ["other/one", "other/two"]);
    let configured = &seen[0];
    for name in [configured.clone(), format!("openai/{configured}")] {
        let found = list(&context, &alice, &format!("/v1/models/{name}"));
        assert_eq!((found.status, &found.json()["id"]), (200, &json!(name)));
    }
    assert_eq!(list(&context, &alice, "/v1/models/other/two").status, 404);
}

#[test]
fn sessions_belong_to_their_key() {
    let given = GivenProvider::whole(200, "", OK);
    let context = start(&given);
    let [one, other] = ["one", "other"].map(|name| add(&context, named(name)));
    eventually(|| ask(&context, &other, "m"), 200);
    let say = |key: &str| {
        let request = Request::chat(&message("hi", false)).header("x-clawft-session", "s");
        context.send(request.header("authorization", &format!("Bearer {key}")))
    };
    assert_eq!(say(&one).status, 200);
    let messages = |key: &str| list(&context, key, "/v1/sessions/s");
    assert_eq!(
        messages(&one).json()["messages"].as_array().map(Vec::len),
        Some(2)
    );
    assert_eq!(messages(&other).status, 404);
    assert_eq!(messages("the-gateways-own-token").status, 404);
    assert_eq!(say(&other).status, 200);
    assert_eq!(
        messages(&other).json()["messages"].as_array().map(Vec::len),
        Some(2)
    );
    let sessions = list(&context, &one, "/v1/sessions").json();
    assert_eq!(sessions["data"].as_array().map(Vec::len), Some(1));
    assert!(context.file("keys/one/sessions/s.json").exists());
    let delete = Request::delete("/v1/sessions/s").header("x-api-key", &other);
    assert_eq!(context.send(delete).status, 200);
    assert_eq!(messages(&one).status, 200);
}

#[test]
fn notes_of_the_agent_belong_to_the_key() {
    let function = json!({"name": "remember", "arguments": r#"{"key":"colour","text":"blue"}"#});
    let message = json!({"tool_calls": [{"id": "c", "type": "function", "function": function}]});
    let call = json!({"choices": [{"message": message, "finish_reason": "tool_calls"}]}).to_string();
    let [call, end] = [call.as_str(), OK].map(|body| vec![GivenProvider::answer(200, "", body)]);
    let given = GivenProvider::new(vec![call, end]);
    let context = GatewayOptions::given(&given)
        .gateway(json!({ "token": "the-gateways-own-token" }))
        .tools(json!({ "notes": true }))
        .start();
    let key = add(&context, named("anna"));
    eventually(|| ask(&context, &key, "clawft"), 200);
    assert!(context.file("keys/anna/notes").exists() && !context.file("notes").exists());
}

#[test]
fn whoever_has_a_key_is_not_asked() {
    let arguments = json!({"key": "colour", "text": "blue"});
    let given = GivenProvider::new(vec![vec![call("remember", &arguments)], vec![text("sorry")]]);
    let context = asking(&given, true);
    let key = add(&context, named("app"));
    let list =
        || context.send(Request::get("/v1/sessions").header("authorization", &format!("Bearer {key}")));
    eventually(list, 200);
    let seen = tool_events(&ask_as_page(&context, Some(&key)).text());
    assert!(seen.iter().all(|event| event["event"] != "question"), "{seen:?}");
    assert_eq!(offered(&given), ["recall"]);
    assert!(!context.file("keys/app/notes").exists() && !context.file("notes").exists());
}
