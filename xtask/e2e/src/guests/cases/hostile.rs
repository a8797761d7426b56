//! Hostile servers, and addresses that lead to one: a named error within the deadline in every case.

use anyhow::{Result, ensure};
use serde_json::json;

use super::{at_once, cases};
use crate::guests::context::{GuestContext, PROVIDERS};

/// More memory than a guest needs without unbounded growth.
const MEMORY: usize = 64 << 20;

cases! {
    hostile:
    reports_answer_compressed_without_request,
    reports_redirect_without_following_or_credentials,
    reports_answer_without_content,
    reports_json_nested_ten_thousand_deep,
    reports_answer_that_is_not_utf8,
    reports_json_of_wrong_shape,
    reports_headers_without_end,
    reports_body_without_end,
    times_out_on_trickling_bytes,
    refuses_bad_address_before_sending_anything,
}

fn reports_answer_compressed_without_request(test: &GuestContext<'_>) -> Result<()> {
    named(test, "gzip", &["gzip"])
}

fn reports_redirect_without_following_or_credentials(test: &GuestContext<'_>) -> Result<()> {
    named(
        test,
        "redirect",
        &["307", "redirects are not followed", "127.0.0.1"],
    )
}

fn reports_answer_without_content(test: &GuestContext<'_>) -> Result<()> {
    named(test, "no-content", &["204"])
}

fn reports_json_nested_ten_thousand_deep(test: &GuestContext<'_>) -> Result<()> {
    named(test, "deep-json", &["recursion limit"])
}

fn reports_answer_that_is_not_utf8(test: &GuestContext<'_>) -> Result<()> {
    named(test, "bad-utf8", &["UTF-8"])
}

fn reports_json_of_wrong_shape(test: &GuestContext<'_>) -> Result<()> {
    named(test, "wrong-shape", &["something else than"])
}

fn reports_headers_without_end(test: &GuestContext<'_>) -> Result<()> {
    named(test, "endless-headers", &["HTTP"])
}

fn reports_body_without_end(test: &GuestContext<'_>) -> Result<()> {
    named(test, "endless-body", &["larger than", "10000000 bytes"])
}

fn times_out_on_trickling_bytes(test: &GuestContext<'_>) -> Result<()> {
    named(
        test,
        "trickle",
        &["Request timed out after 2 s (`total_timeout_secs`)"],
    )
}

/// Checks with each protocol, streamed and not, that the guest fails with these words in time, and stores nothing.
fn named(test: &GuestContext<'_>, scenario: &str, words: &[&str]) -> Result<()> {
    let check = |name: &str, stream: bool| {
        let test = test.within(&format!("{name} {}", if stream { "stream" } else { "whole" }))?;
        test.configure_as(
            name,
            scenario,
            json!({ "timeout_secs": 2, "total_timeout_secs": 2 }),
            json!({ "stream": stream }),
        )?;
        let outcome = test.component().memory(MEMORY).say("hello")?;
        outcome.failed(words)?;
        ensure!(
            !outcome.stderr.contains("hunter2"),
            "the password of a location is shown"
        );
        outcome.took(0..4)?;
        test.received(1)?;
        test.stored_nothing()
    };
    let ways = PROVIDERS
        .into_iter()
        .flat_map(|name| [false, true].map(|stream| (name, stream)));
    at_once(ways.map(|(name, stream)| move || check(name, stream)))
}

fn refuses_bad_address_before_sending_anything(test: &GuestContext<'_>) -> Result<()> {
    let good = test.fixture.provider.api_base("ok", "bad-address");
    let authority = good.trim_start_matches("http://");
    for address in [
        format!("http://user:hunter2@{authority}"),
        format!("ftp://{authority}"),
        format!("//{authority}"),
        "http:///v1".to_owned(),
        "http://:80/v1".to_owned(),
        format!("{good}\r\nx-smuggled: 1"),
    ] {
        test.configure_at(&address, json!({}))?;
        let outcome = test.say("hello")?;
        outcome.failed(&["/config/config.json", "api_base"])?;
        ensure!(
            !outcome.stderr.contains("hunter2"),
            "the password in `{address}` is shown"
        );
    }
    test.sent_nothing()?;
    ensure!(
        test.fixture.provider.requests("bad-address")?.is_empty(),
        "something was sent"
    );
    test.stored_nothing()
}
