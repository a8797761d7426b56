//! A turn that calls tools.

use std::{borrow::Cow, time::Duration};

use clawft_core::{Event, HttpRequest, Reply, Step, Turn};
use clawft_types::{
    Config, Finish, Input, Message, Reasoning, Role, Session, ToolCall, ToolDefinition, ToolResult,
};
use serde_json::{Value, json};

use crate::common::{NOW, answer, anthropic, config, env};

fn tools() -> Vec<ToolDefinition> {
    ["read_file", "list_files"]
        .into_iter()
        .map(|name| ToolDefinition {
            name: name.into(),
            description: "Works on a file.".into(),
            parameters: r#"{"type":"object","properties":{"path":{"type":"string"}}}"#.into(),
        })
        .collect()
}

fn begin(config: &Config, session: Session) -> (Turn<'_>, HttpRequest) {
    let input = Input::parse("Read it!").unwrap();
    Turn::begin_with_tools(Cow::Borrowed(config), &env, session, input, tools()).unwrap()
}

fn body(request: &HttpRequest) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

/// Returns OpenAI's answer with these calls: id, name and arguments.
fn calling(calls: &[[&str; 3]]) -> Vec<u8> {
    let calls: Vec<Value> = calls
        .iter()
        .map(|[id, name, arguments]| json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}))
        .collect();
    let usage = json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15});
    json!({"choices": [{"message": {"role": "assistant", "content": null, "tool_calls": calls}, "finish_reason": "tool_calls"}], "usage": usage})
        .to_string()
        .into_bytes()
}

