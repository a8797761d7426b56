//! OpenAI Responses: requests, answers and streams that only this dialect has.

mod support;

use clawft_api::{Answer, Context, Dialect, Options, Request, Stream};
use serde_json::{Value, json};

use support::{
    fold,
    parts::{call, chunks, more},
};

const CHAT: Dialect = Dialect::Chat;
const MESSAGES: Dialect = Dialect::Messages;
const RESPONSES: Dialect = Dialect::Responses;

fn request(from: Dialect, body: &Value) -> Request {
    Request::read(from, body.to_string().as_bytes()).unwrap()
}

fn translate(from: Dialect, to: Dialect, body: &Value) -> Result<(Value, Vec<String>), String> {
    let request = Request::read(from, body.to_string().as_bytes()).map_err(|error| error.to_string())?;
    let options = Options {
        max_tokens: 1000,
        ..Options::default()
    };
    let written = request.write(to, &options).map_err(|error| error.to_string())?;
    let fields = written
        .warnings
        .into_iter()
        .map(|warning| warning.field)
        .collect();
    Ok((serde_json::from_slice(&written.body).unwrap(), fields))
}

/// A request of the kind that Codex sends in its second step, with the same members, items and tools.
fn codex() -> Value {
    let schema = json!({"type": "object", "properties": {"cmd": {"type": "string"}}, "required": ["cmd"]});
    json!({
        "model": "m", "stream": true, "store": false, "tool_choice": "auto", "parallel_tool_calls": true,
        "instructions": "You are a coding agent.",
        "reasoning": {"effort": "medium", "summary": "auto"},
        "include": ["reasoning.encrypted_content"],
        "prompt_cache_key": "k",
        "client_metadata": {"session_id": "s"},
        "text": {"verbosity": "low"},
        "input": [
            {"type": "message", "id": "m1", "role": "developer", "content": [
                {"type": "input_text", "text": "Sandbox: read-only."},
            ]},
            {"type": "message", "role": "user", "content": [
                {"type": "input_text", "text": "<environment_context/>"},
            ]},
            {"type": "message", "role": "user", "content": [
                {"type": "input_text", "text": "What is in the image?"},
                {"type": "input_image", "image_url": "data:image/png;base64,QUJD"},
            ]},
            {"type": "reasoning", "id": "r1", "summary": [
                {"type": "summary_text", "text": "Hm."}, {"type": "summary_text", "text": "So."},
            ], "content": null, "encrypted_content": "sealed"},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I look."}]},
            {"type": "function_call", "id": "f1", "name": "exec", "arguments": "{\"cmd\":\"ls\"}", "call_id": "c1"},
            {"type": "function_call", "namespace": "agents", "name": "spawn", "arguments": "{}", "call_id": "c2"},
            {"type": "custom_tool_call", "status": "completed", "call_id": "c3", "name": "patch", "input": "*** x\n"},
            {"type": "function_call_output", "call_id": "c1", "output": "a.txt"},
            {"type": "function_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "ok"}]},
            {"type": "custom_tool_call_output", "call_id": "c3", "output": "Done!"},
            {"type": "web_search_call", "status": "completed", "action": {"type": "search", "query": "q"}},
        ],
        "tools": [
            {"type": "function", "name": "exec", "description": "Runs.", "strict": false, "parameters": schema},
            {"type": "namespace", "name": "agents", "description": "Sub-agents.", "tools": [
                {"type": "function", "name": "spawn", "strict": false, "parameters": {"type": "object"}},
            ]},
            {"type": "custom", "name": "patch", "description": "Patches.", "format": {
                "type": "grammar", "syntax": "lark", "definition": "start: x",
            }},
            {"type": "web_search", "external_web_access": false},
        ],
    })
}

#[test]
fn translates_requests_of_codex_to_chat_completions() {
    let (body, warnings) = translate(RESPONSES, CHAT, &codex()).unwrap();
    assert_eq!(
        body["messages"],
        json!([
            {"role": "system", "content": "You are a coding agent.\n\nSandbox: read-only."},
            {"role": "user", "content": "<environment_context/>"},
            {"role": "user", "content": [
                {"type": "text", "text": "What is in the image?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}},
            ]},
            {
                "role": "assistant", "content": "I look.", "reasoning_content": "Hm.\n\nSo.",
                "thinking_blocks": [{"type": "thinking", "thinking": "Hm.\n\nSo.", "signature": "sealed"}],
                "tool_calls": [
                    {"id": "c1", "type": "function", "function": {"name": "exec", "arguments": "{\"cmd\":\"ls\"}"}},
                    {"id": "c2", "type": "function", "function": {"name": "agents__spawn", "arguments": "{}"}},
                    {"id": "c3", "type": "custom", "custom": {"name": "patch", "input": "*** x\n"}},
                ],
            },
            {"role": "tool", "tool_call_id": "c1", "content": "a.txt"},
            {"role": "tool", "tool_call_id": "c2", "content": "ok"},
            {"role": "tool", "tool_call_id": "c3", "content": "Done!"},
        ])
    );
    let names: Vec<&Value> = body["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["function"].get("name").unwrap_or(&tool["custom"]["name"]))
        .collect();
    assert_eq!(names, ["exec", "agents__spawn", "patch"]);
    assert_eq!(
        body["tools"][2]["custom"]["format"],
        json!({"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: x"}})
    );
    assert_eq!(
        (
            &body["reasoning_effort"],
            &body["verbosity"],
            &body["prompt_cache_key"]
        ),
        (&json!("medium"), &json!("low"), &json!("k"))
    );
    assert_eq!(body["stream_options"], json!({"include_usage": true}));
    assert_eq!(
        warnings,
        ["input.11", "tools.3", "client_metadata", "tools.1.description"]
    );
}

#[test]
fn offers_custom_tools_as_functions_to_older_servers() {
    let options = Options {
        custom_tools: false,
        ..Options::default()
    };
    let mut body = codex();
    body["tool_choice"] = json!({"type": "custom", "name": "patch"});
    let written = request(RESPONSES, &body).write(CHAT, &options).unwrap();
    let body: Value = serde_json::from_slice(&written.body).unwrap();
    let tool = &body["tools"][2];
    assert_eq!(
        (&tool["type"], &tool["function"]["name"]),
        (&json!("function"), &json!("patch"))
    );
    assert_eq!(tool["function"]["parameters"]["required"], json!(["input"]));
    assert!(
        tool["function"]["description"]
            .as_str()
            .unwrap()
            .contains("start: x")
    );
    assert_eq!(
        body["messages"][3]["tool_calls"][2],
        json!({"id": "c3", "type": "function", "function": {"name": "patch", "arguments": "{\"input\":\"*** x\\n\"}"}})
    );
    assert_eq!(
        body["tool_choice"],
        json!({"type": "function", "function": {"name": "patch"}})
    );
}

#[test]
fn translates_requests_of_codex_to_anthropic_messages() {
    let (body, warnings) = translate(RESPONSES, MESSAGES, &codex()).unwrap();
    let texts = ["You are a coding agent.", "Sandbox: read-only."];
    assert_eq!(
        body["system"],
        json!(texts.map(|text| json!({"type": "text", "text": text})))
    );
    assert_eq!(
        body["messages"].as_array().unwrap()[2..],
        [
            json!({"role": "assistant", "content": [
                {"type": "thinking", "thinking": "Hm.\n\nSo.", "signature": "sealed"},
                {"type": "text", "text": "I look."},
                {"type": "tool_use", "id": "c1", "name": "exec", "input": {"cmd": "ls"}},
                {"type": "tool_use", "id": "c2", "name": "agents__spawn", "input": {}},
                {"type": "tool_use", "id": "c3", "name": "patch", "input": {"input": "*** x\n"}},
            ]}),
            json!({"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "c1", "content": "a.txt"},
                {"type": "tool_result", "tool_use_id": "c2", "content": "ok"},
                {"type": "tool_result", "tool_use_id": "c3", "content": "Done!"},
            ]}),
        ]
    );
    assert_eq!(body["tools"][2]["input_schema"]["required"], json!(["input"]));
    assert!(
        body["tools"][2]["description"]
            .as_str()
            .unwrap()
            .contains("start: x")
    );
    assert_eq!(
        body["thinking"],
        json!({"type": "enabled", "budget_tokens": 8192})
    );
    assert_eq!(body["tool_choice"], json!({"type": "auto"}));
    assert_eq!(
        warnings,
        [
            "input.11",
            "tools.3",
            "client_metadata",
            "prompt_cache_key",
            "text.verbosity",
            "tools.1.description"
        ]
    );
}

#[test]
fn keeps_requests_of_codex_in_same_dialect() {
    let (mut body, warnings) = translate(RESPONSES, RESPONSES, &codex()).unwrap();
    let mut expected = codex();
    // A content of one text is a string, which means the same.
    expected["input"][0]["content"] = json!("Sandbox: read-only.");
    expected["input"][1]["content"] = json!("<environment_context/>");
    expected["input"][4]["content"] = json!("I look.");
    expected["input"][9]["output"] = json!("ok");
    let reasoning = &mut expected["input"][3];
    reasoning["summary"] = json!([{"type": "summary_text", "text": "Hm.\n\nSo."}]);
    reasoning.as_object_mut().unwrap().remove("content");
    assert_eq!(
        body["input"].as_array_mut().unwrap(),
        expected["input"].as_array().unwrap()
    );
    assert_eq!((body, warnings), (expected, vec![]));
}

#[test]
fn restores_calls_of_codex_tools() {
    let context = request(RESPONSES, &codex()).context();
    let deltas = [
        json!({"reasoning_content": "Hm."}),
        call(0, "c1", "agents__spawn", "{}"),
        call(1, "c2", "patch", "{\"inp"),
        more(1, "ut\":\"*** \\n\"}"),
    ];
    let mut stream = Stream::new(CHAT, RESPONSES, context.clone());
    let mut bytes = stream.feed(chunks(&deltas, "tool_calls").as_bytes());
    bytes.extend(stream.end());
    let response = fold::responses(&String::from_utf8(bytes).unwrap());
    assert_eq!(
        response["output"].as_array().unwrap()[1..],
        [
            json!({
                "id": "fc_a1_1", "type": "function_call", "status": "completed", "call_id": "c1",
                "namespace": "agents", "name": "spawn", "arguments": "{}",
            }),
            json!({
                "id": "ctc_a1_2", "type": "custom_tool_call", "status": "completed", "call_id": "c2",
                "name": "patch", "input": "*** \n",
            }),
        ]
    );
    assert_eq!(response["instructions"], "You are a coding agent.");
    assert_eq!(response["tools"], codex()["tools"]);
    assert_eq!(response["truncation"], "disabled");

    let body = json!({"id": "a1", "model": "m", "stop_reason": "tool_use", "content": [
        {"type": "tool_use", "id": "c2", "name": "patch", "input": {"input": "*** \n"}},
    ]});
    let answer = Answer::read(MESSAGES, body.to_string().as_bytes()).unwrap();
    let body = answer.write(RESPONSES, &context).unwrap().body;
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["output"][0]["input"], "*** \n");
}

