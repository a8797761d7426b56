//! Clients and providers with different dialects.

use serde_json::{Value, json};

use crate::{
    client::{Request, Response},
    context::{GatewayOptions, TestContext},
    upstream::GivenProvider,
};

const MESSAGE: &str = r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[{"type":"text","text":"Hello"},{"type":"tool_use","id":"t","name":"f","input":{"a":1}}],"stop_reason":"tool_use","usage":{"input_tokens":11,"output_tokens":7}}"#;

const MESSAGE_EVENTS: &str = concat!(
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude\",\"content\":[],\"usage\":{\"input_tokens\":11,\"output_tokens\":1}}}\n\n",
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hello\"}}\n\n",
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":7}}\n\n",
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"
);

const COMPLETION: &str = r#"{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18}}"#;

const CHUNKS: &str = concat!(
    "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"Hel\"}}]}\n\n",
    "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lo\"}}]}\n\n",
    "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":7}}\n\n",
    "data: [DONE]\n\n"
);

fn gateway(given: &GivenProvider, kind: &str) -> TestContext {
    GatewayOptions::given(given)
        .provider(json!({ "kind": kind }))
        .start()
}

fn post(context: &TestContext, path: &str, body: &Value) -> Response {
    context.send(Request::post(path, &body.to_string()))
}

fn sent(given: &GivenProvider) -> (String, Value) {
    let sent = given.sent().pop().expect("a request");
    (
        sent.head[0].clone(),
        serde_json::from_str(&sent.body).expect("JSON"),
    )
}

/// Returns the data of all events that are JSON.
fn data(text: &str) -> Vec<Value> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("data: "));
    lines.filter_map(|line| serde_json::from_str(line).ok()).collect()
}

#[test]
fn chat_completion_of_anthropics_model() {
    let given = GivenProvider::whole(200, "request-id: req_1\r\n", MESSAGE);
    let context = gateway(&given, "anthropic");
    let body = json!({ "model": "claude", "stop": "END", "seed": 7, "messages": [
        { "role": "system", "content": "whisper" }, { "role": "user", "content": "hi" }] });
    let answer = post(&context, "/v1/chat/completions", &body);
    assert_eq!(answer.header("request-id"), Some("req_1"));
    let warning = answer.header("x-clawft-warning").expect("a warning");
    assert!(warning.starts_with("seed: ignored"), "{warning}");
    let answer = answer.json();
    let choice = &answer["choices"][0];
    assert_eq!(
        (&choice["message"]["content"], &choice["finish_reason"]),
        (&json!("Hello"), &json!("tool_calls"))
    );
    assert_eq!(choice["message"]["tool_calls"][0]["function"]["name"], "f");
    assert_eq!(answer["usage"]["total_tokens"], 18);
    let (line, sent) = sent(&given);
    assert_eq!(line, "POST /v1/messages HTTP/1.1");
    assert_eq!(
        (&sent["stop_sequences"], &sent["messages"][0]["content"]),
        (&json!(["END"]), &json!("hi"))
    );
    context.logged("\"prompt_tokens\":11,\"completion_tokens\":7");
}

#[test]
fn stream_of_anthropics_model_as_chunks() {
    let given = GivenProvider::events(MESSAGE_EVENTS);
    let context = gateway(&given, "anthropic");
    let body = json!({ "model": "claude", "stream": true, "stream_options": { "include_usage": true },
        "messages": [{ "role": "user", "content": "hi" }] });
    let text = post(&context, "/v1/chat/completions", &body).text();
    let chunks = data(&text);
    let said: String = chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str())
        .collect();
    assert_eq!(said, "Hello", "{text}");
    assert_eq!(chunks.last().expect("chunks")["usage"]["total_tokens"], 18);
    assert!(text.ends_with("data: [DONE]\n\n"));
}

