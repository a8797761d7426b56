//! Servers that mean harm, and addresses that lead nowhere good: a named error within the deadline, whatever comes.

use anyhow::{Result, ensure};
use serde_json::json;

use super::{at_once, cases};
use crate::smoke::lab::{Lab, PROVIDERS};

/// More memory than a guest needs for anything but what grows without bound.
const MEMORY: usize = 64 << 20;

cases! {
    "an answer that is compressed unasked is a named error" => gzip,
    "a redirect is not followed, and its credentials not shown" => redirect,
    "an answer without content is a named error" => no_content,
    "JSON nested ten thousand deep is a named error" => deep_json,
    "an answer that is not UTF-8 is a named error" => bad_utf8,
    "JSON of the wrong shape is a named error" => wrong_shape,
    "headers without end are a named error" => endless_headers,
    "a body without end is a named error" => endless_body,
    "bytes that trickle time out on time" => trickle,
    "an address that gives a user, another scheme or no host is refused before anything is sent" => bad_address,
}

fn gzip(lab: &Lab<'_>) -> Result<()> {
    named(lab, "gzip", &["gzip"])
}

fn redirect(lab: &Lab<'_>) -> Result<()> {
    named(lab, "redirect", &["307", "redirects are not followed", "127.0.0.1"])
}

fn no_content(lab: &Lab<'_>) -> Result<()> {
    named(lab, "no-content", &["204"])
}

fn deep_json(lab: &Lab<'_>) -> Result<()> {
    named(lab, "deep-json", &["recursion limit"])
}

fn bad_utf8(lab: &Lab<'_>) -> Result<()> {
    named(lab, "bad-utf8", &["UTF-8"])
}

fn wrong_shape(lab: &Lab<'_>) -> Result<()> {
    named(lab, "wrong-shape", &["something else than"])
}

fn endless_headers(lab: &Lab<'_>) -> Result<()> {
    named(lab, "endless-headers", &["HTTP"])
}

fn endless_body(lab: &Lab<'_>) -> Result<()> {
    named(lab, "endless-body", &["larger than", "10000000 bytes"])
}

fn trickle(lab: &Lab<'_>) -> Result<()> {
    named(lab, "trickle", &["Request timed out after 2 s"])
}

/// With each protocol, with a stream asked for and without: it fails in these words, in time, and nothing is stored.
fn named(lab: &Lab<'_>, scenario: &str, words: &[&str]) -> Result<()> {
    let check = |name: &str, stream: bool| {
        let lab = lab.within(&format!("{name} {}", if stream { "stream" } else { "whole" }))?;
        lab.configure_as(name, scenario, json!({ "timeout_secs": 2 }), json!({ "stream": stream }))?;
        let outcome = lab.component().memory(MEMORY).say("hello")?;
        outcome.failed(words)?;
        ensure!(!outcome.stderr.contains("hunter2"), "the password of a location is shown");
        outcome.took(0..4)?;
        lab.received(1)?;
        lab.stored_nothing()
    };
    let ways = PROVIDERS.into_iter().flat_map(|name| [false, true].map(|stream| (name, stream)));
    at_once(ways.map(|(name, stream)| move || check(name, stream)))
}

fn bad_address(lab: &Lab<'_>) -> Result<()> {
    let good = lab.bench.provider.api_base("ok", "bad-address");
    let authority = good.trim_start_matches("http://");
    for address in [
        format!("http://user:hunter2@{authority}"),
        format!("ftp://{authority}"),
        format!("//{authority}"),
        "http:///v1".to_owned(),
        "http://:80/v1".to_owned(),
        format!("{good}\r\nx-smuggled: 1"),
    ] {
        lab.configure_at(&address, json!({}))?;
        let outcome = lab.say("hello")?;
        outcome.failed(&["/config/config.json", "api_base"])?;
        ensure!(!outcome.stderr.contains("hunter2"), "the password in `{address}` is shown");
    }
    lab.sent_nothing()?;
    ensure!(lab.bench.provider.requests("bad-address")?.is_empty(), "something was sent");
    lab.stored_nothing()
}
