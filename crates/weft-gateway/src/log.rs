//! The log on standard error: one line for each event, as JSON or, on a terminal, as text.
//!
//! Lines are made field by field, and never contain a body, a header or a query: those could hold the token,
//! a key or a message.
//!
//! A thread writes the lines, so that logging never waits: lines are dropped and counted while nobody reads
//! the log.

mod queue;

use std::{
    borrow::Cow,
    fmt::Write as _,
    io::{self, IsTerminal as _},
    panic::PanicHookInfo,
    sync::LazyLock,
    time::{Duration, SystemTime},
};

use clawft_types::json::Writer;
use prometheus_client::metrics::counter::Counter;

use super::time;
use queue::Queue;

/// The number of lines that may wait to be written.
pub(super) const CAPACITY: usize = 4096;

/// The length of most lines, in bytes.
const USUAL_LENGTH: usize = 384;

/// The number of fields of most lines.
const USUAL_FIELDS: usize = 12;

/// Whether standard error is a terminal.
static TERMINAL: LazyLock<bool> = LazyLock::new(|| io::stderr().is_terminal());

static QUEUE: LazyLock<Queue> = LazyLock::new(|| {
    Queue::new(CAPACITY, io::stderr(), |lines| {
        Line::new("log_dropped").literal("lines", lines).bytes()
    })
});

/// The lines that were dropped.
static DROPPED: LazyLock<Counter> = LazyLock::new(Counter::default);

/// Returns the counter of lines that were dropped.
pub(super) fn dropped() -> Counter {
    DROPPED.clone()
}

/// Waits until all lines so far are written, for at most `timeout`.
pub(super) fn flush(timeout: Duration) {
    QUEUE.flush(timeout);
}

/// A line before it is written.
pub(super) struct Line<'a> {
    event: &'static str,
    fields: Vec<(&'static str, Field<'a>)>,
}

enum Field<'a> {
    Text(Cow<'a, str>),
    Literal(String),
}

impl<'a> Line<'a> {
    /// Returns a line about `event`.
    pub(super) fn new(event: &'static str) -> Line<'a> {
        Line {
            event,
            fields: Vec::with_capacity(USUAL_FIELDS),
        }
    }

    /// Adds a text.
    pub(super) fn text(mut self, key: &'static str, text: impl Into<Cow<'a, str>>) -> Line<'a> {
        self.fields.push((key, Field::Text(text.into())));
        self
    }

    /// Adds a number, or `true`.
    pub(super) fn literal(mut self, key: &'static str, literal: impl ToString) -> Line<'a> {
        self.fields.push((key, Field::Literal(literal.to_string())));
        self
    }

    /// Queues the line, which is written in one call.
    pub(super) fn write(self) {
        let line = self.bytes();
        // The output of a test is kept with the test, and shown if it fails.
        #[cfg(test)]
        tests::WRITTEN.with_borrow_mut(|written| {
            eprint!("{}", String::from_utf8_lossy(&line));
            written.push_str(&String::from_utf8_lossy(&line));
        });
        #[cfg(not(test))]
        if !QUEUE.push(line) {
            DROPPED.inc();
        }
    }

    /// Returns the bytes of the line.
    fn bytes(&self) -> Vec<u8> {
        let now = time::rfc3339(SystemTime::now());
        if *TERMINAL {
            self.text_line(&now)
        } else {
            self.json(&now)
        }
    }

    /// Returns `{"time":"2025-11-22T13:45:01.250Z","event":"request","status":200}`.
    fn json(&self, now: &str) -> Vec<u8> {
        let mut writer = Writer::with_capacity(USUAL_LENGTH).unwrap_or_default();
        writer.object(|line| {
            line.text_member("time", now);
            line.text_member("event", self.event);
            for (key, field) in &self.fields {
                match field {
                    Field::Text(text) => line.text_member(key, text),
                    Field::Literal(literal) => line.literal_member(key, literal),
                }
            }
        });
        let mut bytes = writer.into_bytes();
        bytes.push(b'\n');
        bytes
    }

    /// Returns `13:45:01 request status=200`.
    fn text_line(&self, now: &str) -> Vec<u8> {
        let mut line = format!("{} {}", now.get(11..19).unwrap_or_default(), self.event);
        for (key, field) in &self.fields {
            let value = match field {
                Field::Text(text) => text.as_ref(),
                Field::Literal(literal) => literal,
            };
            // Some texts come from elsewhere, and a terminal interprets control characters.
            let value = value.replace(char::is_control, "\u{fffd}");
            let _ = match value.contains(' ') {
                true => write!(line, " {key}=\"{value}\""),
                false => write!(line, " {key}={value}"),
            };
        }
        line.push('\n');
        line.into_bytes()
    }
}

/// Logs a warning.
pub(super) fn warn(message: &str) {
    Line::new("warning").text("message", message).write();
}

/// Logs a panic in one line with its place, but without its message, which may contain a client's text.
pub(super) fn hook_panics() {
    std::panic::set_hook(Box::new(|panic| panic_line(panic).write()));
}

fn panic_line(panic: &PanicHookInfo<'_>) -> Line<'static> {
    Line::new("panic").text(
        "at",
        panic.location().map_or_else(String::new, ToString::to_string),
    )
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, panic};

    use super::*;

    thread_local! {
        /// The lines that this thread has logged.
        pub(super) static WRITTEN: RefCell<String> = const { RefCell::new(String::new()) };
    }

    const NOW: &str = "2025-11-22T13:45:01.250Z";

    fn line() -> Line<'static> {
        Line::new("request")
            .text("route", "/v1/\"x\"\n")
            .literal("status", 200)
    }

    #[test]
    fn writes_json_for_machines() {
        let expected = "{\"time\":\"2025-11-22T13:45:01.250Z\",\"event\":\"request\",\"route\":\"/v1/\\\"x\\\"\\n\",\"status\":200}\n";
        assert_eq!(String::from_utf8(line().json(NOW)).unwrap(), expected);
    }

    #[test]
    fn terminals_get_text_without_control_characters() {
        let text = line().text("message", "two words\u{1b}[2J").text_line(NOW);
        let expected =
            "13:45:01 request route=/v1/\"x\"\u{fffd} status=200 message=\"two words\u{fffd}[2J\"\n";
        assert_eq!(String::from_utf8(text).unwrap(), expected);
    }

    #[test]
    fn logs_panic_without_its_message() {
        let usual = panic::take_hook();
        hook_panics();
        let panicked = panic::catch_unwind(|| panic!("what {} said", "somebody"));
        panic::set_hook(usual);
        assert!(panicked.is_err());
        let written = WRITTEN.take();
        assert!(
            written.contains("panic") && written.contains("log.rs:"),
            "{written}"
        );
        assert!(
            !written.contains("somebody") && !written.contains("said"),
            "{written}"
        );
    }
}