#[test]
fn translates_parameters_of_chat_both_ways() {
    let schema = json!({"type": "object"});
    let chat = json!({
        "model": "m", "messages": [{"role": "user", "content": "Hi"}], "max_completion_tokens": 50,
        "temperature": 0.5, "top_p": 0.9, "user": "u", "reasoning_effort": "xhigh", "verbosity": "high",
        "parallel_tool_calls": false, "service_tier": "flex", "metadata": {"a": "b"}, "store": true,
        "prompt_cache_key": "k", "safety_identifier": "s", "top_logprobs": 2,
        "response_format": {"type": "json_schema", "json_schema": {
            "name": "n", "description": "d", "schema": schema, "strict": true,
        }},
        "tools": [
            {"type": "function", "function": {"name": "f", "parameters": schema, "strict": false}},
            {"type": "custom", "custom": {"name": "c", "format": {
                "type": "grammar", "grammar": {"syntax": "regex", "definition": "x"},
            }}},
        ],
        "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [
            {"type": "function", "function": {"name": "f"}},
        ]}},
    });
    let responses = json!({
        "model": "m", "input": [{"type": "message", "role": "user", "content": "Hi"}], "max_output_tokens": 50,
        "temperature": 0.5, "top_p": 0.9, "user": "u", "parallel_tool_calls": false, "service_tier": "flex",
        "reasoning": {"effort": "xhigh"}, "include": ["reasoning.encrypted_content"],
        "metadata": {"a": "b"}, "store": true, "prompt_cache_key": "k", "safety_identifier": "s", "top_logprobs": 2,
        "text": {
            "verbosity": "high",
            "format": {"type": "json_schema", "name": "n", "description": "d", "schema": schema, "strict": true},
        },
        "tools": [
            {"type": "function", "name": "f", "parameters": schema, "strict": false},
            {"type": "custom", "name": "c", "format": {"type": "grammar", "syntax": "regex", "definition": "x"}},
        ],
        "tool_choice": {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "f"}]},
    });
    assert_eq!(
        translate(CHAT, RESPONSES, &chat).unwrap(),
        (responses.clone(), vec![])
    );
    // Chat completions need both members.
    let mut back = chat;
    back["logprobs"] = json!(true);
    assert_eq!(translate(RESPONSES, CHAT, &responses).unwrap(), (back, vec![]));
}