#[test]
fn message_of_openais_model() {
    let body = json!({ "model": "m", "max_tokens": 9, "system": "whisper", "messages": [{ "role": "user", "content": "hi" }] });
    let cached = r#""total_tokens":18,"prompt_tokens_details":{"cached_tokens":5}"#;
    let given = GivenProvider::whole(200, "", &COMPLETION.replace(r#""total_tokens":18"#, cached));
    let context = gateway(&given, "openai");
    let answer = post(&context, "/v1/messages", &body).json();
    // Tokens count as the provider counts them.
    context.logged("\"prompt_tokens\":11,\"completion_tokens\":7");
    assert_eq!(
        (&answer["type"], &answer["content"][0]["text"]),
        (&json!("message"), &json!("Hello"))
    );
    assert_eq!(
        (&answer["stop_reason"], &answer["usage"]["input_tokens"]),
        (&json!("end_turn"), &json!(6))
    );
    let (line, sent) = sent(&given);
    assert_eq!(
        (line.as_str(), &sent["messages"][0]["role"]),
        ("POST /v1/chat/completions HTTP/1.1", &json!("system"))
    );
    assert_eq!(sent["max_tokens"], 9, "compatible servers know the old name");

    let given = GivenProvider::events(CHUNKS);
    let context = gateway(&given, "openai");
    let mut body = body;
    body["stream"] = json!(true);
    let text = post(&context, "/v1/messages", &body).text();
    assert!(
        text.starts_with("event: message_start\n") && text.contains("\"output_tokens\":7"),
        "{text}"
    );
    assert!(
        text.ends_with("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"),
        "{text}"
    );

    let count = post(&context, "/v1/messages/count_tokens", &body);
    assert!(count.header("x-clawft-warning").is_some());
    assert!(
        count.json()["input_tokens"]
            .as_u64()
            .is_some_and(|count| count > 5)
    );
}

#[test]
fn response_of_openais_compatible_server() {
    let body = json!({ "model": "m", "input": "hi" });
    let given = GivenProvider::whole(200, "", COMPLETION);
    let context = gateway(&given, "openai");
    let answer = post(&context, "/v1/responses", &body).json();
    assert_eq!(
        (&answer["object"], &answer["status"]),
        (&json!("response"), &json!("completed"))
    );
    assert_eq!(answer["output"][0]["content"][0]["text"], "Hello");
    assert!(answer["id"].as_str().is_some_and(|id| id.starts_with("resp_")));

    let given = GivenProvider::events(CHUNKS);
    let context = gateway(&given, "openai");
    let body = json!({ "model": "m", "input": "hi", "stream": true });
    let text = post(&context, "/responses", &body).text();
    assert!(text.starts_with("event: response.created\n"), "{text}");
    let last = data(&text).pop().expect("events");
    assert_eq!(last["type"], "response.completed");
    assert_eq!(last["response"]["usage"]["total_tokens"], 18);
}

#[test]
fn response_continues_an_earlier_one() {
    for stream in [false, true] {
        let given = if stream {
            GivenProvider::events(CHUNKS)
        } else {
            GivenProvider::whole(200, "", COMPLETION)
        };
        let context = gateway(&given, "openai");
        let ask = |input: &str, previous: Option<&str>, store: bool| {
            let body = json!({ "model": "m", "instructions": "be brief", "input": input, "stream": stream,
                "previous_response_id": previous, "store": store });
            let answer = post(&context, "/v1/responses", &body);
            assert_eq!(answer.status, 200);
            let text = answer.text();
            let answer = if stream {
                data(&text).pop().expect("events")["response"].clone()
            } else {
                serde_json::from_str(&text).expect("JSON")
            };
            answer["id"].as_str().expect("an identifier").to_owned()
        };
        let first = ask("one", None, true);
        let second = ask("two", Some(&first), true);
        ask("three", Some(&second), true);
        let messages = sent(&given).1["messages"].clone();
        let said: Vec<_> = messages
            .as_array()
            .expect("messages")
            .iter()
            .map(|message| &message["content"])
            .collect();
        assert_eq!(said, ["be brief", "one", "Hello", "two", "Hello", "three"]);

        let unknown = |id: &str| {
            let body = json!({ "model": "m", "input": "x", "previous_response_id": id });
            let answer = post(&context, "/v1/responses", &body);
            (answer.status, answer.json()["error"]["param"].clone())
        };
        let forgotten = ask("four", None, false);
        for id in [
            forgotten.as_str(),
            "resp_1",
            "../config",
            "resp_00000000000000000000000g",
        ] {
            assert_eq!(unknown(id), (400, json!("previous_response_id")), "{id}");
        }
    }
}

#[test]
fn kept_response_is_returned_until_it_is_deleted() {
    let given = GivenProvider::whole(200, "", COMPLETION);
    let context = gateway(&given, "openai");
    let made = post(&context, "/v1/responses", &json!({ "model": "m", "input": "hi" })).json();
    let path = format!("/v1/responses/{}", made["id"].as_str().expect("an identifier"));
    assert_eq!(context.send(Request::get(&path)).json(), made);
    let deleted = context.send(Request::delete(&path));
    assert_eq!((deleted.status, &deleted.json()["deleted"]), (200, &json!(true)));
    for request in [
        Request::get(&path),
        Request::delete(&path),
        Request::get("/v1/responses/..%2Fconfig"),
    ] {
        let answer = context.send(request);
        assert_eq!(
            (answer.status, &answer.json()["error"]["code"]),
            (404, &json!("response_not_found"))
        );
    }
}

#[test]
fn kept_response_is_streamed_again() {
    let given = GivenProvider::whole(200, "", COMPLETION);
    let context = gateway(&given, "openai");
    let body = json!({ "model": "m", "input": "hi", "metadata": { "a": "b" } });
    let made = post(&context, "/v1/responses", &body).json();
    let path = format!("/v1/responses/{}", made["id"].as_str().expect("an identifier"));
    let events = |query: &str| {
        let answer = context.send(Request::get(&format!("{path}?{query}")));
        assert_eq!(
            answer.header("content-type"),
            Some("text/event-stream"),
            "{query}"
        );
        data(&answer.text())
    };
    let all = events("stream=true");
    assert_eq!(all.last().expect("events")["response"], made);
    assert_eq!(all[0]["type"], "response.created");
    let numbers: Vec<_> = all
        .iter()
        .map(|event| event["sequence_number"].as_u64())
        .collect();
    assert_eq!(numbers, (0..all.len() as u64).map(Some).collect::<Vec<_>>());
    assert_eq!(events("stream=true&starting_after=1"), all[2..]);
    assert_eq!(
        context.send(Request::get(&format!("{path}?stream=false"))).json(),
        made
    );
    for query in ["stream=maybe", "stream=true&starting_after=x"] {
        assert_eq!(context.send(Request::get(&format!("{path}?{query}"))).status, 400);
    }
}

/// Returns the output of a response.
fn output(context: &TestContext, body: &Value) -> Vec<Value> {
    let answer = post(context, "/v1/responses", body);
    assert_eq!(answer.status, 200);
    let text = answer.text();
    let response = match body["stream"] == true {
        true => data(&text).pop().expect("events")["response"].clone(),
        false => serde_json::from_str(&text).expect("JSON"),
    };
    response["output"].as_array().expect("items").clone()
}

#[test]
fn items_of_kept_responses_are_named_not_repeated() {
    for stream in [false, true] {
        let message = json!({ "role": "assistant", "content": "Hello", "reasoning_content": "hm",
            "tool_calls": [{ "index": 0, "id": "c", "type": "function", "function": { "name": "f", "arguments": "{}" } }] });
        let choice = |name: &str| json!({ "index": 0, name: message, "finish_reason": "tool_calls" });
        let given = match stream {
            true => GivenProvider::events(&format!(
                "data: {}\n\ndata: [DONE]\n\n",
                json!({ "id": "c", "choices": [choice("delta")] })
            )),
            false => GivenProvider::whole(
                200,
                "",
                &json!({ "id": "c", "choices": [choice("message")] }).to_string(),
            ),
        };
        let context = gateway(&given, "openai");
        let items = output(
            &context,
            &json!({ "model": "m", "input": "one", "stream": stream }),
        );
        let kinds: Vec<_> = items
            .iter()
            .map(|item| item["type"].as_str().expect("a type"))
            .collect();
        assert_eq!(kinds, ["reasoning", "message", "function_call"]);
        let mut input = vec![json!({ "role": "user", "content": "one" })];
        // The type may be left out.
        input.push(json!({ "id": items[0]["id"] }));
        input.extend(
            items[1..]
                .iter()
                .map(|item| json!({ "type": "item_reference", "id": item["id"] })),
        );
        input.push(json!({ "type": "function_call_output", "call_id": "c", "output": "sunny" }));
        let next = post(
            &context,
            "/v1/responses",
            &json!({ "model": "m", "input": input }),
        );
        assert_eq!((next.status, next.header("x-clawft-warning")), (200, None));
        let messages = sent(&given).1["messages"].clone();
        assert_eq!(messages[1]["content"], "Hello");
        assert_eq!(messages[1]["reasoning_content"], "hm");
        assert_eq!(messages[1]["tool_calls"][0]["function"]["name"], "f");
        assert_eq!(
            messages[2],
            json!({ "role": "tool", "tool_call_id": "c", "content": "sunny" })
        );
        // The response that was asked for with references can be continued like any other.
        let body = json!({ "model": "m", "input": "more", "previous_response_id": next.json()["id"] });
        assert_eq!(post(&context, "/v1/responses", &body).status, 200);
        assert_eq!(sent(&given).1["messages"][1]["content"], "Hello");
    }
}

#[test]
fn item_that_is_not_kept_is_named() {
    let given = GivenProvider::whole(200, "", COMPLETION);
    let context = gateway(&given, "openai");
    let body = json!({ "model": "m", "input": "hi", "store": false });
    let mut ids: Vec<_> = output(&context, &body)
        .iter()
        .map(|item| item["id"].clone())
        .collect();
    ids.extend([
        json!("msg_1"),
        json!("msg_../../config_0"),
        json!(format!("rs_{}_0", "0".repeat(24))),
    ]);
    let asked = given.sent().len();
    for id in ids {
        let input = [json!({ "type": "item_reference", "id": id })];
        let answer = post(
            &context,
            "/v1/responses",
            &json!({ "model": "m", "input": input }),
        );
        let error = answer.json()["error"].clone();
        assert_eq!(
            (&error["param"], &error["code"]),
            (&json!("input"), &json!("item_not_found"))
        );
        assert!(
            error["message"]
                .as_str()
                .is_some_and(|text| text.contains(id.as_str().expect("text")))
        );
    }
    assert_eq!(given.sent().len(), asked);
}

#[test]
fn items_make_no_request_larger_than_body_limit() {
    let given = GivenProvider::whole(200, "", &COMPLETION.replace("Hello", &"x".repeat(2000)));
    let options = GatewayOptions::given(&given).gateway(json!({ "max_body_bytes": 8000 }));
    let context = options.start();
    let id = output(&context, &json!({ "model": "m", "input": "hi" }))[0]["id"].clone();
    let reference = json!({ "type": "item_reference", "id": id });
    for (count, status) in [(2, 200), (5, 413)] {
        let input = vec![reference.clone(); count];
        let answer = post(
            &context,
            "/v1/responses",
            &json!({ "model": "m", "input": input }),
        );
        assert_eq!(answer.status, status);
    }
}

#[test]
fn response_tells_whether_it_is_kept() {
    for stream in [false, true] {
        let given = match stream {
            true => GivenProvider::events(CHUNKS),
            false => GivenProvider::whole(200, "", COMPLETION),
        };
        let context = gateway(&given, "openai");
        for (store, expected) in [(Value::Null, true), (json!(true), true), (json!(false), false)] {
            let body = json!({ "model": "m", "input": "hi", "store": store, "stream": stream,
                "metadata": { "a": "\"store\":false" } });
            let text = post(&context, "/v1/responses", &body).text();
            let response = match stream {
                true => data(&text).pop().expect("events")["response"].clone(),
                false => serde_json::from_str(&text).expect("JSON"),
            };
            assert_eq!(response["store"], json!(expected), "{store}");
            let path = format!("/v1/responses/{}", response["id"].as_str().expect("text"));
            assert_eq!(context.send(Request::get(&path)).status == 200, expected);
        }
    }
}

#[test]
fn lists_input_of_kept_response_in_pages() {
    let given = GivenProvider::whole(200, "", COMPLETION);
    let context = gateway(&given, "openai");
    let input = json!([
        { "role": "user", "content": "one" },
        { "role": "assistant", "content": "two" },
        { "type": "function_call", "call_id": "c", "name": "f", "arguments": "{}" },
        { "type": "function_call_output", "call_id": "c", "output": "three" },
        { "role": "user", "content": [{ "type": "input_text", "text": "four" }] },
    ]);
    let made = post(
        &context,
        "/v1/responses",
        &json!({ "model": "m", "input": input }),
    )
    .json();
    let path = format!("/v1/responses/{}", made["id"].as_str().expect("an identifier"));
    let list = |query: &str| {
        context
            .send(Request::get(&format!("{path}/input_items{query}")))
            .json()
    };

    let first = list("?order=asc&limit=3");
    assert_eq!(
        (&first["object"], &first["has_more"]),
        (&json!("list"), &json!(true))
    );
    let parts = [0, 1].map(|at: usize| first["data"][at]["content"][0].clone());
    assert_eq!(parts[0], json!({ "type": "input_text", "text": "one" }));
    assert_eq!(parts[1], json!({ "type": "output_text", "text": "two" }));
    assert_eq!(first["data"][2]["call_id"], "c");
    let after = first["last_id"].as_str().expect("an identifier");
    let second = list(&format!("?order=asc&after={after}"));
    assert_eq!(second["has_more"], false);
    assert_eq!(second["data"][0]["output"], "three");
    assert_eq!(list("")["data"][0]["content"][0]["text"], "four");

    let cancelled = context.send(Request::post(&format!("{path}/cancel"), "{}"));
    assert_eq!(cancelled.status, 400);
    context.send(Request::delete(&path));
    for request in [
        Request::get(&format!("{path}/input_items")),
        Request::post(&format!("{path}/cancel"), "{}"),
    ] {
        assert_eq!(context.send(request).status, 404);
    }
}

#[test]
fn estimates_tokens_in_the_form_of_path() {
    let given = GivenProvider::whole(200, "", COMPLETION);
    let context = gateway(&given, "openai");
    for model in ["m", "clawft"] {
        let asked = post(
            &context,
            "/v1/responses/input_tokens",
            &json!({ "model": model, "input": "hi" }),
        );
        let warning = asked.header("x-clawft-warning").expect("a warning");
        assert!(warning.contains("estimated"), "{warning}");
        let count = asked.json();
        assert_eq!(count["object"], "response.input_tokens");
        assert!(count["input_tokens"].as_u64().is_some_and(|tokens| tokens > 0));
    }
    assert!(given.sent().is_empty());
}

#[test]
fn models_have_the_shape_of_the_client() {
    let given = GivenProvider::whole(200, "", r#"{"data":[{"id":"m"}]}"#);
    let context = gateway(&given, "openai");
    let asked = Request::get("/v1/models").header("anthropic-version", "2023-06-01");
    let models = context.send(asked).json();
    assert_eq!(
        (&models["has_more"], &models["data"][0]["type"]),
        (&json!(false), &json!("model"))
    );
    assert_eq!(context.send(Request::get("/v1/models")).json()["object"], "list");
}

#[test]
fn field_without_counterpart_is_named() {
    let given = GivenProvider::whole(200, "", MESSAGE);
    let context = gateway(&given, "anthropic");
    let body = json!({ "model": "claude", "n": 2, "messages": [{ "role": "user", "content": "hi" }] });
    let answer = post(&context, "/v1/chat/completions", &body);
    assert_eq!(
        (answer.status, answer.json()["error"]["param"].clone()),
        (400, json!("n"))
    );
    assert!(given.sent().is_empty());
    let answer = post(
        &context,
        "/v1/embeddings",
        &json!({ "model": "claude", "input": "x" }),
    );
    assert_eq!(answer.status, 404);
}

#[test]
fn error_comes_in_the_clients_dialect() {
    let body = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    let given = GivenProvider::whole(529, "", body);
    let context = gateway(&given, "anthropic");
    let ask = json!({ "model": "claude", "messages": [{ "role": "user", "content": "hi" }] });
    let answer = post(&context, "/v1/chat/completions", &ask);
    assert_eq!(answer.status, 503);
    let error = answer.json()["error"].clone();
    assert_eq!(
        (&error["message"], &error["code"]),
        (&json!("Overloaded"), &Value::Null)
    );

    let given = GivenProvider::whole(404, "", r#"{"error":{"message":"no such model"}}"#);
    let context = gateway(&given, "openai");
    let ask = json!({ "model": "m", "max_tokens": 9, "messages": [{ "role": "user", "content": "hi" }] });
    let answer = post(&context, "/v1/messages", &ask);
    assert_eq!(answer.status, 404);
    let error = answer.json();
    assert_eq!(
        (&error["type"], &error["error"]["type"]),
        (&json!("error"), &json!("not_found_error"))
    );
}

#[test]
fn fallback_may_speak_another_dialect() {
    let failing = GivenProvider::whole(500, "", r#"{"error":{"message":"no"}}"#);
    let claude = GivenProvider::whole(200, "", MESSAGE);
    let context = GatewayOptions::given(&failing)
        .other("anthropic", &claude)
        .gateway(json!({ "models": { "m": ["openai/a", "anthropic/claude"] } }))
        .start();
    let ask = json!({ "model": "m", "messages": [{ "role": "user", "content": "hi" }] });
    let answer = post(&context, "/v1/chat/completions", &ask);
    assert_eq!(answer.header("x-clawft-provider"), Some("anthropic"));
    assert_eq!(answer.json()["choices"][0]["message"]["content"], "Hello");
}

#[test]
fn broken_stream_ends_with_the_clients_error() {
    let cut = &MESSAGE_EVENTS[..MESSAGE_EVENTS
        .find("event: content_block_stop")
        .expect("an event")];
    let given = GivenProvider::events(cut);
    let context = gateway(&given, "anthropic");
    let ask = json!({ "model": "claude", "stream": true, "messages": [{ "role": "user", "content": "hi" }] });
    let text = post(&context, "/v1/chat/completions", &ask).text();
    assert!(
        data(&text).last().is_some_and(|last| last["error"].is_object()),
        "{text}"
    );
    assert!(!text.contains("[DONE]"));
}

#[test]
fn large_requests_are_translated_like_small_ones() {
    let long = "x".repeat(100_000);
    let message = json!({ "model": "m", "max_tokens": 9, "messages": [{ "role": "user", "content": long }] });
    let input = json!({ "model": "m", "input": long });
    for (path, body) in [("/v1/messages", message), ("/v1/responses", input)] {
        let given = GivenProvider::whole(200, "", COMPLETION);
        let context = gateway(&given, "openai");
        assert_eq!(post(&context, path, &body).status, 200, "{path}");
        assert_eq!(sent(&given).1["messages"][0]["content"], long.as_str());
        let wrong = json!({ "model": "m", "max_tokens": 9, "messages": long, "input": 7 });
        assert_eq!(post(&context, path, &wrong).status, 400, "{path}");
    }
}
