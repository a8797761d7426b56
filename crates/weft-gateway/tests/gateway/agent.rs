//! The agent in the dialects of all clients, and its tools.

use std::fs;

use serde_json::{Value, json};

use crate::{
    client::{Request, Response, events},
    context::{GatewayOptions, TestContext},
    upstream::{EVENTS, GivenProvider, Part},
};

const CHUNKS: &str = concat!(
    "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"Hel\"}}]}\n\n",
    "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lo\"},\"finish_reason\":\"stop\"}]}\n\n",
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":7}}\n\n",
    "data: [DONE]\n\n"
);

/// The paths with a request to the agent of each.
const PATHS: [(&str, &str); 3] = [
    (
        "/v1/chat/completions",
        r#"{"model":"clawft","messages":[{"role":"user","content":"whisper hi"}]"#,
    ),
    (
        "/v1/messages",
        r#"{"model":"clawft","max_tokens":9,"system":"Be kind","messages":[{"role":"user","content":"whisper hi"}]"#,
    ),
    (
        "/v1/responses",
        r#"{"model":"clawft","instructions":"Be kind","input":"whisper hi""#,
    ),
];

fn ask(context: &TestContext, (path, start): (&str, &str), stream: bool) -> Response {
    context.send(Request::post(path, &format!("{start},\"stream\":{stream}}}")))
}

fn sent(given: &GivenProvider) -> Value {
    let sent = given.sent().pop().expect("a request");
    serde_json::from_str(&sent.body).expect("JSON")
}