#[test]
fn translates_thinking_of_anthropic_both_ways() {
    let messages = json!({
        "model": "m", "max_tokens": 20_000, "system": "Be brief.",
        "thinking": {"type": "enabled", "budget_tokens": 8192},
        "messages": [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "s"},
                {"type": "redacted_thinking", "data": "r"},
                {"type": "text", "text": "Hello"},
            ]},
            {"role": "user", "content": "Go on"},
        ],
    });
    let (body, warnings) = translate(MESSAGES, RESPONSES, &messages).unwrap();
    assert_eq!(
        body,
        json!({
            "model": "m", "max_output_tokens": 20_000, "instructions": "Be brief.", "store": false,
            "reasoning": {"effort": "medium", "summary": "auto"}, "include": ["reasoning.encrypted_content"],
            "input": [
                {"type": "message", "role": "user", "content": "Hi"},
                {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}], "encrypted_content": "s"},
                {"type": "reasoning", "summary": [], "encrypted_content": "redacted_thinking:r"},
                {"type": "message", "role": "assistant", "content": "Hello"},
                {"type": "message", "role": "user", "content": "Go on"},
            ],
        })
    );
    assert_eq!(warnings, [""; 0]);
    assert_eq!(translate(RESPONSES, MESSAGES, &body).unwrap(), (messages, vec![]));
}

