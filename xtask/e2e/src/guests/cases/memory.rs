//! The memory for an answer, and the result of an answer that does not fit.

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use testkit::Outcome;

use super::{at_once, cases};
use crate::guests::{
    context::{GuestContext, PROVIDERS},
    guest::Guest,
};

/// Bytes of text in a large answer.
const SIZE: usize = 20_000_000;

/// Memory of a guest beside its answer.
const BASE: usize = 1_000_000;

/// Bytes of an answer for which most of the guests below have too little memory.
const FEW: usize = 2_000_000;

/// The text that the server's escaped answers repeat, and its bytes in JSON.
const ESCAPED_TEXT: &str = "é\n\"\u{1f600}";
const ESCAPES: usize = r#"\u00e9\n\"\ud83d\ude00"#.len();

cases! {
    memory:
    whole_answer_takes_bounded_memory,
    streamed_answer_takes_bounded_memory,
    reports_answer_that_exceeds_memory,
    reads_200000_choices_in_time,
}

fn whole_answer_takes_bounded_memory(test: &GuestContext<'_>) -> Result<()> {
    within(test, false, SIZE * 5 / 2 + BASE)
}

fn streamed_answer_takes_bounded_memory(test: &GuestContext<'_>) -> Result<()> {
    within(test, true, SIZE * 3 / 2 + BASE)
}

/// Checks that a large answer is printed and stored within `memory` bytes, plain with one protocol and escaped
/// with the other.
fn within(test: &GuestContext<'_>, stream: bool, memory: usize) -> Result<()> {
    for (name, shape) in PROVIDERS.into_iter().zip(["text", "escaped"]) {
        let test = test.within(name)?;
        let outcome = large(&test, name, shape, SIZE, stream)?
            .memory(memory)
            .say("hello")?;
        outcome.answered(&text(shape, SIZE))?;
        test.stored("default", &[("user", "hello"), ("assistant", &text(shape, SIZE))])?;
    }
    Ok(())
}

/// Returns each protocol with each form of text.
fn ways() -> impl Iterator<Item = (&'static str, &'static str)> {
    PROVIDERS
        .into_iter()
        .flat_map(|name| ["text", "escaped"].map(|shape| (name, shape)))
}

/// Returns a guest that gets an answer of `size` bytes.
fn large<'a>(
    test: &'a GuestContext<'_>,
    name: &str,
    shape: &str,
    size: usize,
    stream: bool,
) -> Result<Guest<'a>> {
    // In a stream, the JSON around each delta of text is longer than the text.
    let options = json!({ "max_response_bytes": size * 4 + BASE });
    test.configure_as(
        name,
        &format!("{shape}-{size}"),
        options,
        json!({ "stream": stream }),
    )?;
    Ok(test.component())
}

/// Returns the answer's text.
fn text(shape: &str, size: usize) -> String {
    match shape {
        "escaped" => ESCAPED_TEXT.repeat(size / ESCAPES),
        _ => "0123456789abcdef".repeat(size / 16),
    }
}

fn reports_answer_that_exceeds_memory(test: &GuestContext<'_>) -> Result<()> {
    let tries = ways().flat_map(|(name, shape)| [false, true].map(|stream| (name, shape, stream)));
    at_once(tries.map(|(name, shape, stream)| {
        move || {
            let test = test.within(&format!("{name} {shape} {stream}"))?;
            large(&test, name, shape, FEW, stream)?;
            too_little_for(&test, shape, stream)
        }
    }))
}

/// Runs guests with more and more memory, up to the size at which the answer fits: before that, the result is an
/// error or a part of the answer.
fn too_little_for(test: &GuestContext<'_>, shape: &str, stream: bool) -> Result<()> {
    let whole = text(shape, FEW);
    for pages in (18..).step_by(9) {
        // Each has its own session, because a partial answer is stored.
        let guest = test
            .component()
            .memory(pages * 65536)
            .arguments(&["--session", &pages.to_string()]);
        let outcome = guest.say("hello")?;
        let check = || match outcome.exit {
            Some(0) => outcome.answered(&whole),
            _ => does_not_fit(&outcome, &whole, stream),
        };
        check().with_context(|| format!("with {pages} pages of memory"))?;
        if outcome.exit == Some(0) {
            ensure!(pages > 18, "it fits into {pages} pages");
            return Ok(());
        }
    }
    Ok(())
}

fn does_not_fit(outcome: &Outcome, whole: &str, stream: bool) -> Result<()> {
    let words = ["the answer does not fit into memory", "more bytes cannot be had"];
    if !stream || outcome.stdout.is_empty() {
        return outcome.failed(&words);
    }
    let arrived = outcome.stdout.strip_suffix('\n').unwrap_or_default();
    ensure!(
        whole.starts_with(arrived),
        "something else was printed than the beginning of the answer"
    );
    outcome.broke_off(arrived, &words)
}

fn reads_200000_choices_in_time(test: &GuestContext<'_>) -> Result<()> {
    at_once(PROVIDERS.map(|name| {
        move || {
            let test = test.within(name)?;
            let options = json!({ "max_response_bytes": 100_000_000, "timeout_secs": 20 });
            test.configure_as(name, "choices-200000", options, json!({}))?;
            let count = if name == PROVIDERS[0] { 1 } else { 200_000 };
            test.say("hello")?.answered(&"hello ".repeat(count))
        }
    }))
}
