//! Random answers. The same seed gives the same bytes, and pauses add up to at most 50 milliseconds.

use std::{io, thread, time::Duration};

use crate::{asked::Asked, exchange::Exchange, pieces::pieces, random::Random};

/// The longest sum of all pauses of an answer, in microseconds.
const PAUSES: usize = 50_000;

/// Answers as determined by `seed`.
pub(crate) fn answer(seed: u64, exchange: &mut Exchange<'_>) -> io::Result<()> {
    let mut random = Random::new(seed);
    let (content_type, body) = body(&mut random, exchange);
    let mut bytes = framed(&mut random, content_type, &body);
    if random.one_in(12) {
        bytes.truncate(random.number(0..bytes.len()));
    }
    if random.one_in(20) {
        mutate(&mut random, &mut bytes);
    }
    deliver(&mut random, exchange, &bytes)?;
    if random.one_in(5) {
        exchange.wire.reset()
    } else {
        Ok(())
    }
}

/// Returns a body and its type: a regular one, a damaged one, or something else.
fn body(random: &mut Random, exchange: &Exchange<'_>) -> (&'static str, Vec<u8>) {
    let (content_type, mut body) = match random.number(0..10) {
        0..3 => ("application/json", exchange.body(random.number(0..3000))),
        3..7 => ("text/event-stream", events(random, exchange)),
        7 => (
            "application/json",
            exchange
                .dialect
                .error(429, exchange.request)
                .to_string()
                .into_bytes(),
        ),
        8 => ("application/json", nested(random).into_bytes()),
        _ => {
            let length = random.number(0..5000);
            ("text/event-stream", random.bytes(length))
        }
    };
    if random.one_in(6) {
        body.truncate(random.number(0..body.len()));
    }
    if random.one_in(3) {
        mutate(random, &mut body);
    }
    (content_type, body)
}

/// Returns a stream with some parts left out, doubled or in the wrong place.
fn events(random: &mut Random, exchange: &Exchange<'_>) -> Vec<u8> {
    let asked = Asked {
        model: "a-model".to_owned(),
        text: String::new(),
        usage: random.one_in(2),
    };
    let script = exchange
        .dialect
        .script(&asked, &pieces("Grüße, 世界 — 🦀 and everyone \" \\ \n else"));
    let mut events: Vec<_> = script.events().cloned().collect();
    if random.one_in(8) {
        events.insert(random.number(0..events.len()), exchange.dialect.error_event());
    }
    if random.one_in(4) {
        events.remove(random.number(0..events.len()));
    }
    if random.one_in(4) {
        let (from, to) = (random.number(0..events.len()), random.number(0..events.len()));
        events.swap(from, to);
    }
    let mut bytes = Vec::new();
    for event in &events {
        let end = random.one_of(&["\n", "\n", "\n", "\r\n", "\r"]);
        let text = if random.one_in(8) {
            event.odd(end)
        } else {
            event.lines(end)
        };
        bytes.extend(text.as_bytes());
    }
    bytes
}

fn nested(random: &mut Random) -> String {
    let depth = random.number(1..20_000);
    let (open, close) = random.one_of(&[("[", "]"), ("{\"choices\":", "}"), ("{\"delta\":[", "]}")]);
    format!("{{\"choices\":{}1{}}}", open.repeat(depth), close.repeat(depth))
}

/// Replaces, removes, doubles and inserts a few bytes.
fn mutate(random: &mut Random, bytes: &mut Vec<u8>) {
    for _ in 0..random.number(1..6) {
        let at = random.number(0..bytes.len());
        let piece = random.number(0..8);
        let piece = random.bytes(piece);
        let end = (at + random.number(0..8)).min(bytes.len());
        match random.number(0..3) {
            0 => drop(bytes.splice(at..end, piece)),
            1 => bytes.truncate(end.max(1)),
            _ => {
                let copy = bytes[at.min(end)..end].repeat(2);
                bytes.splice(end..end, copy);
            }
        }
    }
}

