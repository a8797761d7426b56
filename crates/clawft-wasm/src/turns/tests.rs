//! Turns on a real directory, fed correctly and incorrectly as by a host.

use std::fs;

use proptest::prelude::*;
use tempfile::TempDir;

use super::{Break, Event, Finish, MAX_TURNS, Misuse, Number, Step, Text, Turns};
use crate::{
    env::WasiEnvironment,
    platform::{BASE_VARIABLE, WasmPlatform},
};

const CONFIG: &str = r#"{"agents":{"model":"m"},"providers":{"providers":{"openai":{"api_key_env":"KEY"}}}}"#;
const HELLO: &[u8] = br#"{"choices":[{"message":{"content":"Hello!"},"finish_reason":"stop"}]}"#;
const STREAMED: &[u8] = br#"{"content":"Hi","stream":true}"#;
const HEL: &[u8] = b"data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\n";
const LO: &[u8] = b"data: {\"choices\":[{\"delta\":{\"content\":\"lo!\"}}]}\n\ndata: [DONE]\n\n";
const JSON: &[u8] = b"Content-Type: application/json\r\n";
const EVENTS: &[u8] = b"content-type: text/event-stream\n";

struct Host {
    directory: TempDir,
    turns: Turns,
}

impl Host {
    fn new() -> Self {
        let directory = TempDir::new().unwrap();
        fs::write(directory.path().join("config.json"), CONFIG).unwrap();
        Self {
            directory,
            turns: Turns::new(),
        }
    }

    fn platform(&self) -> WasmPlatform {
        let mut env = WasiEnvironment::new();
        env.set("KEY", "sk-secret");
        env.set(BASE_VARIABLE, self.directory.path().to_str().unwrap());
        WasmPlatform::with_env(env)
    }

    fn begin(&mut self, message: &[u8]) -> i32 {
        self.turns.begin(self.platform(), message, b"").unwrap()
    }

    fn feed(&mut self, turn: i32, event: Event, number: u32, bytes: &[u8]) -> Result<Step, Misuse> {
        self.turns.feed(turn, event.code(), number, bytes, 10)
    }

    fn broken(&mut self, turn: i32, cause: Break) -> Step {
        self.feed(turn, Event::Broken, cause.code(), b"connection refused")
            .unwrap()
    }

    /// Feeds a complete response.
    fn answer(&mut self, turn: i32) {
        self.feed(turn, Event::Head, 200, JSON).unwrap();
        self.feed(turn, Event::Body, 0, HELLO).unwrap();
        assert_eq!(self.feed(turn, Event::End, 0, b""), Ok(Step::Done));
    }

    fn text(&self, turn: i32, text: Text) -> &str {
        str::from_utf8(self.turns.text(turn, text.code())).unwrap()
    }

    fn number(&self, turn: i32, number: Number) -> u32 {
        self.turns.number(turn, number.code())
    }

    fn stored(&self) -> String {
        fs::read_to_string(self.directory.path().join("sessions/default.json")).unwrap()
    }
}

#[test]
fn turn_returns_request_and_stores_answer() {
    let mut host = Host::new();
    let turn = host.begin(b"Hi");
    assert_eq!(host.turns.step(turn), Ok(Step::Send));
    assert_eq!(host.text(turn, Text::Method), "POST");
    assert_eq!(
        host.text(turn, Text::Url),
        "https://api.openai.com/v1/chat/completions"
    );
    let headers = host.text(turn, Text::Headers);
    assert!(
        headers.contains("authorization: Bearer sk-secret\r\n") && headers.ends_with("\r\n"),
        "{headers}"
    );
    assert!(host.text(turn, Text::RequestBody).contains("\"Hi\""));
    let limits = [Number::IdleTimeout, Number::TotalTimeout];
    assert_eq!(limits.map(|number| host.number(turn, number)), [60_000, 600_000]);
    let numbers = [Number::Wait, Number::Timeout, Number::Stream, Number::MaxResponse];
    assert_eq!(
        numbers.map(|number| host.number(turn, number)),
        [0, 30_000, 1, 160_000_000],
        "a stream is longer than its text"
    );

    assert_eq!(host.feed(turn, Event::Head, 200, JSON), Ok(Step::More));
    assert_eq!(host.text(turn, Text::Url), "", "the request is over");
    for part in HELLO.chunks(5) {
        assert_eq!(host.feed(turn, Event::Body, 0, part), Ok(Step::More));
    }
    assert_eq!(host.feed(turn, Event::End, 0, b""), Ok(Step::Done));
    assert_eq!(
        (host.text(turn, Text::Answer), host.text(turn, Text::Piece)),
        ("Hello!", "Hello!")
    );
    for text in [Text::Error, Text::Warnings, Text::Unstored] {
        assert_eq!(host.text(turn, text), "");
    }
    assert!(host.stored().contains("Hello!") && !host.stored().contains("sk-secret"));

    let next = host.begin(b"And now?");
    assert!(
        host.text(next, Text::RequestBody).contains("Hello!"),
        "the conversation goes on"
    );
}

