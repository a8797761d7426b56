//! Pulled turns, with prepared responses.

use std::time::Duration;

use clawft_core::TimeLimit;
use clawft_types::{ToolDefinition, Usage};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{End, Failure, Finish, Kind, Options, Output, Pulled};
use crate::{
    env::WasiEnvironment,
    http::{
        HttpError,
        scripted::{Script, closed, prepare, sent},
    },
    platform::{BASE_VARIABLE, WasmPlatform},
};

const CONFIG: &str =
    r#"{"agents":{"model":"m"},"providers":{"providers":{"openai":{"api_key":"sk-secret","retries":0}}}}"#;

/// Returns a platform with an empty directory, in which sessions are stored.
fn platform() -> (TempDir, WasmPlatform) {
    let dir = TempDir::new().unwrap();
    let mut env = WasiEnvironment::new();
    env.set(BASE_VARIABLE, dir.path().to_str().unwrap());
    (dir, WasmPlatform::with_env(env))
}

fn again(dir: &TempDir) -> WasmPlatform {
    let mut env = WasiEnvironment::new();
    env.set(BASE_VARIABLE, dir.path().to_str().unwrap());
    WasmPlatform::with_env(env)
}

fn tool(name: &str) -> ToolDefinition {
    ToolDefinition {
        name: name.to_owned().into(),
        description: "Returns the weather.".into(),
        parameters: r#"{"type":"object"}"#.into(),
    }
}

fn options(message: &str) -> Options {
    Options {
        message: message.to_owned(),
        configuration: Some(CONFIG.to_owned()),
        tools: vec![tool("get_weather")],
        ..Options::default()
    }
}

fn whole(body: &Value) -> Script {
    Script {
        status: 200,
        content_type: "application/json",
        parts: vec![body.to_string().leak()],
        failure: None,
    }
}

fn stream(events: &[Value]) -> Script {
    let event = |event: &Value| &*format!("data: {event}\n\n").leak();
    Script {
        status: 200,
        content_type: "text/event-stream",
        parts: events.iter().map(event).chain(["data: [DONE]\n\n"]).collect(),
        failure: None,
    }
}

fn delta(text: &str) -> Value {
    json!({ "choices": [{ "delta": { "content": text } }] })
}

