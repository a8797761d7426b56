//! Requests from one dialect to another: what both sides know arrives exactly, and nothing is dropped silently.

use clawft_api::{Dialect, Options, Request};
use serde_json::{Value, json};

const CHAT: Dialect = Dialect::Chat;
const MESSAGES: Dialect = Dialect::Messages;

/// Returns the translated body and the warnings, each as `field: message`.
fn translate(from: Dialect, to: Dialect, body: &Value) -> Result<(Value, Vec<String>), String> {
    let request = Request::read(from, body.to_string().as_bytes()).map_err(|error| error.to_string())?;
    let options = Options {
        max_tokens: 1000,
        ..Options::default()
    };
    let written = request.write(to, &options).map_err(|error| error.to_string())?;
    let warnings = written.warnings.iter().map(ToString::to_string).collect();
    Ok((serde_json::from_slice(&written.body).unwrap(), warnings))
}

/// Returns a request with a model, messages and `members`.
fn with(messages: Value, members: Value) -> Value {
    let mut body = json!({"model": "m", "messages": messages});
    body.as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    body
}

fn user(members: Value) -> Value {
    with(json!([{"role": "user", "content": "Hi"}]), members)
}

/// Asserts a translation without warnings, in which `members` of the chat request are `others` in Anthropic's, and
/// the way back.
#[track_caller]
fn assert_both_ways(chat: Value, messages: Value) {
    assert_eq!(
        translate(CHAT, MESSAGES, &chat).unwrap(),
        (messages.clone(), vec![]),
        "to Anthropic"
    );
    let (back, warnings) = translate(MESSAGES, CHAT, &messages).unwrap();
    assert_eq!((back, warnings), (chat, vec![]), "to chat");
}

#[test]
fn translates_parameters_both_ways() {
    assert_both_ways(
        user(json!({
            "max_completion_tokens": 50, "stop": ["A", "B"], "temperature": 0.70, "top_p": 0.9, "user": "u",
            "stream": true, "stream_options": {"include_usage": true},
        })),
        user(json!({
            "max_tokens": 50, "stop_sequences": ["A", "B"], "temperature": 0.70, "top_p": 0.9,
            "metadata": {"user_id": "u"}, "stream": true,
        })),
    );
}

#[test]
fn translates_tools_both_ways() {
    let schema = json!({"type": "object", "properties": {"b": {"type": "string"}, "a": {"const": 1.0}}});
    for (chat, messages) in [
        (json!("auto"), json!({"type": "auto"})),
        (json!("required"), json!({"type": "any"})),
        (json!("none"), json!({"type": "none"})),
        (
            json!({"type": "function", "function": {"name": "f"}}),
            json!({"type": "tool", "name": "f"}),
        ),
    ] {
        assert_both_ways(
            user(json!({
                "max_completion_tokens": 9, "tool_choice": chat,
                "tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters": schema}}],
            })),
            user(json!({
                "max_tokens": 9, "tool_choice": messages,
                "tools": [{"name": "f", "description": "d", "input_schema": schema}],
            })),
        );
    }
}