#[test]
fn names_each_field_without_counterpart() {
    let with = |members: Value| {
        let mut body = json!({"model": "m", "input": "Hi"});
        body.as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        body
    };
    let item = |item: Value| with(json!({"input": [item]}));
    let to_both = [
        (with(json!({"background": true})), "background"),
        (with(json!({"conversation": "c"})), "conversation"),
        (with(json!({"prompt": {"id": "p"}})), "prompt"),
        (
            with(json!({"tool_choice": {"type": "web_search"}})),
            "tool_choice",
        ),
    ];
    for (body, field) in &to_both {
        let error = translate(RESPONSES, CHAT, body).unwrap_err();
        assert_eq!(error, format!("{field}: chat completions have no counterpart"));
    }
    for kind in ["compaction", "computer_call"] {
        let error = translate(RESPONSES, CHAT, &item(json!({"type": kind, "call_id": "c"}))).unwrap_err();
        let expected = format!("input.0: chat completions have no counterpart of `{kind}`");
        assert_eq!(error, expected);
    }
    let reference = item(json!({"type": "item_reference", "id": "i"}));
    let error = translate(RESPONSES, MESSAGES, &reference).unwrap_err();
    assert_eq!(error, "input.0: the item is not kept here, send the item itself");
    let tools = json!({"tools": [{"type": "function", "name": "f", "parameters": {}}]});
    let mut forced = with(tools);
    forced["tool_choice"] = json!({"type": "web_search"});
    assert!(translate(RESPONSES, MESSAGES, &forced).is_err());
    let chat = |members: Value| {
        let mut body = json!({"model": "m", "messages": []});
        body.as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        body
    };
    for members in [json!({"stop": "x"}), json!({"n": 2}), json!({"logprobs": true})] {
        let field = members.as_object().unwrap().keys().next().unwrap();
        let error = translate(CHAT, RESPONSES, &chat(members.clone())).unwrap_err();
        assert_eq!(error, format!("{field}: OpenAI Responses have no counterpart"));
    }
    let error = translate(RESPONSES, CHAT, &with(json!({"previous_response_id": "resp_1"}))).unwrap_err();
    assert_eq!(error, "previous_response_id: there is no response `resp_1`");
}

