//! Streamed answers, tested with each protocol.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::{at_once, cases};
use crate::guests::{
    context::{GuestContext, PROVIDER, PROVIDERS},
    guest::Guest,
};

/// A message that is echoed in the pieces `echo: `, `one `, `two `, `three ` and `four`.
const MESSAGE: &str = "one two three four";

/// The part of the echo that has arrived when a stream breaks off.
const ARRIVED: &str = "echo: one two ";

/// The number of attempts of a case about time.
const ATTEMPTS: usize = 3;

/// More memory than a guest needs without unbounded growth.
const MEMORY: usize = 64 << 20;

cases! {
    streams:
    prints_each_piece_before_the_next,
    stores_the_whole_answer,
    input_asks_for_stream_or_none,
    any_split_makes_same_text,
    understands_all_the_standard_allows,
    accepts_whole_answer_from_server,
    steady_stream_outlives_the_timeout,
    reports_error_before_first_piece,
    stores_stream_cut_short_as_incomplete,
    keeps_text_before_an_error_event,
    does_not_retry_broken_stream,
    times_out_on_stalled_stream,
    cuts_endless_stream_at_limit,
    reports_event_without_end,
}

fn prints_each_piece_before_the_next(test: &GuestContext<'_>) -> Result<()> {
    for_each_provider(test, |test, name| {
        configure(test, name, "stream-slow", json!({}))?;
        // A busy machine may delay one piece until the next; a guest that collects them does so in every attempt.
        let attempts = (0..ATTEMPTS).map(|_| gathered(test));
        let found = attempts
            .take_while(|found| !matches!(found, Ok(None)))
            .collect::<Result<Vec<_>>>()?;
        ensure!(
            found.len() < ATTEMPTS,
            "{}",
            found.into_iter().flatten().collect::<Vec<_>>().join("; then ")
        );
        Ok(())
    })
}

/// Returns which pieces arrived together, although the server sent them one by one.
fn gathered(test: &GuestContext<'_>) -> Result<Option<String>> {
    let (outcome, arrivals) = test.component().watch(MESSAGE)?;
    outcome.answered("echo: one two three four")?;
    let pieces: Vec<_> = arrivals
        .iter()
        .map(|arrival| String::from_utf8_lossy(&arrival.bytes))
        .collect();
    // The line end may come with the last piece or after it.
    if pieces.len() < 5 || pieces[..4] != ["echo: ", "one ", "two ", "three "] {
        return Ok(Some(format!("printed {pieces:?}")));
    }
    // The server waits for 300 ms before each piece.
    let gaps = arrivals[..5]
        .windows(2)
        .map(|pair| pair[1].at.duration_since(pair[0].at).as_millis());
    let gaps: Vec<u128> = gaps.collect();
    let apart = gaps.iter().all(|gap| *gap > 100);
    Ok((!apart).then(|| format!("the pieces came {gaps:?} ms after each other")))
}

fn stores_the_whole_answer(test: &GuestContext<'_>) -> Result<()> {
    for_each_provider(test, |test, name| {
        configure(test, name, "ok", json!({}))?;
        test.say(MESSAGE)?.answered("echo: one two three four")?;
        let body = test.request()?.json()?;
        ensure!(body["stream"] == true, "`stream` is {}", body["stream"]);
        test.stored(
            "default",
            &[("user", MESSAGE), ("assistant", "echo: one two three four")],
        )?;
        test.stored_incomplete("default", false)
    })
}

fn input_asks_for_stream_or_none(test: &GuestContext<'_>) -> Result<()> {
    for_each_provider(test, |test, name| {
        for (config, input) in [(false, true), (true, false)] {
            let test = &test.within(&format!("{input}"))?;
            test.configure_as(name, "ok", json!({}), json!({ "stream": config }))?;
            let message = json!({ "role": "user", "content": MESSAGE, "stream": input });
            test.say(&message.to_string())?
                .answered("echo: one two three four")?;
            ensure!(
                test.request()?.json()?["stream"] == true,
                "every answer is requested as a stream"
            );
            let test = &test.within("cut")?;
            test.configure_as(name, "stream-cut", json!({}), json!({ "stream": config }))?;
            let outcome = test.say(&message.to_string())?;
            match input {
                true => outcome.broke_off(ARRIVED, &["ended early"])?,
                false => outcome.failed(&["ended early"])?,
            }
            test.request()?.carries(&[("user", MESSAGE)])?;
        }
        Ok(())
    })
}

fn any_split_makes_same_text(test: &GuestContext<'_>) -> Result<()> {
    let message = "Grüße, 世界 — 🦀 \u{202e}\u{0}\t\"quoted\" \\ back\nsecond line";
    for_each_provider(test, |test, name| {
        configure(test, name, "stream-split", json!({}))?;
        test.say(message)?.answered(&format!("echo: {message}"))?;
        test.stored(
            "default",
            &[("user", message), ("assistant", &format!("echo: {message}"))],
        )
    })
}

fn understands_all_the_standard_allows(test: &GuestContext<'_>) -> Result<()> {
    succeeds(test, "stream-odd")
}