#[test]
fn translates_calls_and_results_both_ways() {
    let chat = with(
        json!([
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}},
                {"type": "file", "file": {"file_data": "data:application/pdf;base64,QUJD", "filename": "a.pdf"}},
            ]},
            {"role": "assistant", "content": "Let me see.", "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "f", "arguments": r#"{"a":[2.5],"b":1}"#}},
                {"id": "c2", "type": "function", "function": {"name": "g", "arguments": "{}"}},
            ]},
            {"role": "tool", "tool_call_id": "c1", "content": "one"},
            {"role": "tool", "tool_call_id": "c2", "content": [
                {"type": "text", "text": "two"}, {"type": "text", "text": "three"},
            ]},
            {"role": "user", "content": "And?"},
            {"role": "assistant", "content": "So"},
        ]),
        json!({"max_completion_tokens": 9}),
    );
    let messages = json!({
        "model": "m", "max_tokens": 9, "system": "Be brief.",
        "messages": [
            {"role": "user", "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QUJD"}},
                {"type": "document", "title": "a.pdf", "source": {
                    "type": "base64", "media_type": "application/pdf", "data": "QUJD",
                }},
            ]},
            {"role": "assistant", "content": [
                {"type": "text", "text": "Let me see."},
                {"type": "tool_use", "id": "c1", "name": "f", "input": {"b": 1, "a": [2.50]}},
                {"type": "tool_use", "id": "c2", "name": "g", "input": {}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "c1", "content": "one"},
                {"type": "tool_result", "tool_use_id": "c2", "content": [
                    {"type": "text", "text": "two"}, {"type": "text", "text": "three"},
                ]},
                {"type": "text", "text": "And?"},
            ]},
            {"role": "assistant", "content": "So"},
        ],
    });
    assert_both_ways(chat, messages);
}

#[test]
fn translates_schema_of_answer_both_ways() {
    let schema = json!({"type": "object", "properties": {}, "additionalProperties": false});
    assert_both_ways(
        user(json!({
            "max_completion_tokens": 9,
            "response_format": {"type": "json_schema", "json_schema": {
                "name": "output", "schema": schema, "strict": true,
            }},
        })),
        user(json!({
            "max_tokens": 9,
            "output_config": {"format": {"type": "json_schema", "schema": schema}},
        })),
    );
}

#[test]
fn translates_reasoning_both_ways() {
    for (effort, budget) in [("low", 2048), ("medium", 8192), ("high", 16384)] {
        assert_both_ways(
            user(json!({"max_completion_tokens": 50_000, "reasoning_effort": effort})),
            user(json!({"max_tokens": 50_000, "thinking": {"type": "enabled", "budget_tokens": budget}})),
        );
    }
    let none = user(json!({"max_completion_tokens": 9, "reasoning_effort": "none"}));
    let disabled = user(json!({"max_tokens": 9, "thinking": {"type": "disabled"}}));
    assert_eq!(
        translate(CHAT, MESSAGES, &none).unwrap(),
        (disabled.clone(), vec![])
    );
    // That is the default of Anthropic's clients, and an error for most other models.
    let (body, warnings) = translate(MESSAGES, CHAT, &disabled).unwrap();
    assert_eq!(body["reasoning_effort"], Value::Null);
    assert!(warnings[0].starts_with("thinking: "), "{warnings:?}");
    let signed = json!([{"type": "thinking", "thinking": "Hm.", "signature": "s"}]);
    assert_both_ways(
        with(
            json!([
                {"role": "user", "content": "Hi"},
                {"role": "assistant", "content": "Hello", "reasoning_content": "Hm.", "thinking_blocks": signed},
                {"role": "user", "content": "Go on"},
            ]),
            json!({"max_completion_tokens": 9}),
        ),
        with(
            json!([
                {"role": "user", "content": "Hi"},
                {"role": "assistant", "content": [signed[0], {"type": "text", "text": "Hello"}]},
                {"role": "user", "content": "Go on"},
            ]),
            json!({"max_tokens": 9}),
        ),
    );
}

