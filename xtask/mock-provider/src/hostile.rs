//! Answers that break off, and answers that no provider should send.

use std::{io, thread, time::Duration};

use crate::{exchange::Exchange, scenario::Scenario};

/// The pause of [`Scenario::Trickle`] after each byte.
const TRICKLE: Duration = Duration::from_millis(100);

/// The depth of [`Scenario::DeepJson`].
const DEPTH: usize = 10_000;

/// The number of bytes to send at once in endless answers.
const BLOCK: usize = 1 << 16;

const JSON: (&str, &str) = ("content-type", "application/json");

/// Answers with `scenario`.
pub(crate) fn answer(scenario: Scenario, exchange: &mut Exchange<'_>) -> io::Result<()> {
    let body = exchange.body(1000);
    let wire = &mut *exchange.wire;
    match scenario {
        Scenario::Silent => wire.hold(),
        Scenario::Stalled => {
            half(exchange, &body)?;
            exchange.wire.hold()
        }
        Scenario::Truncated => {
            half(exchange, &body)?;
            exchange.wire.cut()
        }
        Scenario::Trickle => trickle(exchange, &body),
        Scenario::Reset | Scenario::ResetThenOk => wire.reset(),
        Scenario::Garbage => wire.whole(200, &[JSON], b"<html>502 Bad Gateway</html>"),
        Scenario::Gzip => wire.whole(200, &[JSON, ("content-encoding", "gzip")], &EMPTY_GZIP),
        Scenario::Redirect => redirect(exchange),
        Scenario::NoContent => wire.head(204, &[]),
        Scenario::DeepJson => wire.whole(200, &[JSON], deep().as_bytes()),
        Scenario::BadUtf8 => wire.whole(200, &[JSON], &spoilt(body)),
        Scenario::WrongShape => wire.whole(200, &[JSON], br#"{"choices":"none","content":7,"usage":[]}"#),
        Scenario::EndlessHeaders => endless_headers(exchange),
        Scenario::EndlessBody => endless_body(exchange, &body),
        _ => unreachable!("`answer` keeps the others to itself"),
    }
}

/// Sends a regular head, and half of the body.
fn half(exchange: &mut Exchange<'_>, body: &[u8]) -> io::Result<()> {
    let length = body.len().to_string();
    exchange.wire.head(200, &[JSON, ("content-length", &length)])?;
    exchange.wire.send(&body[..body.len() / 2])
}

fn trickle(exchange: &mut Exchange<'_>, body: &[u8]) -> io::Result<()> {
    exchange
        .wire
        .head(200, &[JSON, ("content-length", &body.len().to_string())])?;
    for byte in body {
        exchange.wire.send(&[*byte])?;
        thread::sleep(TRICKLE);
    }
    Ok(())
}

/// Sends a redirect to a working location, so that the test detects a client that follows it, with a secret
/// that no client should repeat.
fn redirect(exchange: &mut Exchange<'_>) -> io::Result<()> {
    let path = exchange.request.path.replacen("/redirect/", "/ok/", 1);
    let location = format!("http://user:hunter2@{}{path}", exchange.wire.address()?);
    exchange.wire.whole(307, &[("location", &location)], b"")
}

fn deep() -> String {
    format!("{{\"choices\":{}{}}}", "[".repeat(DEPTH), "]".repeat(DEPTH))
}

/// Returns `body` with one byte of its text replaced by one that UTF-8 never uses.
fn spoilt(mut body: Vec<u8>) -> Vec<u8> {
    let digits = b"0123456789abcdef";
    let text = body
        .windows(digits.len())
        .position(|window| window == digits)
        .expect("the text is there");
    body[text + 8] = 0xff;
    body
}

fn endless_headers(exchange: &mut Exchange<'_>) -> io::Result<()> {
    exchange.wire.send(b"HTTP/1.1 200 OK\r\n")?;
    let header = format!("x-endless: {}\r\n", "a".repeat(1000)).repeat(BLOCK / 1000);
    loop {
        exchange.wire.send(header.as_bytes())?;
    }
}

/// Sends an answer whose text never ends.
fn endless_body(exchange: &mut Exchange<'_>, body: &[u8]) -> io::Result<()> {
    exchange.wire.chunked(JSON.1)?;
    exchange.wire.chunk(&body[..body.len() / 2])?;
    loop {
        exchange.wire.chunk(&[b'a'; BLOCK])?;
    }
}

/// The `gzip -9n` form of no bytes.
const EMPTY_GZIP: [u8; 20] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