fn accepts_whole_answer_from_server(test: &GuestContext<'_>) -> Result<()> {
    succeeds(test, "no-stream")
}

fn succeeds(test: &GuestContext<'_>, scenario: &str) -> Result<()> {
    for_each_provider(test, |test, name| {
        configure(test, name, scenario, json!({}))?;
        test.say(MESSAGE)?.answered("echo: one two three four")?;
        test.stored(
            "default",
            &[("user", MESSAGE), ("assistant", "echo: one two three four")],
        )
    })
}

fn steady_stream_outlives_the_timeout(test: &GuestContext<'_>) -> Result<()> {
    for_each_provider(test, |test, name| {
        configure(test, name, "stream-slow", json!({ "timeout_secs": 1 }))?;
        let outcome = test.say("a b c d e f g")?;
        outcome.answered("echo: a b c d e f g")?;
        outcome.took(2..6)
    })
}

fn reports_error_before_first_piece(test: &GuestContext<'_>) -> Result<()> {
    for_each_provider(test, |test, name| {
        configure(test, name, "status-503", json!({ "retries": 1 }))?;
        test.say(MESSAGE)?.failed(&[name, "503"])?;
        test.received(2)?;
        test.stored_nothing()
    })
}

fn stores_stream_cut_short_as_incomplete(test: &GuestContext<'_>) -> Result<()> {
    breaks_off(test, "stream-cut", |_| "ended early")
}

fn keeps_text_before_an_error_event(test: &GuestContext<'_>) -> Result<()> {
    breaks_off(test, "stream-error", |name| match name {
        PROVIDER => "The server had an error while processing your request. Sorry about that!",
        _ => "Overloaded",
    })
}

fn does_not_retry_broken_stream(test: &GuestContext<'_>) -> Result<()> {
    breaks_off(test, "stream-reset", |_| "HTTP unavailable")
}

/// Checks that nothing is sent again, even with retries left, because printed text cannot be withdrawn.
fn breaks_off(test: &GuestContext<'_>, scenario: &str, said: fn(&str) -> &'static str) -> Result<()> {
    for_each_provider(test, |test, name| {
        configure(test, name, scenario, json!({ "retries": 2 }))?;
        test.say(MESSAGE)?.broke_off(ARRIVED, &[said(name)])?;
        kept_what_arrived(test)
    })
}

fn times_out_on_stalled_stream(test: &GuestContext<'_>) -> Result<()> {
    for_each_provider(test, |test, name| {
        configure(
            test,
            name,
            "stream-stalled",
            json!({ "idle_timeout_secs": 1, "retries": 2 }),
        )?;
        let outcome = test.say(MESSAGE)?;
        outcome.broke_off(ARRIVED, &["Request timed out", "`idle_timeout_secs`"])?;
        outcome.took(1..4)?;
        kept_what_arrived(test)
    })
}

fn kept_what_arrived(test: &GuestContext<'_>) -> Result<()> {
    test.received(1)?;
    test.stored("default", &[("user", MESSAGE), ("assistant", ARRIVED)])?;
    test.stored_incomplete("default", true)
}

fn cuts_endless_stream_at_limit(test: &GuestContext<'_>) -> Result<()> {
    for_each_provider(test, |test, name| {
        configure(
            test,
            name,
            "stream-endless",
            json!({ "timeout_secs": 10, "max_response_bytes": 2_000_000 }),
        )?;
        let outcome = bounded(test).say(MESSAGE)?;
        outcome.ended_in_order()?;
        ensure!(
            outcome
                .stdout
                .starts_with("echo: one two echo: one two three four"),
            "something else was printed"
        );
        outcome.said(&[
            "warning: the answer is incomplete: ",
            "larger than",
            "2000000 bytes",
        ])?;
        outcome.took(0..9)?;
        test.stored_incomplete("default", true)
    })
}

fn reports_event_without_end(test: &GuestContext<'_>) -> Result<()> {
    for_each_provider(test, |test, name| {
        configure(test, name, "endless-event", json!({ "timeout_secs": 10 }))?;
        let outcome = bounded(test).say(MESSAGE)?;
        outcome.failed(&["larger than", "bytes"])?;
        outcome.took(0..9)?;
        test.stored_nothing()
    })
}

fn bounded<'a>(test: &'a GuestContext<'_>) -> Guest<'a> {
    test.component().memory(MEMORY)
}

fn configure(test: &GuestContext<'_>, name: &str, scenario: &str, provider: Value) -> Result<()> {
    test.configure_as(name, scenario, provider, json!({ "stream": true }))
}

/// Runs a check with each protocol in its own context, all at the same time: most of it is waiting.
fn for_each_provider(
    test: &GuestContext<'_>,
    check: impl Fn(&GuestContext<'_>, &str) -> Result<()> + Sync,
) -> Result<()> {
    let check = |name: &str| check(&test.within(name)?, name).with_context(|| format!("with `{name}`"));
    at_once(PROVIDERS.map(|name| move || check(name)))
}