#[test]
fn keeps_unknown_fields_in_same_dialect() {
    let chat = with(
        json!([
            {"role": "developer", "content": "x", "x1": [1, {"y": 2.0}]},
            {"role": "user", "content": [{"type": "text", "text": "Hi", "x2": true}, {"type": "new", "z": 1}]},
        ]),
        json!({
            "max_completion_tokens": 5, "x3": "é\u{1}", "n": 2, "seed": 1, "stream": true,
            "stream_options": {"include_usage": true, "x4": 1},
            "tools": [{"type": "web", "q": 1}, {"type": "function", "function": {"name": "f", "x5": 0}}],
        }),
    );
    assert_eq!(translate(CHAT, CHAT, &chat).unwrap(), (chat.clone(), vec![]));
    let messages = with(
        json!([{"role": "user", "content": [
            {"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}}, {"type": "new", "z": 1},
        ]}]),
        json!({
            "max_tokens": 5, "top_k": 3, "container": "c", "metadata": {"user_id": "u", "x": 1},
            "thinking": {"type": "adaptive", "display": "omitted"}, "output_config": {"effort": "max", "x": 1},
            "tools": [{"type": "bash_20250124", "name": "bash"}],
        }),
    );
    assert_eq!(
        translate(MESSAGES, MESSAGES, &messages).unwrap(),
        (messages.clone(), vec![])
    );
}

#[test]
fn names_each_field_without_counterpart() {
    let part = |part: Value| with(json!([{"role": "user", "content": [part]}]), json!({}));
    for (from, to, body, field) in [
        (CHAT, MESSAGES, user(json!({"n": 2})), "n"),
        (CHAT, MESSAGES, user(json!({"logprobs": true})), "logprobs"),
        (CHAT, MESSAGES, user(json!({"new": {"a": 1}})), "new"),
        (
            CHAT,
            MESSAGES,
            user(json!({"modalities": ["audio"]})),
            "modalities",
        ),
        (
            CHAT,
            MESSAGES,
            part(json!({"type": "new"})),
            "messages.0.content.0",
        ),
        (
            CHAT,
            MESSAGES,
            part(json!({"type": "text", "text": "x", "new": 1})),
            "messages.0.content.0.new",
        ),
        (
            CHAT,
            MESSAGES,
            part(json!({"type": "input_audio", "input_audio": {"data": "", "format": "wav"}})),
            "messages.0.content.0",
        ),
        (
            CHAT,
            MESSAGES,
            part(json!({"type": "file", "file": {"file_id": "f"}})),
            "messages.0.content.0",
        ),
        (MESSAGES, CHAT, user(json!({"container": "c"})), "container"),
        (MESSAGES, CHAT, user(json!({"mcp_servers": [{}]})), "mcp_servers"),
        (
            MESSAGES,
            CHAT,
            part(json!({"type": "document", "source": {"type": "url", "url": "u"}})),
            "messages.0.content.0",
        ),
        (
            MESSAGES,
            CHAT,
            part(json!({"type": "search_result"})),
            "messages.0.content.0",
        ),
    ] {
        let error = translate(from, to, &body).unwrap_err();
        // Parts are named by their type as well.
        let (start, kind) = error.split_once(" of `").unwrap_or((&error, ""));
        assert_eq!(start, format!("{field}: {to} have no counterpart"));
        assert!(
            kind.is_empty()
                || body
                    .to_string()
                    .contains(&format!("\"type\":\"{}\"", &kind[..kind.len() - 1]))
        );
    }
}

#[test]
fn warns_of_each_ignored_field() {
    for (from, to, members, field) in [
        (CHAT, MESSAGES, json!({"seed": 1}), "seed"),
        (CHAT, MESSAGES, json!({"logit_bias": {"1": 2}}), "logit_bias"),
        (
            CHAT,
            MESSAGES,
            json!({"frequency_penalty": 0.5}),
            "frequency_penalty",
        ),
        (CHAT, MESSAGES, json!({"service_tier": "flex"}), "service_tier"),
        (CHAT, MESSAGES, json!({"metadata": {"a": "b"}}), "metadata"),
        (
            CHAT,
            MESSAGES,
            json!({"response_format": {"type": "json_object"}}),
            "response_format",
        ),
        (
            CHAT,
            MESSAGES,
            json!({"tools": [{"type": "web_search"}]}),
            "tools.0",
        ),
        (MESSAGES, CHAT, json!({"top_k": 5}), "top_k"),
        (
            MESSAGES,
            CHAT,
            json!({"service_tier": "standard_only"}),
            "service_tier",
        ),
        (
            MESSAGES,
            CHAT,
            json!({"thinking": {"type": "adaptive", "display": "omitted"}}),
            "thinking.display",
        ),
        (
            MESSAGES,
            CHAT,
            json!({"tools": [{"type": "web_search_20250305", "name": "w"}]}),
            "tools.0",
        ),
    ] {
        let (_, warnings) = translate(from, to, &user(members)).unwrap();
        assert_eq!(
            warnings,
            [format!("{field}: ignored, because {to} have no counterpart")]
        );
    }
}

#[test]
fn ignores_members_that_ask_for_the_default() {
    for members in [
        json!({"n": 1, "logprobs": false, "seed": null, "frequency_penalty": 0, "logit_bias": {}, "store": false}),
        json!({"modalities": ["text"], "service_tier": "auto", "stream": false, "tools": null}),
    ] {
        let (body, warnings) = translate(CHAT, MESSAGES, &user(members)).unwrap();
        assert_eq!((body, warnings), (user(json!({"max_tokens": 1000})), vec![]));
    }
}

#[test]
fn moves_late_system_messages_with_warning() {
    let chat = with(
        json!([
            {"role": "system", "content": "one"},
            {"role": "user", "content": "Hi"},
            {"role": "developer", "content": "two"},
        ]),
        json!({}),
    );
    let (body, warnings) = translate(CHAT, MESSAGES, &chat).unwrap();
    assert_eq!(
        body["system"],
        json!([{"type": "text", "text": "one"}, {"type": "text", "text": "two"}])
    );
    assert_eq!(body["messages"], json!([{"role": "user", "content": "Hi"}]));
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].starts_with("messages.2: moved to the system prompt"),
        "{warnings:?}"
    );

    let request = Request::read(CHAT, chat.to_string().as_bytes()).unwrap();
    let options = Options {
        system_messages: true,
        ..Options::default()
    };
    let written = request.write(MESSAGES, &options).unwrap();
    let body: Value = serde_json::from_slice(&written.body).unwrap();
    assert_eq!(body["messages"][1], json!({"role": "system", "content": "two"}));
    assert_eq!(written.warnings, []);
}

