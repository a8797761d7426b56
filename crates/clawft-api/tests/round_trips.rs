//! Any request keeps its meaning on the way through other dialects and back.

use clawft_api::{Dialect, Options, Request};
use proptest::{collection::vec, option, prelude::*};
use serde_json::{Map, Value, json};

const ALL: [Dialect; 3] = [Dialect::Chat, Dialect::Responses, Dialect::Messages];

/// Returns the translated request. All that the generator makes has a counterpart.
fn translate(from: Dialect, to: Dialect, body: &Value) -> Value {
    let request =
        Request::read(from, body.to_string().as_bytes()).unwrap_or_else(|error| panic!("{error}: {body}"));
    let written = request
        .write(to, &Options::default())
        .unwrap_or_else(|error| panic!("{error}: {body}"));
    assert_eq!(written.warnings, [], "{body}");
    serde_json::from_slice(&written.body).unwrap()
}

fn text() -> impl Strategy<Value = String> {
    vec(
        prop_oneof![Just("a"), Just("\"\\\n"), Just("é🦀"), Just("\u{1}")],
        1..5,
    )
    .prop_map(|parts| parts.concat())
}

fn part() -> impl Strategy<Value = Value> {
    let text = || text().prop_map(|text| json!({"type": "text", "text": text}));
    prop_oneof![
        text(),
        text(),
        prop_oneof![
            Just("https://example.org/a.png"),
            Just("data:image/png;base64,QUJD")
        ]
        .prop_map(|url| json!({"type": "image_url", "image_url": {"url": url}})),
        Just(
            json!({"type": "file", "file": {"file_data": "data:application/pdf;base64,QUJD", "filename": "a.pdf"}})
        ),
    ]
}

fn user() -> impl Strategy<Value = Vec<Value>> {
    let content = prop_oneof![
        text().prop_map(Value::String),
        vec(part(), 2..4).prop_map(Value::Array)
    ];
    content.prop_map(|content| vec![json!({"role": "user", "content": content})])
}

/// Returns a step of the model: what it says and calls, and the results.
fn step() -> impl Strategy<Value = Vec<Value>> {
    let signed = |text: String| json!([{"type": "thinking", "thinking": text, "signature": "s"}]);
    let calls = vec((any::<u16>(), text(), text()), 1..3);
    (option::of(text()), option::of(text()), calls).prop_map(move |(thought, text, calls)| {
        let mut message = json!({"role": "assistant", "content": text, "tool_calls": []});
        if let Some(thought) = thought {
            message["reasoning_content"] = json!(thought);
            message["thinking_blocks"] = signed(thought);
        }
        let mut turns = vec![];
        for (id, input, output) in calls {
            let arguments = json!({"input": input}).to_string();
            message["tool_calls"].as_array_mut().unwrap().push(json!({
                "id": format!("call_{id}"), "type": "function", "function": {"name": "f", "arguments": arguments},
            }));
            turns.push(json!({"role": "tool", "tool_call_id": format!("call_{id}"), "content": output}));
        }
        turns.insert(0, message);
        turns
    })
}

fn messages() -> impl Strategy<Value = Value> {
    let system = option::of(text().prop_map(|text| json!({"role": "system", "content": text})));
    let said = text().prop_map(|text| {
        vec![
            json!({"role": "assistant", "content": text}),
            json!({"role": "user", "content": "And?"}),
        ]
    });
    (system, user(), vec(prop_oneof![user(), step(), said], 0..4)).prop_map(|(system, first, rest)| {
        let turns = [first, rest.concat()].concat();
        Value::Array(system.into_iter().chain(turns).collect())
    })
}

fn tools() -> impl Strategy<Value = Value> {
    let schema = json!({"type": "object", "properties": {"input": {"type": "string"}}});
    let tool = move |(name, description): (&str, Option<String>)| {
        let mut function = json!({"name": name, "parameters": schema, "strict": true});
        function
            .as_object_mut()
            .unwrap()
            .extend(description.map(|text| ("description".into(), json!(text))));
        json!({"type": "function", "function": function})
    };
    let choice = prop_oneof![
        Just(json!("auto")),
        Just(json!("none")),
        Just(json!("required")),
        Just(json!({"type": "function", "function": {"name": "f"}})),
    ];
    let tools = (option::of(text()), option::of(text()));
    let tools = tools.prop_map(move |(f, g)| json!([tool(("f", f)), tool(("g", g))]));
    let single = prop_oneof![Just(json!({})), Just(json!({"parallel_tool_calls": false}))];
    (tools, option::of(choice), single).prop_map(|(tools, choice, mut single)| {
        single["tools"] = tools;
        single
            .as_object_mut()
            .unwrap()
            .extend(choice.map(|choice| ("tool_choice".into(), choice)));
        // A choice of nothing has no parallel calls.
        if single["tool_choice"] == "none" {
            single.as_object_mut().unwrap().remove("parallel_tool_calls");
        }
        single
    })
}

fn request() -> impl Strategy<Value = Value> {
    let number = |key: &'static str, values: [f64; 2]| {
        option::of(
            prop::sample::select(values.to_vec()).prop_map(move |value| (key.to_owned(), json!(value))),
        )
        .boxed()
    };
    let schema = json!({"type": "object", "additionalProperties": false});
    let format =
        json!({"type": "json_schema", "json_schema": {"name": "output", "schema": schema, "strict": true}});
    let scalars = (
        number("temperature", [0.5, 1.0]),
        number("top_p", [0.1, 0.9]),
        option::of(Just(("user".to_owned(), json!("u")))),
        option::of(Just(("response_format".to_owned(), format))),
        prop::bool::ANY,
    );
    (messages(), option::of(tools()), scalars).prop_map(
        |(messages, tools, (one, two, three, four, stream))| {
            let mut body = json!({"model": "m", "messages": messages, "max_completion_tokens": 50_000});
            let members = body.as_object_mut().unwrap();
            members.extend([one, two, three, four].into_iter().flatten());
            if stream {
                members.insert("stream".into(), json!(true));
                members.insert("stream_options".into(), json!({"include_usage": true}));
            }
            if let Some(Value::Object(tools)) = tools {
                members.extend(tools);
            }
            body
        },
    )
}

/// Returns a chat request with its messages in one form: the parts of a message that has only one text are a string,
/// and members that are `null` are left out.
fn normal(mut body: Value) -> Value {
    fn clean(map: &mut Map<String, Value>) {
        map.retain(|_, value| !value.is_null());
    }
    let messages = body["messages"].as_array_mut().unwrap();
    messages
        .iter_mut()
        .filter_map(Value::as_object_mut)
        .for_each(clean);
    // The default, which Anthropic has to spell out to forbid parallel calls.
    if body["tool_choice"] == "auto" {
        body.as_object_mut().unwrap().remove("tool_choice");
    }
    body
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn requests_keep_their_meaning_on_the_way_back(body in request()) {
        let expected = normal(body.clone());
        for there in ALL {
            let translated = translate(Dialect::Chat, there, &body);
            let back = normal(translate(there, Dialect::Chat, &translated));
            prop_assert_eq!(&back, &expected, "{} {}", there, translated);
            for further in ALL {
                let other = translate(there, further, &translated);
                let back = normal(translate(further, Dialect::Chat, &other));
                prop_assert_eq!(&back, &expected, "{} {} {}", there, further, other);
            }
        }
    }
}