#[test]
fn deltas_of_a_stream_make_the_answer() {
    let mut host = Host::new();
    let turn = host.begin(STREAMED);
    assert_eq!(host.number(turn, Number::Stream), 1);
    host.feed(turn, Event::Head, 200, EVENTS).unwrap();
    assert_eq!(host.feed(turn, Event::Body, 0, HEL), Ok(Step::More));
    assert_eq!(host.text(turn, Text::Piece), "Hel");
    assert_eq!(
        host.feed(turn, Event::Body, 0, LO),
        Ok(Step::Done),
        "the end came with the text"
    );
    assert_eq!(
        (host.text(turn, Text::Piece), host.text(turn, Text::Answer)),
        ("lo!", "Hello!")
    );
}

#[test]
fn keeps_the_text_of_a_broken_stream() {
    let mut host = Host::new();
    let turn = host.begin(STREAMED);
    host.feed(turn, Event::Head, 200, EVENTS).unwrap();
    host.feed(turn, Event::Body, 0, HEL).unwrap();
    assert_eq!(host.broken(turn, Break::Unavailable), Step::Done);
    assert_eq!(
        (host.text(turn, Text::Piece), host.text(turn, Text::Answer)),
        ("", "Hel")
    );
    assert!(host.text(turn, Text::Error).contains("connection refused"));
    assert!(host.stored().contains("\"incomplete\":true"));
}

#[test]
fn turn_retries_a_busy_server() {
    let mut host = Host::new();
    let turn = host.begin(b"Hi");
    let body = host.text(turn, Text::RequestBody).to_owned();
    host.feed(turn, Event::Head, 503, b"Retry-After: 2\r\n").unwrap();
    assert_eq!(host.text(turn, Text::RequestBody), "");
    assert_eq!(host.feed(turn, Event::End, 0, b""), Ok(Step::Send));
    assert!((2000..3000).contains(&host.number(turn, Number::Wait)));
    assert!(host.number(turn, Number::Timeout) < 30_000);
    assert_eq!(host.text(turn, Text::RequestBody), body);
    assert_eq!(host.broken(turn, Break::Unavailable), Step::Send);
    assert_eq!(host.broken(turn, Break::Unavailable), Step::Failed);
    let error = host.text(turn, Text::Error);
    assert!(
        error.starts_with("HTTP unavailable: connection refused; "),
        "{error}"
    );
}

#[test]
fn turn_tells_how_the_answer_ended() {
    let mut host = Host::new();
    let turn = host.begin(STREAMED);
    let numbers = [
        Number::Finish,
        Number::PromptTokens,
        Number::CompletionTokens,
        Number::CachedTokens,
        Number::ReasoningTokens,
    ];
    assert_eq!(numbers.map(|number| host.number(turn, number)), [0; 5]);
    host.feed(turn, Event::Head, 200, EVENTS).unwrap();
    let reasoning = br#"data: {"choices":[{"delta":{"reasoning_content":"hm"}}]}"#;
    host.feed(turn, Event::Body, 0, &[reasoning, &b"\n\n"[..]].concat())
        .unwrap();
    assert_eq!(
        (host.text(turn, Text::Reasoning), host.text(turn, Text::Piece)),
        ("hm", "")
    );
    host.feed(turn, Event::Body, 0, HEL).unwrap();
    let end = br#"data: {"choices":[{"delta":{},"finish_reason":"length"}],"usage":{"prompt_tokens":9,
data: "completion_tokens":5,"prompt_tokens_details":{"cached_tokens":8},"completion_tokens_details":{"reasoning_tokens":4}}}"#;
    host.feed(turn, Event::Body, 0, &[end, &b"\n\n"[..]].concat())
        .unwrap();
    assert_eq!(host.feed(turn, Event::End, 0, b""), Ok(Step::Done));
    let truncated = Finish::Truncated.code();
    assert_eq!(
        numbers.map(|number| host.number(turn, number)),
        [truncated, 9, 5, 8, 4]
    );
    assert_eq!(host.text(turn, Text::FinishReason), "length");
    assert_eq!(
        (
            host.text(turn, Text::Answer),
            host.text(turn, Text::Reasoning),
            host.text(turn, Text::Error)
        ),
        ("Hel", "hm", "")
    );
    assert_eq!(
        host.text(turn, Text::Warnings),
        "the answer is truncated at a limit of tokens (finish reason `length`)\n"
    );
    assert!(
        host.stored()
            .contains(r#""finish_reason":"length","reasoning":["#)
    );
}