#[test]
fn gives_thinking_room_below_the_limit() {
    let thinking = |members: Value| {
        let (body, warnings) = translate(CHAT, MESSAGES, &user(members)).unwrap();
        (
            body["max_tokens"].as_u64(),
            body["thinking"]["budget_tokens"].as_u64(),
            warnings.len(),
        )
    };
    assert_eq!(
        thinking(json!({"reasoning_effort": "low"})),
        (Some(3048), Some(2048), 0)
    );
    assert_eq!(
        thinking(json!({"reasoning_effort": "high", "max_tokens": 6000})),
        (Some(6000), Some(3000), 0)
    );
    assert_eq!(
        thinking(json!({"reasoning_effort": "high", "max_tokens": 1500})),
        (Some(1500), Some(1024), 0)
    );
    assert_eq!(
        thinking(json!({"reasoning_effort": "high", "max_tokens": 1024})),
        (Some(1024), None, 1)
    );
    assert_eq!(
        thinking(json!({"reasoning_effort": "low", "temperature": 0.2})),
        (Some(3048), Some(2048), 1)
    );
}

/// Returns a chat completion's request for one of Anthropic's models, with the fields of the warnings.
fn for_claude(members: Value, options: &Options) -> (Value, Vec<String>) {
    let body = user(members).to_string();
    let request = Request::read(CHAT, body.as_bytes()).unwrap();
    let written = request.write(MESSAGES, options).unwrap();
    let fields = written.warnings.into_iter().map(|warning| warning.field);
    (serde_json::from_slice(&written.body).unwrap(), fields.collect())
}

