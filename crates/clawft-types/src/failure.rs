//! Error bodies of any shape.

use alloc::{borrow::ToOwned as _, string::String};
use core::time::Duration;

use crate::{
    json::{self, Node},
    search::contains,
    text::Ascii as _,
};

/// Members that hold a message or lead to one, in the order in which their texts are joined.
const MESSAGES: &str = "title error errors loc message Message msg detail error_description error_message \
    errorMessage error_msg metadata raw base_resp status_msg header fault faultstring reason";

/// Members that hold a status or the name of an error, after those that lead to one.
const STATUSES: &str = "error errors code status status_code statusCode type error_type";

/// The statuses that names of errors stand for: parts of a name in lower case, separated by spaces.
const NAMES: [(u16, &str); 9] = [
    (429, "rate_limit exhausted quota too_many throttl"),
    (529, "overloaded"),
    (503, "unavailable"),
    (504, "timeout deadline"),
    (401, "api_key authentication unauthenticated unauthorized"),
    (403, "permission forbidden"),
    (404, "not_found notfound"),
    (400, "invalid_request invalid_argument bad_request badrequest"),
    (500, "internal server_error api_error"),
];

/// The number of levels that are searched: an error in an error, with the text of a third one in it.
const DEPTH: u8 = 8;

/// The number of elements of a list that are read.
const ITEMS: usize = 3;

/// The number of bytes of an error's name that are read.
const NAME: usize = 64;

/// The maximum length of a part of a message in bytes.
const PART: usize = 1024;

/// Returns the message of an error body; empty if none is found.
///
/// Knows the shapes of OpenAI, Anthropic, Gemini (an array), FastAPI (`detail`, a text or a list), Cloudflare
/// (`errors`), RFC 9457 (`title`, `detail`), OpenRouter (the text of another error in `metadata.raw`), and
/// others with `message`, `msg` or a nested `error`.
pub fn message(node: Node<'_>) -> String {
    gather(node, "; ", DEPTH)
}

fn gather(node: Node<'_>, separator: &str, depth: u8) -> String {
    let Some(depth) = depth.checked_sub(1) else {
        return String::new();
    };
    let mut message = String::new();
    if let Some(text) = node.as_text() {
        let text = text.trim();
        // Some routers put the whole error of the server behind them into a text.
        if matches!(text.as_bytes().first(), Some(b'{' | b'['))
            && let Ok(document) = json::parse(text.as_bytes())
        {
            message = gather(Node::root(&document), separator, depth);
        }
        if message.is_empty() {
            message = text[..text.floor_char_boundary(PART)].to_owned();
        }
    } else if let Some(items) = node.as_items() {
        for item in items.take(ITEMS) {
            join(&mut message, separator, &gather(item, separator, depth));
        }
    } else {
        for key in MESSAGES.pieces(b' ') {
            if let Some(value) = node.get(key) {
                let separator = if key == "loc" { "." } else { "; " };
                join(&mut message, ": ", &gather(value, separator, depth));
            }
        }
    }
    message
}

/// Appends `part`, unless it is there already.
fn join(message: &mut String, separator: &str, part: &str) {
    if message == part || part.is_empty() || message.len() > PART {
        return;
    }
    if !message.is_empty() {
        message.push_str(separator);
    }
    message.push_str(part);
}

/// Returns the status that an error body names: a number, or the name of a known error.
pub fn status(node: Node<'_>) -> Option<u16> {
    read_status(node, DEPTH)
}

fn read_status(node: Node<'_>, depth: u8) -> Option<u16> {
    let depth = depth.checked_sub(1)?;
    if let Some(mut items) = node.as_items() {
        return read_status(items.next()?, depth);
    }
    let text = node.as_text();
    // Some servers put the reason phrase behind it: `429 Too Many Requests`.
    let first = |text: &str| text.pieces(b' ').next()?.parse().ok();
    let number = text.map_or(node.as_whole(), first);
    number
        .and_then(|number| u16::try_from(number).ok())
        .filter(|status| (400..=599).contains(status))
        .or_else(|| named(text?))
        .or_else(|| {
            STATUSES
                .pieces(b' ')
                .find_map(|key| read_status(node.get(key)?, depth))
        })
}

fn named(name: &str) -> Option<u16> {
    let name = name[..name.floor_char_boundary(NAME)].to_ascii_lowercase();
    let (status, _) = NAMES
        .iter()
        .find(|(_, parts)| parts.pieces(b' ').any(|part| contains(&name, part)))?;
    Some(*status)
}

/// Returns the time to wait that Gemini puts into the details of an error: `"retryDelay":"34.5s"`.
pub fn delay(node: Node<'_>) -> Option<Duration> {
    // Gemini's errors are the first element of an array, or alone.
    let first = node.as_items().and_then(|mut items| items.next());
    let mut details = first.unwrap_or(node).get("error")?.get("details")?.as_items()?;
    let delay = details.find_map(|detail| detail.text_of("retryDelay"))?;
    seconds(delay.strip_suffix("s")?)
}

/// Reads seconds with or without a fraction, to the millisecond.
pub fn seconds(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.cut(b'.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let millis = fraction
        .bytes()
        .chain(*b"000")
        .take(3)
        .fold(0, |millis, digit| millis * 10 + u64::from(digit - b'0'));
    // More than fits is a very long time.
    let whole = whole.parse().unwrap_or(u64::MAX);
    Some(Duration::from_secs(whole).saturating_add(Duration::from_millis(millis)))
}
