//! Reading takes time in proportion to the input, whatever is in it.

use super::super::ChatRequest;
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// The largest factor by which reading may take longer for twice the input. In quadratic time it would be four.
const MOST: f64 = 2.6;

/// How often a ratio is measured before it counts as too large: a machine may do other things meanwhile.
const CHANCES: usize = 6;

/// Returns the processor time of this thread: what others do on the machine is not in it.
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

/// Returns by which factor reading takes longer for twice the input. What disturbs a measurement makes it longer: in the divisor, where
/// that would hide a fault, the least of several counts, and elsewhere one is enough.
fn ratio(body: &dyn Fn(usize) -> String) -> f64 {
    let (long, short) = (body(8000), body(4000));
    let least = (0..4).map(|_| time(&short)).fold(f64::INFINITY, f64::min);
    time(&long) / least
}

/// Returns `text` `count` times, with commas between.
fn list(text: &str, count: usize) -> String {
    vec![text; count].join(",")
}

/// Returns a request of `message` `count` times, and one of the user's at the end.
fn repeated(message: &str, count: usize) -> String {
    format!(r#"{{"messages":[{},{{"role":"user","content":"hi"}}]}}"#, list(message, count))
}

/// Returns a request of one message with so many parts.
fn parts(count: usize) -> String {
    let parts = list(r#"{"type":"text","text":""}"#, count);
    repeated(&format!(r#"{{"role":"user","content":[{parts}]}}"#), 1)
}

/// Returns a request of one message with so many members.
fn members(count: usize) -> String {
    repeated(&format!(r#"{{"role":"user","content":"","tool_calls":{{{}}}}}"#, list(r#""x":0"#, count)), 1)
}

/// Returns a request whose last message but one is wrong.
fn wrong(count: usize) -> String {
    repeated(&(list(r#"{"role":"user","content":""}"#, count) + r#",{"role":"user"}"#), 1)
}

#[test]
fn doubling_the_input_doubles_the_time() {
    let of = |message: &'static str| move |count| repeated(message, count);
    let readers: [(&str, &dyn Fn(usize) -> String); 9] = [
        ("empty texts", &of(r#"{"role":"user","content":""}"#)),
        ("lists of parts", &of(r#"{"role":"user","content":[{"type":"text","text":"a"}]}"#)),
        ("instructions", &of(r#"{"role":"system","content":"a"}"#)),
        ("no tools, as an object", &of(r#"{"role":"assistant","content":"","tool_calls":{}}"#)),
        ("no tools, as a list", &of(r#"{"role":"assistant","content":"","tool_calls":[]}"#)),
        ("no function, as a text", &of(r#"{"role":"assistant","content":"","function_call":""}"#)),
        ("parts", &parts),
        ("members", &members),
        ("an error at the end", &wrong),
    ];
    for (name, body) in readers {
        let least = (0..CHANCES).map(|_| ratio(body)).find(|ratio| *ratio < MOST);
        assert!(least.is_some(), "{name}: for twice the input it takes more than {MOST} times as long");
    }
}
