//! Answers as server-sent events, regular and faulty.

use std::{io, thread, time::Duration};

use crate::{
    asked::{Asked, echo},
    event::{Event, Script},
    exchange::{Exchange, digits},
    pieces::pieces,
    scenario::Scenario,
};

/// The pause of [`Scenario::StreamSlow`] before each delta.
const SLOW: Duration = Duration::from_millis(300);

/// The pause of [`Scenario::StreamSplit`] after each byte, so that the client sees single bytes.
const SPLIT: Duration = Duration::from_micros(100);

/// The number of deltas before a stream breaks off.
const BEFORE_THE_BREAK: usize = 3;

const EVENTS: &str = "text/event-stream";

/// Returns whether `scenario` is one of this module's.
pub(crate) fn answers(scenario: Scenario) -> bool {
    matches!(
        scenario,
        Scenario::StreamSplit
            | Scenario::StreamOdd
            | Scenario::StreamSlow
            | Scenario::StreamCut
            | Scenario::StreamReset
            | Scenario::StreamStalled
            | Scenario::StreamError
            | Scenario::StreamEndless
            | Scenario::EndlessEvent
    )
}

/// Answers with `scenario`; as `ok` if no stream is requested.
pub(crate) fn answer(scenario: Scenario, exchange: &mut Exchange<'_>) -> io::Result<()> {
    if !exchange.request.wants_stream() {
        return exchange.whole(echo);
    }
    let Some(asked) = exchange.asked()? else {
        return Ok(());
    };
    let text = echo(&asked);
    let script = exchange.dialect.script(&asked, &pieces(&text));
    exchange.wire.chunked(EVENTS)?;
    match scenario {
        Scenario::StreamSplit => split(exchange, &script),
        Scenario::StreamOdd => odd(exchange, &script),
        Scenario::StreamSlow => slow(exchange, &script),
        Scenario::StreamEndless => endless(exchange, &script),
        Scenario::EndlessEvent => endless_event(exchange),
        _ => {
            begun(exchange, &script)?;
            break_off(scenario, exchange)
        }
    }
}

/// Sends the regular answer of `pieces`, one chunk for each event.
pub(crate) fn good(exchange: &mut Exchange<'_>, asked: &Asked, pieces: &[&str]) -> io::Result<()> {
    let script = exchange.dialect.script(asked, pieces);
    send(exchange, script.events())
}

/// Sends a stream of `events`, one chunk for each.
pub(crate) fn send<'e>(
    exchange: &mut Exchange<'_>,
    events: impl IntoIterator<Item = &'e Event>,
) -> io::Result<()> {
    exchange.wire.chunked(EVENTS)?;
    for event in events {
        exchange.wire.chunk(event.plain().as_bytes())?;
    }
    exchange.wire.last_chunk()
}

fn split(exchange: &mut Exchange<'_>, script: &Script) -> io::Result<()> {
    let text: String = script.events().map(|event| event.lines("\r\n")).collect();
    for byte in text.as_bytes() {
        exchange.wire.chunk(&[*byte])?;
        thread::sleep(SPLIT);
    }
    exchange.wire.last_chunk()
}

/// Sends a byte order mark, comments, unknown fields, data on several lines, and every kind of line end.
fn odd(exchange: &mut Exchange<'_>, script: &Script) -> io::Result<()> {
    let ends = ["\n", "\r\n", "\r"].into_iter().cycle();
    let events: String = script
        .events()
        .zip(ends)
        .map(|(event, end)| event.odd(end))
        .collect();
    exchange.wire.chunk(format!("\u{feff}{events}").as_bytes())?;
    exchange.wire.last_chunk()
}

fn slow(exchange: &mut Exchange<'_>, script: &Script) -> io::Result<()> {
    for event in script.events() {
        if script.deltas.contains(event) {
            thread::sleep(SLOW);
        }
        exchange.wire.chunk(event.plain().as_bytes())?;
    }
    exchange.wire.last_chunk()
}

/// Sends the opening, and the first deltas.
fn begun(exchange: &mut Exchange<'_>, script: &Script) -> io::Result<()> {
    let events = script
        .opening
        .iter()
        .chain(script.deltas.iter().take(BEFORE_THE_BREAK));
    events
        .map(|event| event.plain())
        .try_for_each(|event| exchange.wire.chunk(event.as_bytes()))
}

fn break_off(scenario: Scenario, exchange: &mut Exchange<'_>) -> io::Result<()> {
    match scenario {
        Scenario::StreamReset => exchange.wire.reset(),
        Scenario::StreamStalled => exchange.wire.hold(),
        Scenario::StreamError => {
            let error = exchange.dialect.error_event().plain();
            exchange.wire.chunk(error.as_bytes())?;
            exchange.wire.last_chunk()
        }
        _ => exchange.wire.last_chunk(),
    }
}

fn endless(exchange: &mut Exchange<'_>, script: &Script) -> io::Result<()> {
    begun(exchange, script)?;
    let more: String = script.deltas.iter().map(|event| event.plain()).collect();
    loop {
        exchange.wire.chunk(more.repeat(100).as_bytes())?;
    }
}

fn endless_event(exchange: &mut Exchange<'_>) -> io::Result<()> {
    exchange.wire.chunk(b"data: {\"choices\":\"")?;
    let more = digits(1 << 16);
    loop {
        exchange.wire.chunk(more.as_bytes())?;
    }
}