#[test]
fn each_transport_error_has_a_message() {
    for (cause, words) in [
        (Break::Impossible, "HTTP unavailable: connection refused"),
        (Break::TimedOut, "Request timed out after 30 s"),
        (
            Break::TooLarge,
            "HTTP response larger than the limit of 10000000 bytes (`max_response_bytes`)",
        ),
    ] {
        let mut host = Host::new();
        let turn = host.begin(b"Hi");
        assert_eq!(host.broken(turn, cause), Step::Failed);
        let error = host.text(turn, Text::Error);
        assert!(
            error.starts_with(&format!("{words}; provider `openai` at `")),
            "{error}"
        );
    }
}

#[test]
fn failed_beginning_is_the_turns_error() {
    let mut host = Host::new();
    let empty = host.begin(b" ");
    assert_eq!(host.turns.step(empty), Ok(Step::Failed));
    assert!(host.text(empty, Text::Error).starts_with("the message is empty"));
    assert_eq!(host.text(empty, Text::Url), "");
    assert_eq!(host.number(empty, Number::Timeout), 0);
    let outside = host.turns.begin(host.platform(), b"Hi", b"../x").unwrap();
    assert!(
        host.text(outside, Text::Error)
            .starts_with("`../x` is not a session id")
    );
    assert_eq!(host.feed(outside, Event::Head, 200, b""), Err(Misuse::NoEvent));
    fs::remove_file(host.directory.path().join("config.json")).unwrap();
    let bare = host.begin(b"Hi");
    assert!(host.text(bare, Text::Error).starts_with("cannot read `"));
}

#[test]
fn keeps_damaged_session_and_warns() {
    let mut host = Host::new();
    fs::create_dir(host.directory.path().join("sessions")).unwrap();
    fs::write(host.directory.path().join("sessions/default.json"), "{").unwrap();
    let turn = host.begin(b"Hi");
    assert_eq!(
        (host.turns.step(turn), host.text(turn, Text::Warnings)),
        (Ok(Step::Send), "")
    );
    host.answer(turn);
    let warnings = host.text(turn, Text::Warnings);
    assert!(
        warnings.starts_with("session `default` is damaged") && warnings.ends_with("begun\n"),
        "{warnings}"
    );
    assert_eq!(host.text(turn, Text::Unstored), "");
    assert!(host.stored().contains("Hello!"));
}

#[test]
fn returns_an_answer_that_cannot_be_stored() {
    let mut host = Host::new();
    let turn = host.begin(b"Hi");
    fs::write(host.directory.path().join("sessions"), "a file in the way").unwrap();
    host.answer(turn);
    assert_eq!(host.text(turn, Text::Answer), "Hello!");
    let unstored = host.text(turn, Text::Unstored);
    assert!(unstored.starts_with("cannot write `"), "{unstored}");
    assert_eq!(
        host.text(turn, Text::Warnings),
        format!("the answer is not stored, {unstored}\n")
    );
}

#[test]
fn host_learns_of_session_deleted_meanwhile() {
    let mut host = Host::new();
    let first = host.begin(b"Hi");
    host.answer(first);
    let second = host.begin(b"And now?");
    fs::remove_file(host.directory.path().join("sessions/default.json")).unwrap();
    host.answer(second);
    assert_eq!(
        host.text(second, Text::Unstored),
        "the session was deleted meanwhile"
    );
    assert!(!host.directory.path().join("sessions/default.json").exists());
}

#[test]
fn misuse_is_reported_and_changes_nothing() {
    let mut host = Host::new();
    let platform = host.platform();
    assert_eq!(host.turns.begin(platform, b"\xff", b""), Err(Misuse::NoText));
    let turn = host.begin(b"Hi");
    for (event, number) in [(0, 0), (9, 0), (1, 65_536), (2, 0), (3, 0), (4, 0), (4, 5)] {
        assert_eq!(
            host.turns.feed(turn, event, number, b"", 0),
            Err(Misuse::NoEvent),
            "{event} {number}"
        );
    }
    assert_eq!(host.turns.step(turn), Ok(Step::Send));
    host.feed(turn, Event::Head, 200, JSON).unwrap();
    assert_eq!(host.feed(turn, Event::Head, 200, JSON), Err(Misuse::NoEvent));
    host.feed(turn, Event::Body, 0, HELLO).unwrap();
    assert_eq!(host.feed(turn, Event::End, 0, b""), Ok(Step::Done));
    assert_eq!(host.feed(turn, Event::Body, 0, b"more"), Err(Misuse::NoEvent));
    assert_eq!(host.feed(turn, Event::Broken, 1, b""), Err(Misuse::NoEvent));
    assert_eq!(host.text(turn, Text::Answer), "Hello!");
    assert_eq!(
        (host.turns.text(turn, 99), host.turns.number(turn, 99)),
        (&b""[..], 0)
    );
    assert_eq!(host.turns.forget(turn), Ok(()));
    for gone in [turn, 0, -1, i32::MAX] {
        assert_eq!(host.turns.forget(gone), Err(Misuse::NoTurn));
        assert_eq!(host.turns.step(gone), Err(Misuse::NoTurn));
        assert_eq!(host.feed(gone, Event::End, 0, b""), Err(Misuse::NoTurn));
        assert_eq!(
            (host.text(gone, Text::Answer), host.number(gone, Number::Wait)),
            ("", 0)
        );
    }
}

