//! Regular answers, whole or as a stream, and errors in the providers' formats.

use std::{io, thread, time::Duration};

use crate::{
    asked::{Asked, echo},
    capable, chaos,
    exchange::{Exchange, MARK, digits},
    hostile,
    pieces::pieces,
    recorded,
    scenario::{ESCAPED_TEXT, HUGE_TEXT_BYTES, LARGE_TEXT_BYTES, Scenario},
    stream, tools,
};

/// The delay of [`Scenario::Slow`].
const SLOW: Duration = Duration::from_secs(1);

/// Answers with `scenario`. Fails if the client has disconnected.
pub(crate) fn answer(scenario: Scenario, mut exchange: Exchange<'_>) -> io::Result<()> {
    let again = exchange.seen > 1;
    match scenario {
        Scenario::Ok => exchange.good(echo),
        Scenario::Recovers | Scenario::RetryAfter(_) | Scenario::RetryAfterDate if again => {
            exchange.good(echo)
        }
        Scenario::Count => exchange.good(|asked| asked.text.len().to_string()),
        Scenario::Large => exchange.long(LARGE_TEXT_BYTES),
        Scenario::Huge => exchange.long(HUGE_TEXT_BYTES),
        Scenario::Text(bytes) => exchange.long(bytes),
        Scenario::Escaped(bytes) => exchange.escaped(bytes),
        Scenario::Choices(count) => exchange.choices(count),
        Scenario::NoStream => exchange.whole(echo),
        Scenario::Slow => {
            thread::sleep(SLOW);
            exchange.good(echo)
        }
        Scenario::Status(status) => exchange.error(status, &[]),
        Scenario::Recovers => exchange.error(503, &[]),
        Scenario::RetryAfter(seconds) => exchange.error(429, &[("retry-after", &seconds.to_string())]),
        Scenario::RetryAfterDate => exchange.error(429, &TWO_SECONDS_LATER),
        Scenario::ResetThenOk if again => exchange.good(echo),
        Scenario::Recorded(file) => recorded::answer(file, exchange.wire),
        Scenario::Tools => tools::answer(&mut exchange),
        Scenario::Capable => capable::answer(&mut exchange),
        Scenario::Chaos(seed) => chaos::answer(seed, &mut exchange),
        _ if stream::answers(scenario) => stream::answer(scenario, &mut exchange),
        _ => hostile::answer(scenario, &mut exchange),
    }
}

/// A clock that is far behind; only the difference counts.
const TWO_SECONDS_LATER: [(&str, &str); 2] = [
    ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
    ("retry-after", "Sun, 06 Nov 1994 08:49:39 GMT"),
];

impl Exchange<'_> {
    /// Answers with `text`, in the form that the request asks for. An invalid request is refused.
    fn good(&mut self, text: impl FnOnce(&Asked) -> String) -> io::Result<()> {
        if !self.request.wants_stream() {
            return self.whole(text);
        }
        let Some(asked) = self.asked()? else { return Ok(()) };
        let text = text(&asked);
        stream::good(self, &asked, &pieces(&text))
    }

    /// Answers as [`Self::good`], with `length` bytes of text. A whole answer is built quickly, because
    /// clients are timed.
    fn long(&mut self, length: usize) -> io::Result<()> {
        if self.request.wants_stream() {
            return self.good(|_| digits(length));
        }
        let Some(_) = self.asked()? else { return Ok(()) };
        let body = self.body(length);
        self.wire
            .whole(200, &[("content-type", "application/json")], &body)
    }

    /// Answers as [`Self::long`], with `length` bytes of escapes.
    fn escaped(&mut self, length: usize) -> io::Result<()> {
        let count = length / ESCAPES.len();
        if self.request.wants_stream() {
            return self.good(|_| ESCAPED_TEXT.repeat(count));
        }
        let Some(_) = self.asked()? else { return Ok(()) };
        let body =
            self.dialect
                .completion("a-model", MARK)
                .to_string()
                .replacen(MARK, &ESCAPES.repeat(count), 1);
        self.wire
            .whole(200, &[("content-type", "application/json")], body.as_bytes())
    }

    /// Answers with `count` choices, or with this number of blocks.
    fn choices(&mut self, count: usize) -> io::Result<()> {
        let Some(asked) = self.asked()? else { return Ok(()) };
        let mut answer = self.dialect.completion(&asked.model, "hello ");
        for list in ["choices", "content"] {
            if let Some(items) = answer[list].as_array_mut() {
                *items = vec![items[0].clone(); count];
            }
        }
        self.json(200, &[], &answer)
    }
}

/// [`ESCAPED_TEXT`] in JSON.
const ESCAPES: &str = r#"\u00e9\n\"\ud83d\ude00"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_decode_to_the_text() {
        let text: String = serde_json::from_str(&format!("\"{ESCAPES}\"")).expect("a string");
        assert_eq!(text, ESCAPED_TEXT);
    }
}
