//! How much memory an answer takes, and what becomes of one that does not fit.

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

/// Bytes of an answer that most of the guests below have too little memory for.
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

/// Plain with one protocol and escaped with the other: a large answer is printed and stored within `memory` bytes.
fn within(test: &GuestContext<'_>, stream: bool, memory: usize) -> Result<()> {
    for (name, shape) in PROVIDERS.into_iter().zip(["text", "escaped"]) {
        let test = test.within(name)?;
        let outcome = large(&test, name, shape, SIZE, stream)?.memory(memory).say("hello")?;
        outcome.answered(&text(shape, SIZE))?;
        test.stored("default", &[("user", "hello"), ("assistant", &text(shape, SIZE))])?;
    }
    Ok(())
}

/// Each protocol with each shape of text.
fn ways() -> impl Iterator<Item = (&'static str, &'static str)> {
    PROVIDERS.into_iter().flat_map(|name| ["text", "escaped"].map(|shape| (name, shape)))
}

/// A guest that will be answered with so many bytes.
fn large<'a>(
    test: &'a GuestContext<'_>,
    name: &str,
    shape: &str,
    size: usize,
    stream: bool,
) -> Result<Guest<'a>> {
    // What a stream has around each piece of text is more than the text.
    let options = json!({ "max_response_bytes": size * 4 + BASE });
    test.configure_as(name, &format!("{shape}-{size}"), options, json!({ "stream": stream }))?;
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

/// With ever more memory, up to where the answer fits: until then it is an error, or what has arrived of it.
fn too_little_for(test: &GuestContext<'_>, shape: &str, stream: bool) -> Result<()> {
    let whole = text(shape, FEW);
    for pages in (18..).step_by(9) {
        // Each in a session of its own: what arrived of an answer is stored.
        let guest = test.component().memory(pages * 65536).arguments(&["--session", &pages.to_string()]);
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
    ensure!(whole.starts_with(arrived), "something else was printed than the beginning of the answer");
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
