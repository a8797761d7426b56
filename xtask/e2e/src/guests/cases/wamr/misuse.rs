//! Wrong calls of the exported functions: they return errors, and the instance remains usable.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::{call, turn};
use crate::{guests::context::GuestContext, harness::case::cases};

cases! {
    misuse:
    refuses_turn_that_does_not_exist,
    event_out_of_turn_changes_nothing,
    refuses_bytes_outside_memory_or_text,
    refuses_turns_beyond_the_room,
}

const NO_TURN: &str = "-1";
const NO_EVENT: &str = "-2";
const NO_TEXT: &str = "-3";
const NO_BYTES: &str = "-4";
const NO_ROOM: &str = "-5";
const SEND: &str = "1";
const MORE: &str = "2";

/// An address beyond any memory of the module.
const BEYOND: i64 = 0xffff_fff0;

fn function(name: &str, arguments: Value) -> Value {
    json!({ "function": [name, arguments] })
}

/// Makes the calls, each of which has to return the text beside it, and then a normal turn.
fn expect(test: &GuestContext<'_>, calls: &[(Value, &str)]) -> Result<()> {
    test.configure("ok")?;
    let mut to_make: Vec<Value> = calls.iter().map(|(call, _)| call.clone()).collect();
    to_make.push(turn("hello", "after"));
    let answers = call(test.wasip1(), &to_make)?;
    for (answer, (call, expected)) in answers.iter().zip(calls) {
        answer.returned(expected).with_context(|| call.to_string())?;
    }
    answers.last().context("no answers")?.is("echo: hello")
}

fn refuses_turn_that_does_not_exist(test: &GuestContext<'_>) -> Result<()> {
    let mut calls = Vec::new();
    for turn in [0_i64, 1, -1, i64::from(i32::MAX), i64::from(i32::MIN)] {
        calls.extend([
            (function("clawft_step", json!([turn])), NO_TURN),
            (function("clawft_feed", json!([turn, 1, 200, "", 0])), NO_TURN),
            (function("clawft_text", json!([turn, 5])), "0"),
            (function("clawft_text_size", json!([turn, 5])), "0"),
            (function("clawft_number", json!([turn, 2])), "0"),
            (function("clawft_drop", json!([turn])), NO_TURN),
        ]);
    }
    expect(test, &calls)
}

fn event_out_of_turn_changes_nothing(test: &GuestContext<'_>) -> Result<()> {
    let feed =
        |event: i64, number: i64, bytes: &str| function("clawft_feed", json!([1, event, number, bytes, 5]));
    expect(
        test,
        &[
            (function("clawft_begin", json!(["hello", ""])), "1"),
            (feed(2, 0, "a body before its head"), NO_EVENT),
            (feed(3, 0, ""), NO_EVENT),
            (feed(0, 0, ""), NO_EVENT),
            (feed(-1, 0, ""), NO_EVENT),
            (feed(4, 99, "an unknown break"), NO_EVENT),
            (function("clawft_step", json!([1])), SEND),
            (feed(1, 200, "no header\n:\n\u{0}\n"), MORE),
            (feed(1, 200, "a second head"), NO_EVENT),
            (function("clawft_step", json!([1])), MORE),
            (function("clawft_text", json!([1, 0])), "0"),
            (function("clawft_text", json!([1, 99])), "0"),
            (function("clawft_number", json!([1, -1])), "0"),
            (function("clawft_drop", json!([1])), "0"),
            (function("clawft_drop", json!([1])), NO_TURN),
        ],
    )
}

fn refuses_bytes_outside_memory_or_text(test: &GuestContext<'_>) -> Result<()> {
    let begin = |message: [i64; 2], session: [i64; 2]| {
        function(
            "clawft_begin",
            json!([message[0], message[1], session[0], session[1]]),
        )
    };
    expect(
        test,
        &[
            (begin([BEYOND, 8], [0, 0]), NO_BYTES),
            (begin([BEYOND, 64], [0, 0]), NO_BYTES),
            (begin([16, i64::from(u32::MAX)], [0, 0]), NO_BYTES),
            (begin([0, 0], [BEYOND, 1]), NO_BYTES),
            (
                json!({ "function": ["clawft_begin", [{ "bytes": [0xff, 0xfe] }, ""]] }),
                NO_TEXT,
            ),
            (function("clawft_begin", json!(["hello", ""])), "1"),
            (
                function("clawft_feed", json!([1, 1, 200, BEYOND, 64, 0])),
                NO_BYTES,
            ),
            (function("clawft_step", json!([1])), SEND),
            (function("clawft_free", json!([0])), "0"),
            (function("clawft_alloc", json!([-1])), "0"),
            (function("clawft_drop", json!([1])), "0"),
        ],
    )
}

fn refuses_turns_beyond_the_room(test: &GuestContext<'_>) -> Result<()> {
    let numbers: Vec<String> = (1..=64).map(|number: u32| number.to_string()).collect();
    let begin = || function("clawft_begin", json!(["hello", ""]));
    let mut calls: Vec<(Value, &str)> = numbers.iter().map(|number| (begin(), number.as_str())).collect();
    calls.extend([
        (begin(), NO_ROOM),
        (function("clawft_drop", json!([7])), "0"),
        // The number of a turn is never reused.
        (begin(), "65"),
    ]);
    calls.push((function("clawft_drop", json!([65])), "0"));
    expect(test, &calls)
}