#[test]
fn caller_resolves_the_previous_response() {
    let mut next = request(
        RESPONSES,
        &json!({"model": "m", "input": "And?", "previous_response_id": "resp_1"}),
    );
    assert_eq!(next.previous_response_id.take().as_deref(), Some("resp_1"));
    let first = request(RESPONSES, &json!({"model": "m", "input": "Hi"}));
    let body = json!({"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]});
    let answer = Answer::read(CHAT, body.to_string().as_bytes()).unwrap();
    next.continue_from(first.turns, &answer);
    let body = next.write(CHAT, &Options::default()).unwrap().body;
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        body["messages"],
        json!([
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "Hello"},
            {"role": "user", "content": "And?"},
        ])
    );
}

#[test]
fn reports_failures_in_the_middle() {
    let mut stream = Stream::new(CHAT, RESPONSES, Context::new(17));
    let bytes = stream.feed(
        b"data: {\"id\":\"a\",\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\n\
        data: {\"error\":{\"message\":\"Slow down\",\"code\":429}}\n\n",
    );
    let events = fold::events(&String::from_utf8(bytes).unwrap());
    let last = events.last().unwrap();
    assert_eq!(
        (&last["type"], &last["response"]["status"]),
        (&json!("response.failed"), &json!("failed"))
    );
    assert_eq!(
        last["response"]["error"],
        json!({"code": "rate_limit_exceeded", "message": "Slow down"})
    );
    for event in [
        r#"{"type":"error","code":"server_error","message":"No","sequence_number":3}"#,
        r#"{"type":"response.failed","response":{"error":{"code":"server_error","message":"No"}}}"#,
    ] {
        let mut stream = Stream::new(RESPONSES, MESSAGES, Context::new(17));
        let bytes = stream.feed(format!("data: {event}\n\n").as_bytes());
        let events = fold::events(&String::from_utf8(bytes).unwrap());
        assert_eq!(
            events.last().unwrap()["error"],
            json!({"type": "api_error", "message": "No"})
        );
    }
}

#[test]
fn reports_incomplete_answers_with_their_reason() {
    for (finish, stop_reason, reason) in [
        ("length", "max_tokens", "max_output_tokens"),
        ("content_filter", "refusal", "content_filter"),
    ] {
        let body = json!({"id": "a", "choices": [{"message": {"content": "Hi"}, "finish_reason": finish}]});
        let answer = Answer::read(CHAT, body.to_string().as_bytes()).unwrap();
        let body = answer.write(RESPONSES, &Context::new(17)).unwrap().body;
        let value: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(value["status"], "incomplete");
        assert_eq!(value["incomplete_details"], json!({"reason": reason}));
        let answer = Answer::read(RESPONSES, &body).unwrap();
        let value: Value =
            serde_json::from_slice(&answer.write(MESSAGES, &Context::new(17)).unwrap().body).unwrap();
        assert_eq!(value["stop_reason"], stop_reason);
    }
}

#[test]
fn log_probabilities_are_equal_in_chat_and_responses() {
    let body = br#"{"model":"m","input":"x","top_logprobs":2,
        "include":["reasoning.encrypted_content","message.output_text.logprobs"]}"#;
    let request = Request::read(Dialect::Responses, body).unwrap();
    let written = request.write(Dialect::Chat, &Options::default()).unwrap();
    let chat: Value = serde_json::from_slice(&written.body).unwrap();
    assert_eq!(
        (&chat["logprobs"], &chat["top_logprobs"]),
        (&json!(true), &json!(2))
    );
    assert_eq!(written.warnings, []);
    let written = Request::read(Dialect::Responses, br#"{"model":"m","input":"x"}"#).unwrap();
    let written = written.write(Dialect::Chat, &Options::default()).unwrap();
    assert!(!String::from_utf8_lossy(&written.body).contains("logprobs"));

    let tokens = json!([{"token": "a", "logprob": -0.5, "bytes": [97], "top_logprobs": []}]);
    let body = json!({"choices": [{"index": 0, "message": {"reasoning_content": "hm", "content": "a"},
        "logprobs": {"content": tokens, "refusal": null}, "finish_reason": "stop"}]});
    let answer = Answer::read(Dialect::Chat, body.to_string().as_bytes()).unwrap();
    let written = answer.write(Dialect::Responses, &Context::new(17)).unwrap();
    let response: Value = serde_json::from_slice(&written.body).unwrap();
    assert_eq!(response["output"][1]["content"][0]["logprobs"], tokens);
    assert_eq!(written.warnings, []);
}