/// Returns a complete answer that calls a tool.
pub(crate) fn call(name: &str, arguments: &Value) -> Part {
    let function = json!({"name": name, "arguments": arguments.to_string()});
    let message =
        json!({"content": null, "tool_calls": [{"id": "c1", "type": "function", "function": function}]});
    let body = json!({"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]});
    GivenProvider::answer(200, "", &body.to_string())
}

pub(crate) fn text(text: &str) -> Part {
    let choice = json!({"index": 0, "message": {"content": text}, "finish_reason": "stop"});
    GivenProvider::answer(200, "", &json!({"choices": [choice]}).to_string())
}

pub(crate) fn offered(given: &GivenProvider) -> Vec<String> {
    let request: Value = serde_json::from_str(&given.sent()[0].body).expect("JSON");
    let tools = request["tools"].as_array().cloned().unwrap_or_default();
    tools
        .iter()
        .map(|tool| tool["function"]["name"].as_str().expect("a name").to_owned())
        .collect()
}

#[test]
fn answers_completely_in_each_dialect() {
    let given = GivenProvider::events(CHUNKS);
    let context = GatewayOptions::given(&given).start();
    for (path, request) in PATHS {
        let answer = ask(&context, (path, request), false).json();
        let (text, tokens) = match path {
            "/v1/chat/completions" => (
                &answer["choices"][0]["message"]["content"],
                &answer["usage"]["completion_tokens"],
            ),
            "/v1/messages" => (&answer["content"][0]["text"], &answer["usage"]["output_tokens"]),
            _ => (
                &answer["output"][0]["content"][0]["text"],
                &answer["usage"]["output_tokens"],
            ),
        };
        assert_eq!((text, tokens), (&json!("Hello"), &json!(7)), "{path}: {answer}");
        let asked = sent(&given);
        assert_eq!(asked["model"], "test-model");
        if path != "/v1/chat/completions" {
            assert_eq!(
                asked["messages"][0],
                json!({"role": "system", "content": "Be kind"})
            );
        }
    }
}

#[test]
fn streams_in_each_dialect_while_the_model_thinks() {
    for (path, request) in PATHS {
        let parts = vec![Part::Hold, Part::Bytes(format!("{EVENTS}{CHUNKS}"))];
        let given = GivenProvider::new(vec![parts]);
        let context = GatewayOptions::given(&given).start();
        let mut answer = ask(&context, (path, request), true);
        assert_eq!(answer.status, 200);
        assert_eq!(answer.some_events(), ": waiting for the model\n\n", "{path}");
        given.release();
        let text = answer.text();
        let (delta, end) = match path {
            "/v1/chat/completions" => ("\"delta\":{\"content\":\"Hel", "data: [DONE]\n\n"),
            "/v1/messages" => (
                "{\"type\":\"text_delta\",\"text\":\"Hel",
                "data: {\"type\":\"message_stop\"}\n\n",
            ),
            _ => ("event: response.output_text.delta\n", "}\n\n"),
        };
        assert!(text.contains(delta) && text.ends_with(end), "{path}: {text}");
        assert!(
            path != "/v1/responses" || text.contains("\"output_tokens\":7"),
            "{text}"
        );
    }
}

#[test]
fn late_failure_is_an_event_of_each_dialect() {
    for (path, request) in PATHS {
        let refused = GivenProvider::answer(400, "", r#"{"error":{"message":"no such thing"}}"#);
        let given = GivenProvider::new(vec![vec![Part::Hold, refused]]);
        let context = GatewayOptions::given(&given).start();
        let mut answer = ask(&context, (path, request), true);
        assert_eq!(answer.some_events(), ": waiting for the model\n\n");
        given.release();
        let text = answer.text();
        assert!(
            text.contains("no such thing") && !text.contains("[DONE]"),
            "{path}: {text}"
        );
        assert!(
            text.starts_with(if path == "/v1/chat/completions" {
                "data: "
            } else {
                "event: "
            }),
            "{text}"
        );
    }
}

#[test]
fn early_failure_has_a_status_in_each_dialect() {
    let given = GivenProvider::whole(429, "", r#"{"error":{"message":"slow down"}}"#);
    let context = GatewayOptions::given(&given).start();
    for (path, request) in PATHS {
        for stream in [false, true] {
            let answer = ask(&context, (path, request), stream);
            assert_eq!(answer.status, 429);
            let body = answer.json();
            assert_eq!(body["type"] == "error", path == "/v1/messages", "{body}");
        }
    }
}

#[test]
fn sessions_continue_in_each_dialect() {
    let given = GivenProvider::events(CHUNKS);
    let context = GatewayOptions::given(&given).start();
    for (turn, (path, request)) in PATHS.into_iter().enumerate() {
        let body = format!("{request},\"stream\":true}}").replace("\"system\":\"Be kind\",", "");
        let answer = context.send(Request::post(path, &body).header("x-clawft-session", "s"));
        assert_eq!(answer.status, 200);
        answer.text();
        context.session("s", |session| {
            session["messages"]
                .as_array()
                .is_some_and(|all| all.len() == 2 * turn + 2)
        });
    }
}

#[test]
fn response_of_the_agent_is_continued() {
    let given = GivenProvider::events(CHUNKS);
    let context = GatewayOptions::given(&given).start();
    for stream in [false, true] {
        let first = ask(&context, PATHS[2], stream).text();
        let at = first.find("resp_").expect("an identifier");
        let id = &first[at..at + 29];
        let next = json!({"model": "clawft", "input": "whisper more", "previous_response_id": id});
        assert_eq!(
            context
                .send(Request::post("/v1/responses", &next.to_string()))
                .status,
            200
        );
        let roles: Vec<_> = sent(&given)["messages"]
            .as_array()
            .expect("messages")
            .iter()
            .map(|message| message["role"].clone())
            .collect();
        assert_eq!(roles, ["user", "assistant", "user"]);
    }
}

#[test]
fn count_of_tokens_for_the_agent_is_estimated() {
    let given = GivenProvider::events(CHUNKS);
    let context = GatewayOptions::given(&given)
        .provider(json!({"kind": "anthropic"}))
        .start();
    let (_, request) = PATHS[1];
    let answer = context.send(Request::post(
        "/v1/messages/count_tokens",
        &format!("{request}}}"),
    ));
    assert!(answer.status == 200 && answer.json()["input_tokens"].is_u64());
    assert!(given.sent().is_empty());
}

#[test]
fn tool_that_is_allowed_runs() {
    let arguments = json!({"key": "colour", "text": "blue"});
    let given = GivenProvider::new(vec![vec![call("remember", &arguments)], vec![text("noted")]]);
    let context = GatewayOptions::given(&given)
        .tools(json!({"notes": true}))
        .start();
    let answer = context.say("remember it", false);
    assert_eq!(answer.json()["choices"][0]["message"]["content"], "noted");
    assert_eq!(offered(&given), ["remember", "recall"]);
    assert!(fs::read_dir(context.file("notes")).is_ok_and(|mut notes| notes.next().is_some()));
}

#[test]
fn tool_without_permission_is_neither_offered_nor_run() {
    let tools = json!({
        "notes": true, "run_command": true, "files": {"write": true}, "fetch": {"allow": ["http://127.0.0.1:9"]},
        "permissions": {"remember": "ask", "fetch": "ask"},
    });
    for (name, arguments) in [
        ("remember", json!({"key": "colour", "text": "blue"})),
        ("run_command", json!({"command": "touch done"})),
        ("write_file", json!({"path": "done", "content": "x"})),
        ("fetch", json!({"url": "http://127.0.0.1:9/"})),
    ] {
        let given = GivenProvider::new(vec![vec![call(name, &arguments)], vec![text("sorry")]]);
        let context = GatewayOptions::given(&given).tools(tools.clone()).start();
        assert_eq!(context.say("do it", false).status, 200);
        assert_eq!(offered(&given), ["recall"]);
        let result = &sent(&given)["messages"];
        let result = result
            .as_array()
            .and_then(|messages| messages.last())
            .expect("a result");
        assert_eq!(result["role"], "tool");
        assert!(
            !context.file("notes").exists() && !context.file("done").exists(),
            "{result}"
        );
    }
}

/// Asks as the page does, with the gateway's token or without one.
pub(crate) fn ask_as_page(context: &TestContext, token: Option<&str>) -> Response {
    let request =
        Request::chat(&json!({"stream": true, "messages": [{"role": "user", "content": "whisper"}]}))
            .header("x-clawft-session", "talk")
            .header("x-clawft-events", "true");
    context.send(match token {
        Some(token) => request.header("authorization", &format!("Bearer {token}")),
        None => request,
    })
}

/// Returns the events about tools in a stream.
pub(crate) fn tool_events(stream: &str) -> Vec<Value> {
    events(stream)
        .into_iter()
        .filter_map(|event| serde_json::from_str::<Value>(event).ok())
        .map(|event| event["clawft"].clone())
        .filter(|event| event["event"].is_string())
        .collect()
}

pub(crate) const TOKEN: &str = "a-token-of-the-gateway";

/// Starts a gateway whose agent has to ask before it remembers something.
pub(crate) fn asking(given: &GivenProvider, token: bool) -> TestContext {
    let tools = json!({"notes": true, "permissions": {"remember": "ask"}});
    let gateway = if token { json!({"token": TOKEN}) } else { json!({}) };
    GatewayOptions::given(given).tools(tools).gateway(gateway).start()
}

#[test]
fn whoever_has_the_token_permits_a_call() {
    for allow in [true, false] {
        let arguments = json!({"key": "colour", "text": "blue"});
        let given = GivenProvider::new(vec![vec![call("remember", &arguments)], vec![text("noted")]]);
        let context = asking(&given, true);
        let mut stream = ask_as_page(&context, Some(TOKEN));
        let mut seen = String::new();
        while !seen.contains("\"question\"") {
            seen += &stream.some_events();
        }
        let question = tool_events(&seen).pop().expect("a question");
        assert!(
            question["call"]
                .as_str()
                .is_some_and(|call| call.contains("remember")),
            "{question}"
        );
        let decide = |id: &Value, token: &str| {
            let body = json!({"question": id, "allow": allow});
            let request = Request::post("/v1/sessions/talk/answer", &body.to_string());
            context
                .send(request.header("authorization", &format!("Bearer {token}")))
                .status
        };
        assert_eq!(decide(&question["id"], "wrong"), 401);
        assert_eq!(decide(&json!("other"), TOKEN), 404);
        assert_eq!(decide(&question["id"], TOKEN), 200);
        seen += &stream.text();
        let kinds: Vec<String> = tool_events(&seen)
            .iter()
            .map(|event| event["event"].as_str().expect("a kind").to_owned())
            .collect();
        assert_eq!(kinds, ["call", "question", "decision", "result"]);
        assert_eq!(context.file("notes").exists(), allow);
        assert!(seen.contains("noted"), "{seen}");
        assert_eq!(decide(&question["id"], TOKEN), 404, "the answer is over");
    }
}

#[test]
fn nobody_else_is_asked() {
    let arguments = json!({"key": "colour", "text": "blue"});
    let given = GivenProvider::new(vec![vec![call("remember", &arguments)], vec![text("sorry")]]);
    let context = asking(&given, false);
    let stream = ask_as_page(&context, None).text();
    assert_eq!(offered(&given), ["recall"]);
    let seen = tool_events(&stream);
    assert!(
        seen.iter().all(|event| event["event"] != "question") && !context.file("notes").exists(),
        "{seen:?}"
    );
}