fn calls(ids: &[&str]) -> Script {
    let call = |id: &&str| json!({ "id": id, "type": "function", "function": { "name": "get_weather", "arguments": "{\"city\":\"Oslo\"}" } });
    let calls: Vec<Value> = ids.iter().map(call).collect();
    whole(&json!({
        "choices": [{ "message": { "tool_calls": calls }, "finish_reason": "tool_calls" }],
        "usage": { "prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12 },
    }))
}

fn hello() -> Script {
    whole(&json!({
        "choices": [{ "message": { "content": "Hello!" }, "finish_reason": "stop" }],
        "usage": {
            "prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12,
            "prompt_tokens_details": { "cached_tokens": 3 }, "completion_tokens_details": { "reasoning_tokens": 2 },
        },
    }))
}

fn text(text: &str) -> Output {
    Output::Text(text.to_owned())
}

fn end(output: Output) -> End {
    match output {
        Output::End(end) => *end,
        output => panic!("{output:?} is not the end"),
    }
}

fn invalid(failure: Result<impl Sized, Failure>) -> String {
    let failure = failure.err().unwrap();
    assert_eq!(failure.kind, Kind::Invalid, "{}", failure.message);
    failure.message
}

#[test]
fn pulls_a_whole_answer_with_its_usage() {
    let (dir, platform) = platform();
    prepare([hello()]);
    let mut turn = Pulled::begin(platform, options("Hi")).unwrap();
    assert_eq!(turn.pull().unwrap(), text("Hello!"));
    let expected = End {
        text: "Hello!".to_owned(),
        finish: Finish::By(clawft_types::Finish::Complete),
        finish_reason: Some("stop".to_owned()),
        usage: Some(Usage {
            prompt_tokens: 7,
            completion_tokens: 5,
            total_tokens: 12,
            cached_tokens: 3,
            reasoning_tokens: 2,
        }),
        session: "default".to_owned(),
        stored: true,
        incomplete: None,
    };
    assert_eq!(end(turn.pull().unwrap()), expected);
    assert_eq!(invalid(turn.pull()), "the turn is over");
    assert!(
        again(&dir)
            .fs()
            .read_to_string("sessions/default.json")
            .unwrap()
            .contains("Hello!")
    );
}

#[test]
fn pulls_a_stream_part_by_part() {
    let (_dir, platform) = platform();
    prepare([stream(&[delta("Hel"), delta("lo!")])]);
    let streamed = Options {
        streamed: Some(true),
        ..options("Hi")
    };
    let mut turn = Pulled::begin(platform, streamed).unwrap();
    assert_eq!(sent().len(), 0, "nothing is sent before the first pull");
    assert_eq!(turn.pull().unwrap(), text("Hel"));
    assert_eq!(closed(), 0, "the response is still read");
    assert_eq!(turn.pull().unwrap(), text("lo!"));
    assert_eq!(end(turn.pull().unwrap()).text, "Hello!");
    assert_eq!(closed(), 1);
}

#[test]
fn host_answers_the_calls_of_its_tool() {
    let (_dir, platform) = platform();
    prepare([calls(&["a", "b"]), hello()]);
    let mut turn = Pulled::begin(platform, options("Weather?")).unwrap();
    for (id, result) in [("a", "snow"), ("b", "no such city")] {
        let Output::Call(call) = turn.pull().unwrap() else {
            panic!("there is no call")
        };
        assert_eq!(
            (&*call.id, &*call.name, &*call.arguments),
            (id, "get_weather", r#"{"city":"Oslo"}"#)
        );
        assert_eq!(invalid(turn.pull()), format!("the call `{id}` is not answered"));
        assert_eq!(
            invalid(turn.answer("c", String::new(), false)),
            "no call `c` waits for an answer"
        );
        turn.answer(id, result.to_owned(), id == "b").unwrap();
    }
    assert_eq!(turn.pull().unwrap(), text("Hello!"));
    assert_eq!(end(turn.pull().unwrap()).text, "Hello!");
    let sent = sent();
    assert!(sent[0].contains("Returns the weather."));
    assert!(sent[1].contains("snow") && sent[1].contains("no such city"));
}

#[test]
fn turns_on_two_sessions_are_pulled_alternately() {
    let (dir, platform) = platform();
    let begin = |platform, session: &str| {
        let options = Options {
            session: Some(session.to_owned()),
            streamed: Some(true),
            ..options(session)
        };
        Pulled::begin(platform, options).unwrap()
    };
    prepare([
        stream(&[delta("1"), delta("2")]),
        stream(&[delta("3"), delta("4")]),
    ]);
    let mut one = begin(platform, "one");
    let mut two = begin(again(&dir), "two");
    assert_eq!((one.pull().unwrap(), two.pull().unwrap()), (text("1"), text("3")));
    assert_eq!((one.pull().unwrap(), two.pull().unwrap()), (text("2"), text("4")));
    let (one, two) = (end(one.pull().unwrap()), end(two.pull().unwrap()));
    assert_eq!((&*one.text, &*one.session, one.stored), ("12", "one", true));
    assert_eq!((&*two.text, &*two.session, two.stored), ("34", "two", true));
    let platform = again(&dir);
    assert_eq!(super::list_sessions(&platform).unwrap(), ["one", "two"]);
    let json = super::export_session(&platform, "two").unwrap().unwrap();
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["messages"][1]["content"], "34");
    assert!(super::delete_session(&platform, "two").unwrap());
    assert!(!super::delete_session(&platform, "two").unwrap());
    assert_eq!(super::export_session(&platform, "two"), Ok(None));
    invalid(super::delete_session(&platform, "../one"));
}

#[test]
fn cancel_keeps_the_text_that_was_shown() {
    let (dir, platform) = platform();
    prepare([stream(&[delta("Hel"), delta("lo!")])]);
    let streamed = Options {
        streamed: Some(true),
        ..options("Hi")
    };
    let mut turn = Pulled::begin(platform, streamed).unwrap();
    assert_eq!(turn.pull().unwrap(), text("Hel"));
    turn.cancel();
    assert_eq!(closed(), 1, "the request is closed");
    turn.cancel();
    let end = end(turn.pull().unwrap());
    assert_eq!(
        (&*end.text, end.finish, end.stored),
        ("Hel", Finish::Cancelled, true)
    );
    assert_eq!(end.incomplete.unwrap(), "the host cancelled the turn");
    assert!(
        again(&dir)
            .fs()
            .read_to_string("sessions/default.json")
            .unwrap()
            .contains("Hel")
    );
    invalid(turn.pull());
}

#[test]
fn cancel_before_any_text_stores_nothing() {
    let (dir, platform) = platform();
    prepare([]);
    let mut turn = Pulled::begin(platform, options("Hi")).unwrap();
    turn.cancel();
    let end = end(turn.pull().unwrap());
    assert_eq!(
        (&*end.text, end.finish, end.stored),
        ("", Finish::Cancelled, false)
    );
    assert!(!again(&dir).fs().exists("sessions"));
}

#[test]
fn cancel_during_a_call_keeps_the_calls() {
    let (dir, platform) = platform();
    prepare([calls(&["a", "b"])]);
    let mut turn = Pulled::begin(platform, options("Hi")).unwrap();
    turn.pull().unwrap();
    turn.answer("a", "snow".to_owned(), false).unwrap();
    turn.pull().unwrap();
    turn.cancel();
    assert_eq!(sent().len(), 1, "the model is not asked again");
    let end = end(turn.pull().unwrap());
    assert!(end.stored);
    assert_eq!(end.usage.map(|usage| usage.total_tokens), Some(12));
    let stored = again(&dir).fs().read_to_string("sessions/default.json").unwrap();
    assert!(
        stored.contains("snow") && stored.contains("interrupted"),
        "{stored}"
    );
}

#[test]
fn dropped_turn_closes_its_request() {
    let (_dir, platform) = platform();
    prepare([stream(&[delta("Hel"), delta("lo!")])]);
    let streamed = Options {
        streamed: Some(true),
        ..options("Hi")
    };
    let mut turn = Pulled::begin(platform, streamed).unwrap();
    turn.pull().unwrap();
    drop(turn);
    assert_eq!(closed(), 1);
}

#[test]
fn turn_that_cannot_be_stored_ends_with_warning() {
    let (dir, platform) = platform();
    std::fs::write(dir.path().join("sessions"), "a file").unwrap();
    prepare([hello()]);
    let begun = Pulled::begin(platform, options("Hi"));
    match begun {
        // It may fail at once, because the session cannot be read.
        Err(failure) => assert_eq!(failure.kind, Kind::Storage),
        Ok(mut turn) => {
            turn.pull().unwrap();
            assert!(
                matches!(turn.pull().unwrap(), Output::Warning(text) if text.starts_with("the answer is not stored"))
            );
            assert!(!end(turn.pull().unwrap()).stored);
        }
    }
}

#[test]
fn warnings_come_before_a_failure() {
    let (dir, platform) = platform();
    prepare([calls(&["a"]), status(400)]);
    let mut turn = Pulled::begin(platform, options("Hi")).unwrap();
    turn.pull().unwrap();
    turn.answer("a", "snow".to_owned(), false).unwrap();
    // The calls of the turn cannot be stored.
    std::fs::write(dir.path().join("sessions"), "a file").unwrap();
    let warning = turn.pull().unwrap();
    assert!(
        matches!(&warning, Output::Warning(text) if text.starts_with("the answer is not stored")),
        "{warning:?}"
    );
    assert_eq!(turn.pull().unwrap_err().kind, Kind::Provider);
    assert_eq!(invalid(turn.pull()), "the turn is over");
}

/// Returns the kind of the failure of a turn whose request gets this response.
fn failure(script: Script) -> Kind {
    let (_dir, platform) = platform();
    prepare([script]);
    let mut turn = Pulled::begin(platform, options("Hi")).unwrap();
    let failure = turn.pull().unwrap_err();
    assert!(!failure.message.contains("sk-secret"));
    invalid(turn.pull());
    failure.kind
}

fn status(status: u16) -> Script {
    Script {
        status,
        ..whole(&json!({ "error": { "message": "no" } }))
    }
}

fn broken(failure: HttpError) -> Script {
    Script {
        parts: Vec::new(),
        failure: Some(failure),
        ..status(200)
    }
}

#[test]
fn every_failure_has_its_kind() {
    assert_eq!(failure(status(401)), Kind::Key);
    assert_eq!(failure(status(429)), Kind::RateLimit(None));
    assert_eq!(failure(status(400)), Kind::Provider);
    assert_eq!(failure(whole(&json!({}))), Kind::Provider);
    assert_eq!(
        failure(broken(HttpError::Unavailable("refused".to_owned()))),
        Kind::Unavailable
    );
    let late = HttpError::TimedOut(Duration::from_secs(1), TimeLimit::Idle);
    assert_eq!(failure(broken(late)), Kind::Timeout);
}

/// Returns the kind of the failure to begin a turn.
fn refused(options: Options) -> Kind {
    let (_dir, platform) = platform();
    // A key is looked for when the request is made.
    let begun = Pulled::begin(platform, options);
    begun.and_then(|mut turn| turn.pull()).unwrap_err().kind
}

#[test]
fn refuses_options_that_cannot_be_used() {
    assert_eq!(refused(options(" ")), Kind::Invalid);
    let with = |change: &dyn Fn(&mut Options)| {
        let mut options = options("Hi");
        change(&mut options);
        refused(options)
    };
    assert_eq!(
        with(&|options| options.session = Some("../x".to_owned())),
        Kind::Invalid
    );
    assert_eq!(with(&|options| options.configuration = None), Kind::Configuration);
    assert_eq!(
        with(&|options| options.configuration = Some("{".to_owned())),
        Kind::Configuration
    );
    let keyless = CONFIG.replace(r#""api_key":"sk-secret""#, r#""api_key_env":"NO_KEY""#);
    assert_eq!(
        with(&|options| options.configuration = Some(keyless.clone())),
        Kind::Key
    );
    assert_eq!(
        with(&|options| options.tools.push(tool("get_weather"))),
        Kind::Invalid
    );
    assert_eq!(
        with(&|options| options.tools[0].name = "with space".into()),
        Kind::Invalid
    );
    assert_eq!(with(&|options| options.tools[0].name = "".into()), Kind::Invalid);
    assert_eq!(
        with(&|options| options.tools[0].parameters = "[]".into()),
        Kind::Invalid
    );
}