#[test]
fn newer_models_think_adaptively_and_take_no_temperature() {
    let newer = Options {
        max_tokens: 64_000,
        is_maximum: true,
        adaptive_thinking: true,
        sampling: false,
        ..Options::default()
    };
    let asked = json!({"reasoning_effort": "high", "temperature": 0.2, "top_p": 0.9, "top_k": 3});
    let (body, warnings) = for_claude(asked, &newer);
    assert_eq!(
        body["thinking"],
        json!({"type": "adaptive", "display": "summarized"})
    );
    assert_eq!(
        (&body["output_config"]["effort"], &body["max_tokens"]),
        (&json!("high"), &json!(64_000))
    );
    assert_eq!(warnings, ["temperature", "top_k", "top_p"]);
    for key in ["temperature", "top_p", "top_k"] {
        assert_eq!(body[key], Value::Null, "{key}");
    }
    assert_eq!(for_claude(json!({"temperature": 1}), &newer).1, [""; 0]);
    let always = Options {
        always_thinks: true,
        ..newer
    };
    let (body, warnings) = for_claude(json!({"reasoning_effort": "none"}), &always);
    assert_eq!(
        (&body["thinking"], warnings),
        (&Value::Null, vec!["reasoning_effort".to_owned()])
    );
}

#[test]
fn older_models_think_after_calls_with_thoughts_only() {
    let older = Options {
        max_tokens: 64_000,
        is_maximum: true,
        ..Options::default()
    };
    let call = json!({"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}});
    let thoughts = json!([{"type": "thinking", "thinking": "Hm.", "signature": "s"}]);
    let asked = |thoughts: Value, after: Value| {
        let mut messages = vec![
            json!({"role": "user", "content": "x"}),
            json!({"role": "assistant", "content": null, "thinking_blocks": thoughts, "tool_calls": [call]}),
            json!({"role": "tool", "tool_call_id": "c", "content": "y"}),
        ];
        messages.extend(after.as_array().unwrap().clone());
        json!({"reasoning_effort": "high", "messages": messages})
    };
    let said = json!([{"role": "assistant", "content": "z"}, {"role": "user", "content": "more"}]);
    for (thoughts, after, thinks) in [
        (json!([]), json!([]), false),
        (thoughts, json!([]), true),
        (json!([]), said, true),
    ] {
        let (body, warnings) = for_claude(asked(thoughts, after), &older);
        assert_eq!(body["thinking"].is_object(), thinks, "{body}");
        assert_eq!(warnings.contains(&"reasoning_effort".to_owned()), !thinks);
    }
    let newer = Options {
        adaptive_thinking: true,
        ..older
    };
    let (body, _) = for_claude(asked(json!([]), json!([])), &newer);
    assert_eq!(body["thinking"]["type"], "adaptive");
}

#[test]
fn constraints_that_anthropic_refuses_are_left_out() {
    let format = |schema: &Value| json!({"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}});
    let schema = json!({"type": "object", "required": ["a", "minimum"], "properties": {
        "a": {"type": "array", "minItems": 2, "maxItems": 3, "items": {"type": "object", "properties": {}}},
        "minimum": {"anyOf": [{"type": "integer", "minimum": 1}, {"$ref": "#/$defs/t"}], "default": {"minimum": 1}},
        "c": {"type": "array", "minItems": 1},
        "d": {"type": "object", "additionalProperties": {"type": "string"}},
    }, "$defs": {"t": {"type": "string", "maxLength": 4, "enum": ["x"]}}});
    let expected = json!({"type": "object", "required": ["a", "minimum"], "properties": {
        "a": {"type": "array", "items": {"type": "object", "properties": {}, "additionalProperties": false}},
        "minimum": {"anyOf": [{"type": "integer"}, {"$ref": "#/$defs/t"}], "default": {"minimum": 1}},
        "c": {"type": "array", "minItems": 1},
        "d": {"type": "object", "additionalProperties": {"type": "string"}},
    }, "$defs": {"t": {"type": "string", "enum": ["x"]}}, "additionalProperties": false});
    let (body, warnings) = for_claude(format(&schema), &Options::default());
    assert_eq!(body["output_config"]["format"]["schema"], expected);
    assert_eq!(warnings, ["response_format"]);
    let (body, warnings) = for_claude(format(&expected), &Options::default());
    assert_eq!(
        (&body["output_config"]["format"]["schema"], warnings),
        (&expected, vec![])
    );
}

#[test]
fn sampling_that_the_model_refuses_is_left_out() {
    let single = Options {
        single_sampling: true,
        ..Options::default()
    };
    let sent = |members: Value, options: &Options| {
        let (body, warnings) = for_claude(members, options);
        (
            body["temperature"].as_f64(),
            body["top_p"].as_f64(),
            warnings.join(" "),
        )
    };
    let both = json!({"temperature": 0.5, "top_p": 0.9});
    assert_eq!(sent(both.clone(), &single), (Some(0.5), None, "top_p".to_owned()));
    let both_taken = (Some(0.5), Some(0.9), String::new());
    assert_eq!(sent(both, &Options::default()), both_taken);
    let usual = json!({"temperature": 1, "top_p": 0.9});
    assert_eq!(sent(usual, &single), (None, Some(0.9), String::new()));
    for (top_p, expected) in [(0.5, None), (0.95, Some(0.95)), (1.0, Some(1.0))] {
        let thinking = json!({"reasoning_effort": "high", "top_p": top_p});
        assert_eq!(sent(thinking, &single).1, expected);
    }
}

#[test]
fn thinking_fits_into_the_maximum_of_the_model() {
    let older = Options {
        max_tokens: 32_000,
        is_maximum: true,
        ..Options::default()
    };
    for (effort, budget) in [("low", 2048), ("xhigh", 16_000)] {
        let (body, _) = for_claude(json!({"reasoning_effort": effort}), &older);
        assert_eq!(body["max_tokens"], 32_000);
        assert_eq!(body["thinking"]["budget_tokens"], budget, "{effort}");
    }
}

#[test]
fn chat_completion_may_have_anthropics_own_thinking() {
    let enabled = json!({"type": "enabled", "budget_tokens": 2000});
    let asked = json!({"thinking": enabled, "max_tokens": 4000, "top_k": 3});
    let (body, warnings) = for_claude(asked, &Options::default());
    assert_eq!(
        (&body["thinking"], &body["top_k"], warnings),
        (&enabled, &json!(3), vec![])
    );
    let newer = Options {
        adaptive_thinking: true,
        ..Options::default()
    };
    let (body, _) = for_claude(json!({"thinking": enabled}), &newer);
    assert_eq!(
        (&body["thinking"]["type"], &body["output_config"]["effort"]),
        (&json!("adaptive"), &json!("low"))
    );
    let (body, _) = for_claude(json!({"thinking": {"type": "adaptive"}}), &newer);
    assert_eq!(body["thinking"]["type"], "adaptive");
    let error = translate(CHAT, MESSAGES, &user(json!({"thinking": {"type": "other"}}))).unwrap_err();
    assert!(error.contains("thinking"), "{error}");
}

#[test]
fn hands_on_tool_images_in_message_of_user() {
    let messages = with(
        json!([
            {"role": "assistant", "content": [{"type": "tool_use", "id": "c", "name": "see", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "is_error": true, "content": [
                {"type": "text", "text": "half of it"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QQ=="}},
            ]}]},
        ]),
        json!({"max_tokens": 9}),
    );
    let (body, warnings) = translate(MESSAGES, CHAT, &messages).unwrap();
    assert_eq!(
        body["messages"].as_array().unwrap()[1..],
        [
            json!({"role": "tool", "tool_call_id": "c", "content": "Error: half of it"}),
            json!({"role": "user", "content": [
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,QQ=="}},
            ]}),
        ]
    );
    assert_eq!(warnings.len(), 1, "{warnings:?}");
}

#[test]
fn sends_invalid_input_of_tools_as_text() {
    let chat = |arguments: &str| {
        with(
            json!([{"role": "assistant", "tool_calls": [
                {"id": "functions.f:0", "type": "function", "function": {"name": "f", "arguments": arguments}},
            ]}]),
            json!({}),
        )
    };
    for (arguments, input) in [
        ("", json!({})),
        (" ", json!({})),
        (r#"{"a":1}"#, json!({"a": 1})),
        (r#"{"a":"#, json!({"INVALID_JSON": r#"{"a":"#})),
        ("[1]", json!({"INVALID_JSON": "[1]"})),
    ] {
        let (body, _) = translate(CHAT, MESSAGES, &chat(arguments)).unwrap();
        let block = &body["messages"][0]["content"][0];
        assert_eq!(block["input"], input);
        assert_eq!(block["id"], "functions_f_0");
    }
}

#[test]
fn reads_documents_of_text() {
    let file = |data: &str| {
        with(
            json!([{"role": "user", "content": [{"type": "file", "file": {"file_data": data, "filename": "n"}}]}]),
            json!({}),
        )
    };
    let (body, _) = translate(CHAT, MESSAGES, &file("data:text/plain;base64,SGkh")).unwrap();
    assert_eq!(
        body["messages"][0]["content"][0]["source"],
        json!({"type": "text", "media_type": "text/plain", "data": "Hi!"})
    );
    assert!(translate(CHAT, MESSAGES, &file("data:text/plain;base64,?")).is_err());
    let error = translate(CHAT, MESSAGES, &file("data:video/mp4;base64,QUJD")).unwrap_err();
    assert!(error.starts_with("messages.0.content.0: "), "{error}");
}

#[test]
fn reports_wrong_types_with_their_path() {
    for (dialect, body, expected) in [
        (CHAT, json!({"messages": []}), "model: missing"),
        (CHAT, json!({"model": "m"}), "messages: missing"),
        (
            CHAT,
            json!({"model": 1, "messages": []}),
            "model: expected a string, found a number",
        ),
        (
            CHAT,
            with(json!([{"role": "x"}]), json!({})),
            "messages.0.role: unknown role",
        ),
        (
            CHAT,
            with(json!([{"role": "tool", "content": ""}]), json!({})),
            "messages.0.tool_call_id: missing",
        ),
        (
            MESSAGES,
            user(json!({"tools": [{"name": "f"}]})),
            "tools.0.input_schema: missing",
        ),
        (
            MESSAGES,
            user(json!({"max_tokens": "9"})),
            "max_tokens: expected a whole number, found a string",
        ),
    ] {
        assert_eq!(translate(dialect, dialect, &body).unwrap_err(), expected);
    }
}

#[test]
fn leaves_out_records_of_hosted_tools_with_warning() {
    let messages = with(
        json!([
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": [
                {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
                {"type": "web_search_tool_result", "tool_use_id": "s", "content": []},
                {"type": "text", "text": "Found."},
            ]},
            {"role": "user", "content": "So?"},
        ]),
        json!({"max_tokens": 5}),
    );
    let (body, warnings) = translate(MESSAGES, CHAT, &messages).unwrap();
    assert_eq!(
        body["messages"][1],
        json!({"role": "assistant", "content": "Found."})
    );
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(
        warnings[0].starts_with("messages.1.content.0: ignored"),
        "{warnings:?}"
    );
    assert_eq!(
        translate(MESSAGES, MESSAGES, &messages).unwrap(),
        (messages, vec![])
    );
}

#[test]
fn writes_no_choice_without_tools() {
    for tools in [json!([]), json!([{"type": "web_search"}])] {
        for choice in ["auto", "none", "required"] {
            let body = user(json!({"tools": tools, "tool_choice": choice}));
            for to in [MESSAGES, Dialect::Responses] {
                let (body, _) = translate(CHAT, to, &body).unwrap();
                assert_eq!((body.get("tools"), body.get("tool_choice")), (None, None));
            }
        }
        let body = user(json!({"tools": tools, "tool_choice": {"type": "web_search"}}));
        let error = translate(CHAT, MESSAGES, &body).unwrap_err();
        assert_eq!(error, "tool_choice: Anthropic messages have no counterpart");
    }
}