#[test]
fn turns_are_independent_and_limited() {
    let mut host = Host::new();
    let turns: Vec<i32> = (0..MAX_TURNS).map(|_| host.begin(b"Hi")).collect();
    assert_eq!(host.turns.begin(host.platform(), b"Hi", b""), Err(Misuse::NoRoom));
    let first = turns[0];
    let last = turns[MAX_TURNS - 1];
    host.feed(last, Event::Head, 200, JSON).unwrap();
    assert_eq!(host.turns.step(first), Ok(Step::Send));
    host.turns.forget(first).unwrap();
    assert!(host.begin(b"Hi") > last, "no number comes again");
    assert_eq!(host.turns.step(last), Ok(Step::More));
}

proptest! {
    #[test]
    fn every_event_gets_an_answer(
        events in prop::collection::vec((0_u32..6, 0_u32..600, prop::collection::vec(any::<u8>(), 0..40), 0_u32..40_000), 0..12),
        streamed: bool,
    ) {
        let mut host = Host::new();
        let turn = host.begin(if streamed { STREAMED } else { b"Hi" });
        for (event, number, bytes, elapsed) in events {
            let before = host.turns.step(turn).unwrap();
            match host.turns.feed(turn, event, number, &bytes, elapsed) {
                Ok(step) => prop_assert_eq!(host.turns.step(turn), Ok(step)),
                Err(misuse) => {
                    prop_assert_eq!(misuse, Misuse::NoEvent);
                    prop_assert_eq!(host.turns.step(turn), Ok(before));
                }
            }
            prop_assert!(!host.text(turn, Text::Error).contains("sk-secret"));
        }
    }
}

#[test]
fn host_performs_calls_of_its_tool() {
    const CALLS: &[u8] = br#"{"choices":[{"message":{"tool_calls":[
        {"id":"a","type":"function","function":{"name":"get_weather","arguments":"{\"city\":\"Oslo\"}"}},
        {"id":"b","type":"function","function":{"name":"get_weather","arguments":"{}"}}]}}]}"#;
    let mut host = Host::new();
    let schema = br#"{"type":"object"}"#;
    assert_eq!(host.turns.offer(b"get weather", b"", schema), Err(Misuse::NoTool));
    assert_eq!(host.turns.offer(b"get_weather", b"", b"[]"), Err(Misuse::NoTool));
    assert_eq!(
        host.turns.offer(b"get_weather", b"\xff", schema),
        Err(Misuse::NoText)
    );
    assert_eq!(host.turns.offer(b"get_weather", b"The weather.", schema), Ok(()));
    assert_eq!(
        host.turns.offer(b"get_weather", b"Again.", schema),
        Err(Misuse::NoTool)
    );
    let turn = host.begin(b"Weather?");
    assert!(host.text(turn, Text::RequestBody).contains("The weather."));
    assert_eq!(host.turns.answer(turn, b"early", false, 10), Err(Misuse::NoEvent));
    host.feed(turn, Event::Head, 200, JSON).unwrap();
    host.feed(turn, Event::Body, 0, CALLS).unwrap();
    assert_eq!(host.feed(turn, Event::End, 0, b""), Ok(Step::Call));
    let texts = [Text::CallId, Text::CallName, Text::CallArguments];
    assert_eq!(
        texts.map(|text| host.text(turn, text)),
        ["a", "get_weather", r#"{"city":"Oslo"}"#]
    );
    assert_eq!(host.feed(turn, Event::Head, 200, JSON), Err(Misuse::NoEvent));
    assert_eq!(host.turns.answer(turn, b"\xff", false, 20), Err(Misuse::NoText));
    assert_eq!(
        host.turns.answer(turn + 1, b"snow", false, 20),
        Err(Misuse::NoTurn)
    );
    assert_eq!(host.turns.answer(turn, b"snow", false, 20), Ok(Step::Call));
    assert_eq!(host.text(turn, Text::CallId), "b");
    assert_eq!(host.turns.answer(turn, b"no city", true, 30), Ok(Step::Send));
    assert_eq!(texts.map(|text| host.text(turn, text)), [""; 3]);
    let body = host.text(turn, Text::RequestBody);
    assert!(body.contains("snow") && body.contains("no city"), "{body}");
    host.answer(turn);
    assert!(host.stored().contains("snow"));
}
