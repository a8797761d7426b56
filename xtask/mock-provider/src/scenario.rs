//! The scenarios, as a closed type.

use std::{error::Error, fmt, str::FromStr};

use crate::recorded;

/// The size in bytes of the text in the answer to [`Scenario::Large`]: large, and below any sensible limit.
pub const LARGE_TEXT_BYTES: usize = 9_000_000;

/// The size in bytes of the text in the answer to [`Scenario::Huge`]: above the 10 MB that a client should
/// accept.
pub const HUGE_TEXT_BYTES: usize = 11_000_000;

/// The text that the answer to [`Scenario::Escaped`] repeats; most of its characters are escaped in JSON.
pub(crate) const ESCAPED_TEXT: &str = "é\n\"\u{1f600}";

/// A way to answer a request. Its name, as [`FromStr`] reads it and [`fmt::Display`] writes it, is in
/// brackets.
///
/// If a request asks for a stream, an answer is one; `stream-…` scenarios answer other requests as `ok` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// \[`ok`\] `echo: ` and the last user message, in the documented shape.
    Ok,
    /// \[`count`\] The length in bytes of the last user message.
    Count,
    /// \[`large`\] A good answer of [`LARGE_TEXT_BYTES`].
    Large,
    /// \[`huge`\] A good answer of [`HUGE_TEXT_BYTES`].
    Huge,
    /// \[`slow`\] As `ok`, after one second.
    Slow,
    /// \[`no-stream`\] As `ok`, always as a whole answer.
    NoStream,

    /// \[`tools`\] The calls of tools in the lines of the last user message, one line after the other:
    /// `NAME {…}`, several at once separated by `;;`. Then `done: ` and the result of the last call. A call
    /// without a result in the request is refused.
    Tools,
    /// \[`capable`\] The answer of a model that can do everything: a call of the first tool on offer, or of the one
    /// that is chosen; a value of the requested schema; reasoning, if its name begins with `reason`; and usage with all
    /// details. The provider has further paths: `models`, `embeddings`, `completions` and `messages/count_tokens`.
    Capable,

    /// \[`status-401`\] An error of this status, 400 to 599, in the provider's format.
    Status(u16),
    /// \[`recovers`\] The first request to a path gets 503, every later one is answered as by `ok`.
    Recovers,
    /// \[`retry-after-2`\] As `recovers` with 429, and `retry-after` with these seconds.
    RetryAfter(u16),
    /// \[`retry-after-date`\] As `retry-after-2`, but as a date two seconds after the answer's own, which is
    /// long ago.
    RetryAfterDate,

    /// \[`silent`\] Takes the request and never answers.
    Silent,
    /// \[`stalled`\] Sends the head and half the body of a good answer, then nothing, and keeps the
    /// connection.
    Stalled,
    /// \[`truncated`\] As `stalled`, but closes the connection.
    Truncated,
    /// \[`trickle`\] A good answer, one byte every 100 milliseconds.
    Trickle,
    /// \[`reset`\] Resets the connection before the answer.
    Reset,
    /// \[`reset-then-ok`\] The first connection to a path is reset, later requests are answered as by `ok`.
    ResetThenOk,

    /// \[`garbage`\] Status 200 and a body that is not JSON, with a content type of JSON.
    Garbage,
    /// \[`gzip`\] Status 200 and a compressed body, although no encoding was requested.
    Gzip,
    /// \[`redirect`\] Status 307 with a location on this server that has a user and a password in it.
    Redirect,
    /// \[`no-content`\] Status 204.
    NoContent,
    /// \[`deep-json`\] JSON nested 10,000 deep.
    DeepJson,
    /// \[`bad-utf8`\] A good answer but for one byte of its text that is not UTF-8.
    BadUtf8,
    /// \[`wrong-shape`\] JSON that is not an answer.
    WrongShape,
    /// \[`endless-headers`\] Headers without end.
    EndlessHeaders,
    /// \[`endless-body`\] A body without end that begins like a good one.
    EndlessBody,

    /// \[`stream-split`\] A good stream, byte by byte, with a carriage return before each line feed.
    StreamSplit,
    /// \[`stream-odd`\] A good stream in forms that the standard allows and hardly any server uses, all in
    /// one chunk.
    StreamOdd,
    /// \[`stream-slow`\] A good stream with 300 milliseconds before each piece of text.
    StreamSlow,
    /// \[`stream-cut`\] A stream that ends in order after three pieces of text, without its closing events.
    StreamCut,
    /// \[`stream-reset`\] As `stream-cut`, but the connection is reset.
    StreamReset,
    /// \[`stream-stalled`\] As `stream-cut`, but the connection is kept and nothing more comes.
    StreamStalled,
    /// \[`stream-error`\] As `stream-cut`, with an error event in the end.
    StreamError,
    /// \[`stream-endless`\] A stream whose text never ends.
    StreamEndless,
    /// \[`endless-event`\] A stream whose first event has no end.
    EndlessEvent,

    /// \[`text-5000`\] A good answer of that many bytes of text: the sixteen hexadecimal digits over and
    /// over.
    Text(usize),
    /// \[`escaped-5000`\] A good answer of about that many bytes of body, whose text is [`ESCAPED_TEXT`] over
    /// and over.
    Escaped(usize),
    /// \[`choices-5000`\] That many good answers of a few words in one body; whole in any case.
    Choices(usize),

    /// \[`recorded-length.json`\] The answer of a real provider, from the file of this name in `recorded/`,
    /// whatever the request asks for.
    Recorded(usize),
    /// \[`chaos-7`\] A random answer: this seed decides about status, headers, framing, body, pauses and the
    /// end.
    Chaos(u64),
}

