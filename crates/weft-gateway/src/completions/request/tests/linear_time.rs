//! Tests that reading takes time in proportion to the input.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use super::super::ChatRequest;

/// The largest accepted factor between the times for an input and for twice the input. Quadratic time would
/// give four.
const MAX_RATIO: f64 = 2.6;

/// The maximum number of measurements of a ratio: other work on the machine may disturb some.
const MAX_MEASUREMENTS: usize = 6;

/// Returns the processor time of this thread, which excludes other work on the machine.
fn processor_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap()
}

/// Returns the time in seconds that reading `body` takes.
fn time(body: &str) -> f64 {
    let began = processor_time();
    let read = ChatRequest::parse(body.as_bytes());
    let took = processor_time() - began;
    drop(read);
    took.as_secs_f64()
}

/// Returns the factor between the times for an input and for twice the input. Disturbances make times longer.
/// In the divisor that would hide a fault, so the shortest of several times counts there.
fn ratio(body: &dyn Fn(usize) -> String) -> f64 {
    let (long, short) = (body(8000), body(4000));
    let least = (0..4).map(|_| time(&short)).fold(f64::INFINITY, f64::min);
    time(&long) / least
}

/// Returns `text` repeated `count` times, with commas between.
fn list(text: &str, count: usize) -> String {
    vec![text; count].join(",")
}

/// Returns a request with `message` repeated `count` times, and one user message at the end.
fn repeated(message: &str, count: usize) -> String {
    format!(
        r#"{{"messages":[{},{{"role":"user","content":"hi"}}]}}"#,
        list(message, count)
    )
}

/// Returns a request with one message of `count` parts.
fn parts(count: usize) -> String {
    let parts = list(r#"{"type":"text","text":""}"#, count);
    repeated(&format!(r#"{{"role":"user","content":[{parts}]}}"#), 1)
}

/// Returns a request with one message of `count` members.
fn members(count: usize) -> String {
    repeated(
        &format!(
            r#"{{"role":"user","content":"","tool_calls":{{{}}}}}"#,
            list(r#""x":0"#, count)
        ),
        1,
    )
}

/// Returns a request whose last message but one is wrong.
fn wrong(count: usize) -> String {
    repeated(
        &(list(r#"{"role":"user","content":""}"#, count) + r#",{"role":"user"}"#),
        1,
    )
}

#[test]
fn doubling_the_input_doubles_the_time() {
    let of = |message: &'static str| move |count| repeated(message, count);
    let readers: [(&str, &dyn Fn(usize) -> String); 9] = [
        ("empty texts", &of(r#"{"role":"user","content":""}"#)),
        (
            "lists of parts",
            &of(r#"{"role":"user","content":[{"type":"text","text":"a"}]}"#),
        ),
        ("instructions", &of(r#"{"role":"system","content":"a"}"#)),
        (
            "no tools, as an object",
            &of(r#"{"role":"assistant","content":"","tool_calls":{}}"#),
        ),
        (
            "no tools, as a list",
            &of(r#"{"role":"assistant","content":"","tool_calls":[]}"#),
        ),
        (
            "no function, as a text",
            &of(r#"{"role":"assistant","content":"","function_call":""}"#),
        ),
        ("parts", &parts),
        ("members", &members),
        ("an error at the end", &wrong),
    ];
    for (name, body) in readers {
        let least = (0..MAX_MEASUREMENTS)
            .map(|_| ratio(body))
            .find(|ratio| *ratio < MAX_RATIO);
        assert!(
            least.is_some(),
            "{name}: for twice the input it takes more than {MAX_RATIO} times as long"
        );
    }
}