fn saying(text: &str) -> Vec<u8> {
    json!({"choices": [{"message": {"content": text}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 20, "completion_tokens": 2, "total_tokens": 22}})
        .to_string()
        .into_bytes()
}

fn call(id: &str, name: &str, arguments: &str) -> ToolCall {
    ToolCall {
        id: id.to_owned(),
        name: name.to_owned(),
        arguments: arguments.to_owned(),
        extra: String::new(),
    }
}

fn result(id: &str, content: &str) -> ToolResult {
    ToolResult {
        id: id.to_owned(),
        content: content.to_owned(),
        is_error: false,
    }
}

fn calls(step: Step) -> Vec<ToolCall> {
    let Step::Call(calls) = step else {
        panic!("{step:?}")
    };
    calls
}

fn request(step: Step) -> HttpRequest {
    let Step::Send(request) = step else {
        panic!("{step:?}")
    };
    request
}

fn reply(step: Step) -> Reply {
    let Step::Done(reply) = step else {
        panic!("{step:?}")
    };
    *reply
}

/// Feeds an event stream and returns the step that ends it. Text is dropped.
fn stream(turn: &mut Turn, events: &[&str]) -> Step {
    show(turn, events, &mut String::new())
}

/// Feeds an event stream, appends its text to `shown`, and returns the step that ends it.
fn show(turn: &mut Turn, events: &[&str], shown: &mut String) -> Step {
    let body: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    let headers = [("content-type".to_owned(), "text/event-stream".to_owned())];
    turn.feed(
        Event::Head {
            status: 200,
            headers: &headers,
        },
        NOW,
    );
    let mut step = turn.feed(Event::Body(body.as_bytes()), NOW);
    while let Step::Delta(_) | Step::Reasoning(_) = step {
        if let Step::Delta(text) = step {
            shown.push_str(&text);
        }
        step = turn.feed(Event::Body(&[]), NOW);
    }
    match step {
        Step::More => turn.feed(Event::End, NOW),
        step => step,
    }
}

const PATH: &str = r#"{"path":"a.txt"}"#;

#[test]
fn openai_call_and_result_return_to_model() {
    let config = config("", "");
    let (mut turn, first) = begin(&config, Session::default());
    let function = &body(&first)["tools"][0];
    assert_eq!(function["type"], "function");
    assert_eq!(function["function"]["name"], "read_file");
    assert_eq!(function["function"]["parameters"]["type"], "object");

    let asked = calls(answer(
        &mut turn,
        200,
        &[],
        &calling(&[["c1", "read_file", PATH]]),
    ));
    assert_eq!(asked, [call("c1", "read_file", PATH)]);
    let second = request(turn.resume(vec![result("c1", "hello")], NOW));
    let messages = &body(&second)["messages"];
    assert_eq!(messages[1]["content"], Value::Null);
    assert_eq!(
        messages[1]["tool_calls"][0],
        json!({"id": "c1", "type": "function", "function": {"name": "read_file", "arguments": PATH}})
    );
    assert_eq!(
        messages[2],
        json!({"role": "tool", "tool_call_id": "c1", "content": "hello"})
    );

    let reply = reply(answer(&mut turn, 200, &[], &saying("It says hello.")));
    assert_eq!(reply.text(), "It says hello.");
    assert_eq!(reply.usage.unwrap().total_tokens, 37, "the sum of both answers");
    let roles: Vec<Role> = reply
        .session
        .messages
        .iter()
        .map(|message| message.role)
        .collect();
    assert_eq!(roles, [Role::User, Role::Assistant, Role::Tool, Role::Assistant]);
}

#[test]
fn anthropic_call_and_results_go_back_as_blocks() {
    let config = anthropic("", "");
    let (mut turn, first) = begin(&config, Session::default());
    assert_eq!(body(&first)["tools"][1]["name"], "list_files");
    assert_eq!(body(&first)["tools"][1]["input_schema"]["type"], "object");
    let said = json!({"content": [
        {"type": "thinking", "thinking": "Which one?", "signature": "s1"},
        {"type": "text", "text": "I look."},
        {"type": "tool_use", "id": "t1", "name": "read_file", "input": {"path": "a.txt"}},
        {"type": "tool_use", "id": "t2", "name": "list_files", "input": {}},
    ], "stop_reason": "tool_use"});
    let asked = calls(answer(&mut turn, 200, &[], said.to_string().as_bytes()));
    assert_eq!(
        asked,
        [call("t1", "read_file", PATH), call("t2", "list_files", "")]
    );

    let failed = ToolResult {
        is_error: true,
        ..result("t2", "no such directory")
    };
    let second = request(turn.resume(vec![failed, result("t1", "hello")], NOW));
    let messages = &body(&second)["messages"];
    assert_eq!(
        messages[1]["content"],
        json!([
            {"type": "thinking", "thinking": "Which one?", "signature": "s1"},
            {"type": "text", "text": "I look."},
            {"type": "tool_use", "id": "t1", "name": "read_file", "input": {"path": "a.txt"}},
            {"type": "tool_use", "id": "t2", "name": "list_files", "input": {}},
        ])
    );
    let results = messages[2]["content"].as_array().unwrap();
    assert_eq!(messages[2]["role"], "user");
    assert_eq!(results.len(), 2, "all results are in one message");
    assert!(results.contains(&json!({"type": "tool_result", "tool_use_id": "t1", "content": "hello"})));
    assert!(results.contains(
        &json!({"type": "tool_result", "tool_use_id": "t2", "is_error": true, "content": "no such directory"})
    ));
}

#[test]
fn openai_stream_sends_calls_in_fragments() {
    let config = config(r#","stream":true"#, "");
    let fragment = |index: u32, id: Value, name: Value, arguments: &str| {
        json!({"choices": [{"delta": {"tool_calls": [{"index": index, "id": id, "function": {"name": name, "arguments": arguments}}]}}]}).to_string()
    };
    let (mut turn, _) = begin(&config, Session::default());
    let asked = calls(stream(
        &mut turn,
        &[
            r#"{"choices":[{"delta":{"content":"I look."}}]}"#,
            &fragment(0, json!("c1"), json!("read_file"), ""),
            &fragment(0, Value::Null, Value::Null, r#"{"path""#),
            &fragment(1, json!("c2"), json!("list_files"), "{}"),
            &fragment(0, Value::Null, Value::Null, r#":"a.txt"}"#),
            r#"{"choices":[{"delta":{},"finish_reason":"tool_calls"}]}"#,
            "[DONE]",
        ],
    ));
    assert_eq!(
        asked,
        [call("c1", "read_file", PATH), call("c2", "list_files", "{}")]
    );
}

#[test]
fn reads_every_form_in_which_servers_stream_calls() {
    let one = |calls: &str| format!(r#"{{"choices":[{{"delta":{{"tool_calls":[{calls}]}}}}]}}"#);
    let read = |id, arguments| call(id, "read_file", arguments);
    for (name, events, expected) in [
        (
            "number 0 for each call",
            vec![
                one(r#"{"index":0,"id":"a","function":{"name":"read_file","arguments":"{}"}}"#),
                one(r#"{"index":0,"id":"b","function":{"name":"read_file","arguments":"{ }"}}"#),
            ],
            vec![read("a", "{}"), read("b", "{ }")],
        ),
        (
            "no number and no id",
            vec![
                one(r#"{"function":{"name":"read_file","arguments":"{}"}}"#),
                one(r#"{"function":{"name":"read_file","arguments":"{ }"}}"#),
            ],
            vec![read("call_1", "{}"), read("call_2", "{ }")],
        ),
        (
            "id and name in each fragment",
            vec![
                one(r#"{"index":0,"id":"a","function":{"name":"read_file","arguments":"{"}}"#),
                one(r#"{"index":0,"id":"a","function":{"name":"read_file","arguments":"}"}}"#),
            ],
            vec![read("a", "{}")],
        ),
        (
            "arguments as an object",
            vec![one(
                r#"{"id":"a","function":{"name":"read_file","arguments":{"path":"a.txt"}}}"#,
            )],
            vec![read("a", PATH)],
        ),
        (
            "the older form",
            vec![
                r#"{"choices":[{"delta":{"function_call":{"name":"read_file","arguments":"{"}}}]}"#
                    .to_owned(),
                r#"{"choices":[{"delta":{"function_call":{"arguments":"}"}}}]}"#.to_owned(),
            ],
            vec![read("call_1", "{}")],
        ),
    ] {
        let config = config(r#","stream":true"#, "");
        let (mut turn, _) = begin(&config, Session::default());
        let mut events: Vec<&str> = events.iter().map(String::as_str).collect();
        events.push("[DONE]");
        assert_eq!(calls(stream(&mut turn, &events)), expected, "{name}");
    }
}

/// The deltas of a block may come after the start of the next one.
#[test]
fn arguments_in_another_form_are_unwrapped() {
    for (written, expected) in [
        ("null", ""),
        (" null ", ""),
        (r#""{\"path\":\"a.txt\"}""#, PATH),
        (r#""a.txt""#, r#""a.txt""#),
        (r#""{"#, r#""{"#),
    ] {
        let config = config("", "");
        let (mut turn, _) = begin(&config, Session::default());
        let said = calling(&[["c", "read_file", written], ["d", "list_files", "{}"]]);
        let reply = match answer(&mut turn, 200, &[], &said) {
            Step::Call(asked) => request(turn.resume(vec![result(&asked[0].id, "")], NOW)),
            step => request(step),
        };
        let sent = &body(&reply)["messages"][1]["tool_calls"][0]["function"]["arguments"];
        let expected = if expected.starts_with('{') { expected } else { "{}" };
        assert_eq!(sent, expected, "{written}");
    }
}

#[test]
fn calls_get_ids_of_their_own() {
    let config = config("", "");
    let (mut turn, _) = begin(&config, Session::default());
    let said = calling(&[
        ["c", "read_file", PATH],
        ["c", "list_files", "{}"],
        ["", "list_files", "{ }"],
    ]);
    for _ in 0..2 {
        let asked = calls(answer(&mut turn, 200, &[], &said));
        let results = asked
            .iter()
            .map(|call| result(&call.id, &call.arguments))
            .collect();
        let sent = body(&request(turn.resume(results, NOW)));
        let messages = sent["messages"].as_array().unwrap();
        let called: Vec<&str> = messages
            .iter()
            .flat_map(|message| message["tool_calls"].as_array().into_iter().flatten())
            .map(|call| call["id"].as_str().unwrap())
            .collect();
        let answered: Vec<&str> = messages
            .iter()
            .filter_map(|message| message["tool_call_id"].as_str())
            .collect();
        assert_eq!(called, answered);
        let distinct: std::collections::BTreeSet<&str> = called.iter().copied().collect();
        assert_eq!(distinct.len(), called.len(), "{called:?}");
    }
}

#[test]
fn text_of_the_next_answer_begins_a_paragraph() {
    for (first, second, expected) in [
        ("I look.", "Done.", "I look.\n\nDone."),
        ("I look.\n", "Done.", "I look.\n\nDone."),
        ("I look.\n\n", "Done.", "I look.\n\nDone."),
        ("", "Done.", "Done."),
    ] {
        let config = config(r#","stream":true"#, "");
        let (mut turn, _) = begin(&config, Session::default());
        let mut shown = String::new();
        let said = |text: &str, reason: &str| {
            json!({"choices": [{"delta": {"content": text}, "finish_reason": reason}]}).to_string()
        };
        let call = json!({"choices": [{"delta": {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "list_files", "arguments": "{}"}}]}}]}).to_string();
        let step = show(
            &mut turn,
            &[&call, &said(first, "tool_calls"), "[DONE]"],
            &mut shown,
        );
        assert_eq!(calls(step).len(), 1);
        request(turn.resume(Vec::new(), NOW));
        let reply = reply(show(&mut turn, &[&said(second, "stop"), "[DONE]"], &mut shown));
        assert_eq!((shown.as_str(), reply.text()), (expected, second));
    }
}

#[test]
fn anthropic_stream_sends_arguments_in_deltas() {
    let config = anthropic(r#","stream":true"#, "");
    let (mut turn, _) = begin(&config, Session::default());
    let asked = calls(stream(
        &mut turn,
        &[
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"I look."}}"#,
            r#"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t1","name":"read_file","input":{}}}"#,
            r#"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":""}}"#,
            r#"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"path\":"}}"#,
            r#"{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"t2","name":"list_files","input":{}}}"#,
            r#"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"\"a.txt\"}"}}"#,
            r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"}}"#,
            r#"{"type":"message_stop"}"#,
        ],
    ));
    assert_eq!(
        asked,
        [call("t1", "read_file", PATH), call("t2", "list_files", "")]
    );
}

/// Arguments of a block that is not known as a call belong to a tool that the provider performs itself.
#[test]
fn tools_of_the_provider_are_not_called() {
    let config = anthropic(r#","stream":true"#, "");
    let (mut turn, _) = begin(&config, Session::default());
    let reply = reply(stream(
        &mut turn,
        &[
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"server_tool_use","id":"s1","name":"web_search","input":{}}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{}"}}"#,
            r#"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":"Found."}}"#,
            r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#,
            r#"{"type":"message_stop"}"#,
        ],
    ));
    assert_eq!(reply.text(), "Found.");
    assert_eq!(reply.session.messages.len(), 2);
}

/// DeepSeek refuses calls without the reasoning before them, Gemini calls without the signature of its thoughts.
#[test]
fn reasoning_and_signatures_of_calls_go_back() {
    let signature = json!({"google": {"thought_signature": "c2ln"}});
    let call = json!({"index": 0, "id": "c", "type": "function", "extra_content": signature,
        "function": {"name": "read_file", "arguments": PATH}});
    for (key, echoed) in [("reasoning_content", Some("Which one?")), ("reasoning", None)] {
        for streamed in [false, true] {
            let config = config(if streamed { r#","stream":true"# } else { "" }, "");
            let (mut turn, _) = begin(&config, Session::default());
            let step = match streamed {
                false => {
                    let message = json!({"role": "assistant", key: "Which one?", "tool_calls": [call]});
                    let body = json!({"choices": [{"message": message}]}).to_string();
                    answer(&mut turn, 200, &[], body.as_bytes())
                }
                true => {
                    let chunk = |delta: Value| json!({"choices": [{"delta": delta}]}).to_string();
                    let [first, second] = ["Which ", "one?"].map(|part| chunk(json!({key: part})));
                    let third = chunk(json!({"tool_calls": [call]}));
                    stream(&mut turn, &[&first, &second, &third, "[DONE]"])
                }
            };
            calls(step);
            let sent = body(&request(turn.resume(vec![result("c", "hello")], NOW)));
            let message = &sent["messages"][1];
            assert_eq!(message["reasoning_content"].as_str(), echoed, "{key}, {streamed}");
            assert_eq!(
                message["tool_calls"][0]["extra_content"], signature,
                "{key}, {streamed}"
            );
        }
    }
}

/// Asks once more in a stored session, and returns the messages of the request.
fn asked_again(config: &Config, session: &Session) -> Value {
    let stored = Session::parse(&session.to_json()).unwrap();
    let (_, request) = begin(config, stored);
    body(&request)["messages"].clone()
}

/// DeepSeek's documentation asks for it in all later requests, for each answer of a turn with calls, and its servers
/// refuse such calls also without a reasoning that is empty.
#[test]
fn reasoning_of_calls_goes_back_in_later_turns() {
    let config = config("", "");
    for (first, second) in [("Which one?", "So it is."), ("", "")] {
        let (mut turn, _) = begin(&config, Session::default());
        let message = json!({"content": null, "reasoning_content": first, "tool_calls": [
            {"id": "c", "type": "function", "function": {"name": "read_file", "arguments": PATH}}]});
        let calling = json!({"choices": [{"message": message}]}).to_string();
        calls(answer(&mut turn, 200, &[], calling.as_bytes()));
        request(turn.resume(vec![result("c", "hello")], NOW));
        let message = json!({"content": "It is hello.", "reasoning_content": second});
        let saying = json!({"choices": [{"message": message}]}).to_string();
        let Step::Done(reply) = answer(&mut turn, 200, &[], saying.as_bytes()) else {
            panic!("there is no answer");
        };
        let messages = asked_again(&config, &reply.session);
        let expected = |text: &'static str| if text.is_empty() { " " } else { text };
        assert_eq!(messages[1]["reasoning_content"], expected(first));
        assert_eq!(messages[2].get("reasoning_content"), None);
        assert_eq!(messages[3]["reasoning_content"], expected(second));
    }
}

#[test]
fn reasoning_of_turns_without_calls_stays_here() {
    let config = config("", "");
    let (mut turn, _) = begin(&config, Session::default());
    let saying =
        json!({"choices": [{"message": {"content": "Hi.", "reasoning_content": "Hm."}}]}).to_string();
    let Step::Done(reply) = answer(&mut turn, 200, &[], saying.as_bytes()) else {
        panic!("there is no answer");
    };
    assert_eq!(reply.reasoning(), "Hm.");
    assert_eq!(
        asked_again(&config, &reply.session)[1].get("reasoning_content"),
        None
    );
}

/// Returns a conversation with calls of another provider's model, of which `echoed` tells whether its reasoning goes
/// back.
fn stored_calls(echoed: bool) -> Session {
    let known = Reasoning {
        text: "Known.".to_owned(),
        ..Reasoning::default()
    };
    let messages = vec![
        Message::new(Role::User, "Read!"),
        Message {
            calls: vec![call("c", "read_file", PATH)],
            echoed,
            ..Message::new(Role::Assistant, "")
        },
        result("c", "hello").into(),
        Message {
            reasoning: vec![known],
            echoed,
            ..Message::new(Role::Assistant, "It is hello.")
        },
        Message::new(Role::User, "Thanks!"),
        Message::new(Role::Assistant, "Please."),
    ];
    Session {
        messages,
        ..Session::default()
    }
}

/// Returns the reasoning in the messages of a request, by their position.
fn sent_reasoning(request: &HttpRequest) -> Vec<(usize, Value)> {
    let messages = body(request)["messages"].as_array().cloned().unwrap();
    let mut sent = Vec::new();
    for (at, message) in messages.iter().enumerate() {
        sent.extend(message.get("reasoning_content").map(|text| (at, text.clone())));
    }
    sent
}

/// Moonshot's server misses the reasoning of calls, and those of Groq and Mistral reject the field.
#[test]
fn changes_reasoning_that_server_does_not_take() {
    let config = config("", "");
    let all = vec![(1, json!(" ")), (3, json!("Known."))];
    let missing =
        "thinking is enabled but reasoning_content is missing in assistant tool call message at index 2";
    let unknown = "property 'reasoning_content' is unsupported";
    let extra = r#"{"detail":[{"type":"extra_forbidden","loc":["body","messages",1,"assistant","reasoning_content"]}]}"#;
    for (status, error, echoed) in [
        (400, json!({"error": {"message": missing}}).to_string(), false),
        (400, json!({"error": {"message": unknown}}).to_string(), true),
        (422, extra.to_owned(), true),
    ] {
        let (mut turn, first) = begin(&config, stored_calls(echoed));
        let refuse = |turn: &mut Turn<'_>| match answer(turn, status, &[], error.as_bytes()) {
            Step::Retry { request, .. } => Some(sent_reasoning(&request)),
            Step::Failed(_) => None,
            other => panic!("{other:?}"),
        };
        assert_eq!(sent_reasoning(&first), if echoed { all.clone() } else { vec![] });
        // With all of it if none was sent, and the other way round.
        let second = refuse(&mut turn).unwrap();
        assert_eq!(second, if echoed { vec![] } else { all.clone() });
        // Then it was something else: there is an end.
        let third = refuse(&mut turn);
        assert_eq!(third, Some(if echoed { all.clone() } else { vec![] }));
        assert_eq!(refuse(&mut turn), None);
    }
}

#[test]
fn does_not_send_again_without_earlier_calls() {
    let config = config("", "");
    let (mut turn, _) = begin(&config, Session::default());
    let step = answer(&mut turn, 400, &[], b"reasoning_content is missing");
    assert!(matches!(step, Step::Failed(_)), "{step:?}");
}

#[test]
fn arguments_that_are_null_are_none() {
    let config = config("", "");
    let (mut turn, _) = begin(&config, Session::default());
    let said = br#"{"choices":[{"message":{"tool_calls":[{"id":"c","function":{"name":"list_files","arguments":null}}]}}]}"#;
    assert_eq!(
        calls(answer(&mut turn, 200, &[], said)),
        [call("c", "list_files", "")]
    );
}

#[test]
fn model_learns_of_unknown_tools_and_malformed_arguments() {
    let config = config("", "");
    let (mut turn, _) = begin(&config, Session::default());
    let said = calling(&[
        ["c1", "fly", "{}"],
        ["c2", "read_file", "{\"path\":"],
        ["c3", "read_file", "[]"],
    ]);
    let second = request(answer(&mut turn, 200, &[], &said));
    let messages = body(&second)["messages"].clone();
    assert_eq!(
        messages[2]["content"],
        "there is no such tool, known are: read_file, list_files"
    );
    let told = |index: usize| messages[index]["content"].as_str().unwrap().to_owned();
    assert!(
        told(3).starts_with("the arguments are malformed: "),
        "{}",
        told(3)
    );
    assert!(told(4).contains("an object"), "{}", told(4));
    let sent = &messages[1]["tool_calls"][1]["function"]["arguments"];
    assert_eq!(sent, "{}", "providers refuse malformed arguments");
}

#[test]
fn call_without_result_counts_as_interrupted() {
    let config = config("", "");
    let (mut turn, _) = begin(&config, Session::default());
    calls(answer(
        &mut turn,
        200,
        &[],
        &calling(&[["c1", "read_file", PATH], ["c2", "list_files", ""]]),
    ));
    let results = vec![result("c2", "a.txt"), result("c2", "again"), result("other", "?")];
    let second = request(turn.resume(results, NOW));
    let messages = body(&second)["messages"].clone();
    assert_eq!(messages.as_array().unwrap().len(), 4);
    assert_eq!(messages[2]["content"], "a.txt");
    assert_eq!(messages[3]["tool_call_id"], "c1");
    assert!(messages[3]["content"].as_str().unwrap().contains("interrupted"));
}

#[test]
fn session_that_was_interrupted_during_a_call_continues() {
    let mut session = Session::default();
    session.messages.push(Message::new(Role::User, "Read it!"));
    session.messages.push(Message {
        calls: vec![call("c1", "read_file", PATH), call("c2", "read_file", PATH)],
        ..Message::new(Role::Assistant, "")
    });
    session.messages.push(result("c1", "hello").into());
    for config in [config("", ""), anthropic("", "")] {
        let (_, request) = begin(&config, session.clone());
        let text = String::from_utf8(request.body).unwrap();
        assert!(text.contains("hello") && text.contains("interrupted"), "{text}");
    }
}

#[test]
fn turn_ends_when_calls_reach_their_limit() {
    let config = config(r#","max_steps":3"#, "");
    let (mut turn, _) = begin(&config, Session::default());
    for number in 1..=3 {
        let arguments = format!(r#"{{"path":"{number}"}}"#);
        let asked = calls(answer(
            &mut turn,
            200,
            &[],
            &calling(&[["c", "read_file", &arguments]]),
        ));
        request(turn.resume(vec![result(&asked[0].id, "hello")], NOW));
    }
    let reply = reply(answer(&mut turn, 200, &[], &calling(&[["c", "read_file", PATH]])));
    assert_eq!(reply.finish, Finish::Stopped);
    assert!(reply.warning.unwrap().contains("`max_steps`"));
    let last = reply.session.messages.last().unwrap();
    assert!(last.answered.as_ref().unwrap().is_error, "each call has a result");
}

#[test]
fn third_equal_call_in_row_ends_turn() {
    let config = config("", "");
    let (mut turn, _) = begin(&config, Session::default());
    for id in ["c1", "c2"] {
        calls(answer(&mut turn, 200, &[], &calling(&[[id, "read_file", PATH]])));
        request(turn.resume(vec![result(id, "hello")], NOW));
    }
    let reply = reply(answer(
        &mut turn,
        200,
        &[],
        &calling(&[["c3", "read_file", PATH]]),
    ));
    assert!(reply.warning.unwrap().contains("in a row"));
}

#[test]
fn flood_of_calls_ends_the_turn_in_time() {
    let config = config("", "");
    let (mut turn, _) = begin(&config, Session::default());
    let said = calling(&vec![["c", "read_file", PATH]; 50_000]);
    let reply = reply(answer(&mut turn, 200, &[], &said));
    assert!(
        reply
            .warning
            .as_ref()
            .unwrap()
            .contains("more than 128 tools at once")
    );
    assert_eq!(
        reply.session.messages.len(),
        2 + 128,
        "each call that is kept has a result"
    );
}

#[test]
fn answer_with_the_most_calls_goes_on() {
    let config = config("", "");
    let (mut turn, _) = begin(&config, Session::default());
    let said = calling(&vec![["c", "read_file", PATH]; 128]);
    assert_eq!(calls(answer(&mut turn, 200, &[], &said)).len(), 128);
}

#[test]
fn budget_of_tokens_ends_the_turn() {
    // The first answer uses all of them, and no more.
    let config = config(r#","turn_tokens":15"#, "");
    let (mut turn, _) = begin(&config, Session::default());
    calls(answer(
        &mut turn,
        200,
        &[],
        &calling(&[["c1", "read_file", PATH]]),
    ));
    request(turn.resume(vec![result("c1", "hello")], NOW));
    let reply = reply(answer(&mut turn, 200, &[], &calling(&[["c2", "list_files", ""]])));
    assert!(reply.warning.unwrap().contains("30 tokens (`turn_tokens`)"));
}

#[test]
fn deadline_of_the_turn_spans_all_requests() {
    let config = config(r#","turn_timeout_secs":60"#, "");
    let (mut turn, _) = begin(&config, Session::default());
    calls(answer(
        &mut turn,
        200,
        &[],
        &calling(&[["c1", "read_file", PATH]]),
    ));
    let later = &|| Duration::from_secs(40);
    let second = request(turn.resume(vec![result("c1", "hello")], later));
    assert_eq!(
        second.timeout,
        Duration::from_secs(30),
        "each request has its own time"
    );
    let step = |clock| {
        let said = calling(&[["c2", "list_files", ""]]);
        let (mut turn, _) = begin(&config, Session::default());
        turn.feed(
            Event::Head {
                status: 200,
                headers: &[],
            },
            clock,
        );
        turn.feed(Event::Body(&said), clock);
        turn.feed(Event::End, clock)
    };
    calls(step(&|| Duration::from_secs(20)));
    let reply = reply(step(&|| Duration::from_secs(61)));
    assert!(reply.warning.unwrap().contains("`turn_timeout_secs`"));
}

#[test]
fn failed_turn_hands_out_what_its_tools_did() {
    let config = config("", r#","retries":0"#);
    let (mut turn, _) = begin(&config, Session::default());
    calls(answer(
        &mut turn,
        200,
        &[],
        &calling(&[["c1", "read_file", PATH]]),
    ));
    request(turn.resume(vec![result("c1", "hello")], NOW));
    let step = answer(&mut turn, 500, &[], b"{}");
    assert!(matches!(step, Step::Failed(_)), "{step:?}");
    let session = turn.take_unfinished().unwrap();
    assert_eq!(session.messages.len(), 3);
    assert_eq!(turn.take_unfinished(), None);

    let (mut turn, _) = begin(&config, Session::default());
    answer(&mut turn, 500, &[], b"{}");
    assert_eq!(turn.take_unfinished(), None, "nothing was called");
}

#[test]
fn text_that_broke_off_calls_nothing() {
    let config = config(r#","stream":true"#, "");
    let (mut turn, _) = begin(&config, Session::default());
    let step = stream(
        &mut turn,
        &[
            r#"{"choices":[{"delta":{"content":"I look."}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c1","function":{"name":"read_file","arguments":"{"}}]}}]}"#,
        ],
    );
    let reply = reply(step);
    assert!(reply.incomplete.is_some());
    assert!(reply.session.messages.last().unwrap().calls.is_empty());
}

#[test]
fn trims_long_turn_with_calls_and_results_together() {
    let config = config(r#","context_tokens":300,"max_steps":100"#, "");
    let (mut turn, _) = begin(&config, Session::default());
    let long = "x".repeat(400);
    let mut last = None;
    for number in 0..10 {
        let id = format!("c{number}");
        let arguments = format!(r#"{{"path":"{number}"}}"#);
        calls(answer(
            &mut turn,
            200,
            &[],
            &calling(&[[&id, "read_file", &arguments]]),
        ));
        last = Some(request(turn.resume(vec![result(&id, &long)], NOW)));
    }
    let messages = body(&last.unwrap())["messages"].as_array().unwrap().clone();
    let roles: Vec<&str> = messages
        .iter()
        .map(|message| message["role"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["user", "assistant", "tool", "assistant", "tool"]);
    assert_eq!(messages[0]["content"], "Read it!");
    assert_eq!(messages[4]["tool_call_id"], "c9");
}