/// The scenarios without a parameter, by name.
const NAMED: [(&str, Scenario); 34] = [
    ("ok", Scenario::Ok),
    ("count", Scenario::Count),
    ("large", Scenario::Large),
    ("huge", Scenario::Huge),
    ("slow", Scenario::Slow),
    ("no-stream", Scenario::NoStream),
    ("tools", Scenario::Tools),
    ("capable", Scenario::Capable),
    ("recovers", Scenario::Recovers),
    ("retry-after-date", Scenario::RetryAfterDate),
    ("silent", Scenario::Silent),
    ("stalled", Scenario::Stalled),
    ("truncated", Scenario::Truncated),
    ("trickle", Scenario::Trickle),
    ("reset", Scenario::Reset),
    ("reset-then-ok", Scenario::ResetThenOk),
    ("garbage", Scenario::Garbage),
    ("gzip", Scenario::Gzip),
    ("redirect", Scenario::Redirect),
    ("no-content", Scenario::NoContent),
    ("deep-json", Scenario::DeepJson),
    ("bad-utf8", Scenario::BadUtf8),
    ("wrong-shape", Scenario::WrongShape),
    ("endless-headers", Scenario::EndlessHeaders),
    ("endless-body", Scenario::EndlessBody),
    ("stream-split", Scenario::StreamSplit),
    ("stream-odd", Scenario::StreamOdd),
    ("stream-slow", Scenario::StreamSlow),
    ("stream-cut", Scenario::StreamCut),
    ("stream-reset", Scenario::StreamReset),
    ("stream-stalled", Scenario::StreamStalled),
    ("stream-error", Scenario::StreamError),
    ("stream-endless", Scenario::StreamEndless),
    ("endless-event", Scenario::EndlessEvent),
];

impl FromStr for Scenario {
    type Err = UnknownScenario;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        if let Some((_, scenario)) = NAMED.iter().find(|(known, _)| *known == name) {
            return Ok(*scenario);
        }
        status(name)
            .or_else(|| number(name, "retry-after-").map(Self::RetryAfter))
            .or_else(|| number(name, "text-").map(Self::Text))
            .or_else(|| number(name, "escaped-").map(Self::Escaped))
            .or_else(|| number(name, "choices-").map(Self::Choices))
            .or_else(|| number(name, "chaos-").map(Self::Chaos))
            .or_else(|| {
                let file = name.strip_prefix("recorded-")?;
                recorded::find(file).map(Self::Recorded)
            })
            .ok_or_else(|| UnknownScenario(name.to_owned()))
    }
}

fn status(name: &str) -> Option<Scenario> {
    let code = number(name, "status-").filter(|code| (400..600).contains(code));
    code.map(Scenario::Status)
}

/// Returns the number after `prefix`, if it has the form in which it would be printed.
fn number<T: FromStr + fmt::Display>(name: &str, prefix: &str) -> Option<T> {
    let digits = name.strip_prefix(prefix)?;
    digits
        .parse()
        .ok()
        .filter(|number: &T| number.to_string() == digits)
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(code) => write!(f, "status-{code}"),
            Self::RetryAfter(seconds) => write!(f, "retry-after-{seconds}"),
            Self::Text(bytes) => write!(f, "text-{bytes}"),
            Self::Escaped(bytes) => write!(f, "escaped-{bytes}"),
            Self::Choices(count) => write!(f, "choices-{count}"),
            Self::Chaos(seed) => write!(f, "chaos-{seed}"),
            Self::Recorded(file) => write!(f, "recorded-{}", recorded::name(*file)),
            named => {
                let (name, _) = NAMED
                    .iter()
                    .find(|(_, known)| known == named)
                    .expect("every scenario is named");
                f.write_str(name)
            }
        }
    }
}

/// The text that is not the name of a [`Scenario`]; its message lists the names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownScenario(pub String);

impl fmt::Display for UnknownScenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no scenario is called `{}`; there are", self.0)?;
        NAMED.iter().try_for_each(|(name, _)| write!(f, " `{name}`,"))?;
        f.write_str(
            " `retry-after-SECONDS`, `text-BYTES`, `escaped-BYTES`, `choices-COUNT`, `chaos-SEED`, `recorded-FILE` and \
             `status-400` to `status-599`",
        )
    }
}

impl Error for UnknownScenario {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back() {
        let numbered = [400, 401, 599].map(Scenario::Status);
        let sizes = [
            Scenario::Text(0),
            Scenario::Escaped(1),
            Scenario::Choices(200_000),
        ];
        let others = [
            Scenario::RetryAfter(2),
            Scenario::Chaos(0),
            Scenario::Chaos(u64::MAX),
            Scenario::Recorded(0),
        ];
        let named = NAMED.iter().map(|(_, scenario)| *scenario);
        for scenario in named.chain(numbered).chain(sizes).chain(others) {
            assert_eq!(scenario.to_string().parse(), Ok(scenario));
        }
    }

    #[test]
    fn other_names_are_refused_with_the_list() {
        for name in [
            "",
            "OK",
            "status-",
            "status-200",
            "status-600",
            "status-+40",
            "status-0401",
            "chaos--1",
            "recorded-",
            "recorded-no.json",
        ] {
            let refusal = name.parse::<Scenario>().expect_err(name).to_string();
            assert!(
                refusal.contains(&format!("`{name}`")) && refusal.contains("`silent`"),
                "{refusal}"
            );
        }
    }
}