/// Returns a head and the body, with framing that may be wrong.
fn framed(random: &mut Random, content_type: &str, body: &[u8]) -> Vec<u8> {
    let mut head = format!("{} {} \r\n", version(random), status(random));
    if !random.one_in(10) {
        head.push_str(&format!("content-type: {content_type}\r\n"));
    }
    // Most answers should be read beyond their head.
    if random.one_in(3) {
        (0..random.number(1..5)).for_each(|_| head.push_str(&header(random)));
    }
    if random.one_in(40) {
        head.push_str(&"x-many: headers\r\n".repeat(random.number(1..2000)));
    }
    let length = body.len();
    let (framing, body) = match random.number(0..20) {
        0..8 => (format!("content-length: {length}\r\n"), body.to_vec()),
        8 => (
            format!("content-length: {}\r\n", length + random.number(1..100)),
            body.to_vec(),
        ),
        9 => (
            format!("content-length: {}\r\n", random.number(0..length)),
            body.to_vec(),
        ),
        10 => (
            format!("transfer-encoding: chunked\r\ncontent-length: {length}\r\n"),
            chunked(random, body),
        ),
        11..13 => (String::new(), body.to_vec()),
        _ => ("transfer-encoding: chunked\r\n".to_owned(), chunked(random, body)),
    };
    [head.as_bytes(), framing.as_bytes(), b"\r\n", &body].concat()
}

fn version(random: &mut Random) -> &'static str {
    match random.number(0..40) {
        0 => random.one_of(&["HTTP/1.0", "HTTP/2", "HTTP/9.9", "ICY", ""]),
        _ => "HTTP/1.1",
    }
}

fn status(random: &mut Random) -> usize {
    match random.number(0..20) {
        0..16 => 200,
        16 => random.number(200..600),
        17 | 18 => random.one_of(&[400, 401, 403, 404, 413, 429, 500, 502, 503, 529]),
        _ => random.one_of(&[100, 101, 103, 199, 204, 205, 206, 301, 304, 307, 600, 999, 0]),
    }
}

fn header(random: &mut Random) -> String {
    let fixed = [
        "content-type: application/json\r\n",
        "content-type: text/event-stream\r\n",
        "content-type: text/html; charset=\u{fc}\r\n",
        "content-encoding: gzip\r\n",
        "content-encoding: identity\r\n",
        "retry-after: 99999999999999999999\r\n",
        "retry-after: Thu, 99 Foo 0000 25:61:61 GMT\r\n",
        "date: yesterday\r\n",
        "location: http://user:hunter2@\r\n",
        "location: //\r\n",
        "connection: keep-alive, upgrade\r\n",
        "trailer: x\r\n",
        ": nameless\r\n",
        "no colon\r\n",
        "x: folded\r\n  line\r\n",
    ];
    match random.number(0..10) {
        0 => format!("x-long: {}\r\n", "y".repeat(random.number(1..20_000))),
        1 => format!("x-{}: {}\r\n", random.number(0..99), random.number(0..99)),
        _ => random.one_of(&fixed).to_owned(),
    }
}

fn chunked(random: &mut Random, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = body;
    while !rest.is_empty() {
        let (chunk, behind) = rest.split_at(random.number(1..rest.len() + 1));
        let lie = if random.one_in(50) { random.number(0..9) } else { 0 };
        bytes.extend(format!("{:x}\r\n", chunk.len() + lie).as_bytes());
        bytes.extend(chunk);
        bytes.extend(b"\r\n");
        rest = behind;
    }
    if !random.one_in(10) {
        bytes.extend(b"0\r\n\r\n");
    }
    bytes
}

/// Sends `bytes` in parts, with pauses.
fn deliver(random: &mut Random, exchange: &mut Exchange<'_>, bytes: &[u8]) -> io::Result<()> {
    let pieces = random.number(1..8);
    let longest = bytes.len() / pieces + 1;
    let mut rest = bytes;
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(random.number(longest / 2..longest + 1).clamp(1, rest.len()));
        exchange.wire.send(piece)?;
        if random.one_in(2) {
            thread::sleep(Duration::from_micros(random.number(0..PAUSES / 16) as u64));
        }
        rest = behind;
    }
    Ok(())
}
