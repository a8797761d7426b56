//! A successful turn: the request, the answer, the session.

use std::time::Duration;

use clawft_core::{Event, HeaderValue, Method, Step, Turn, TurnError};
use clawft_types::{Config, Input, Message, Role, Session, Usage};
use serde_json::{Value, json};

use crate::common::{KEY, NOW, answer, begin, config, env};

const ANSWER: &[u8] = include_bytes!("../../../clawft-types/tests/fixtures/openai-completion.json");

fn header<'a>(request: &'a clawft_core::HttpRequest, name: &str) -> Option<&'a HeaderValue> {
    request
        .headers
        .iter()
        .find(|header| header.name == name)
        .map(|header| &header.value)
}

#[test]
fn turn_can_own_its_config() {
    let owned = || {
        Turn::begin_owned(
            config("", ""),
            &env,
            Session::default(),
            Input::parse("Hello!").unwrap(),
        )
    };
    let (mut turn, request) = owned().unwrap();
    assert_eq!(request, begin(&config("", "")).1);
    assert!(matches!(answer(&mut turn, 200, &[], ANSWER), Step::Done(_)));
}

#[test]
fn request_matches_the_documentation() {
    let (_, request) = begin(&config(r#","system_prompt":"Be brief.","max_tokens":50"#, ""));
    assert_eq!(request.method, Method::Post);
    assert_eq!(request.url, "https://api.openai.com/v1/chat/completions");
    assert_eq!(request.timeout, Duration::from_secs(30));
    assert_eq!((request.method.as_str(), Method::Get.as_str()), ("POST", "GET"));
    assert_eq!(
        header(&request, "content-type").unwrap().expose(),
        "application/json"
    );
    assert_eq!(
        header(&request, "user-agent").unwrap().expose(),
        concat!("clawft/", env!("CARGO_PKG_VERSION"))
    );
    assert_eq!(
        header(&request, "authorization").unwrap().expose(),
        ["Bearer ", KEY].concat()
    );
    assert_eq!(
        serde_json::from_slice::<Value>(&request.body).unwrap(),
        json!({"model": "gpt-4o-mini", "max_completion_tokens": 50, "messages": [
            {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello!"}],
            "stream": true, "stream_options": {"include_usage": true}})
    );
}

#[test]
fn request_never_prints_its_key() {
    let config = config("", "");
    let (turn, request) = begin(&config);
    for shown in [
        format!("{request:?}"),
        format!("{turn:?}"),
        header(&request, "authorization").unwrap().to_string(),
    ] {
        assert!(shown.contains("***") && !shown.contains("sk-proj"), "{shown}");
    }
}

#[test]
fn appends_the_answer_to_the_session() {
    let config = config(r#","system_prompt":"Be brief.""#, "");
    let (mut turn, _) = begin(&config);
    let Step::Done(reply) = answer(&mut turn, 200, &[], ANSWER) else {
        panic!()
    };
    let text = "Hello! How can I assist you today?";
    assert_eq!(reply.text(), text);
    assert_eq!(reply.finish_reason.as_deref(), Some("stop"));
    assert_eq!(
        reply.usage,
        Some(Usage {
            prompt_tokens: 19,
            completion_tokens: 10,
            total_tokens: 29,
            ..Usage::default()
        })
    );
    let said = [
        Message::new(Role::User, "Hello!"),
        Message::new(Role::Assistant, text),
    ];
    assert_eq!(
        reply.session.messages, said,
        "the system prompt is not part of a session"
    );
}

#[test]
fn next_request_holds_the_history() {
    let config = config("", "");
    let (mut turn, _) = begin(&config);
    let Step::Done(reply) = answer(&mut turn, 200, &[], ANSWER) else {
        panic!()
    };
    let session = Session::parse(&reply.session.to_json()).unwrap();
    let next = Input::parse("And now?").unwrap();
    let (_, request) = Turn::begin(&config, &env, session, next).unwrap();
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let said: Vec<_> = body["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| &message["content"])
        .collect();
    assert_eq!(said, ["Hello!", "Hello! How can I assist you today?", "And now?"]);
}

#[test]
fn refusal_counts_as_an_answer() {
    let config = config("", "");
    let (mut turn, _) = begin(&config);
    let body = br#"{"choices":[{"message":{"content":null,"refusal":"I cannot."}}]}"#;
    let Step::Done(reply) = answer(&mut turn, 200, &[], body) else {
        panic!()
    };
    assert_eq!(reply.text(), "I cannot.");
}

#[test]
fn variable_wins_over_key_in_file() {
    let both = config("", r#","api_key":"from-file""#);
    let sent = |env: &dyn Fn(&str) -> Option<String>| {
        let (_, request) = Turn::begin(&both, env, Session::default(), Input::parse("x").unwrap()).unwrap();
        header(&request, "authorization").unwrap().expose().to_owned()
    };
    assert_eq!(sent(&|_| Some("from-env\n".to_owned())), "Bearer from-env");
    assert_eq!(sent(&|_| None), "Bearer from-file");
    assert_eq!(sent(&|_| Some(" ".to_owned())), "Bearer from-file");
}

#[test]
fn local_server_gets_no_key() {
    let text = r#"{"agents":{"model":"m"},"providers":{"providers":{"ollama":{"api_base":"http://localhost:11434/v1/"}}}}"#;
    let (_, request) = begin(&Config::parse("c", text.as_bytes()).unwrap());
    assert_eq!(request.url, "http://localhost:11434/v1/chat/completions");
    assert_eq!(header(&request, "authorization"), None);
}

#[test]
fn sends_nothing_without_the_key() {
    let begin = |value: Option<&str>| {
        let input = Input::parse("x").unwrap();
        let value = value.map(str::to_owned);
        Turn::begin(&config("", ""), &|_| value.clone(), Session::default(), input)
            .unwrap_err()
            .to_string()
    };
    let missing = "no API key for provider `openai`: the variable `OPENAI_API_KEY` is not set or empty, \
                   set it or give `api_key` in the config";
    assert_eq!(begin(None), missing);
    assert_eq!(begin(Some(" \n")), missing);
    let unusable = "the API key of provider `openai` holds a character that no HTTP header may: \
                    the key was read from the variable `OPENAI_API_KEY`";
    for key in ["a\r\nx: y", "a\0b", "a b", "schlüssel"] {
        assert_eq!(begin(Some(key)), unusable);
    }
}

#[test]
fn event_out_of_order_is_an_error() {
    let head = || Event::Head {
        status: 200,
        headers: &[],
    };
    for events in [
        vec![Event::End],
        vec![Event::Body(b"x")],
        vec![head(), head()],
        vec![head(), Event::End, Event::End],
    ] {
        let config = config("", "");
        let (mut turn, _) = begin(&config);
        let last = events.into_iter().map(|event| turn.feed(event, NOW)).last();
        assert!(matches!(last, Some(Step::Failed(TurnError::OutOfOrder))));
    }
}
