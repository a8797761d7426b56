//! HTTPS: data arrives unchanged, and only valid certificates are trusted.

use anyhow::{Result, ensure};
use serde_json::json;
use testkit::Certificate;

use super::cases;
use crate::guests::context::{GuestContext, KEY};

cases! {
    tls:
    request_and_answer_arrive_unchanged,
    long_answer_arrives_whole,
    refuses_certificate_of_unknown_authority,
    refuses_certificate_for_another_name,
    refuses_certificate_that_has_expired,
    refuses_server_that_lacks_tls,
    holds_deadline_where_host_ignores_timeouts,
}

fn request_and_answer_arrive_unchanged(test: &GuestContext<'_>) -> Result<()> {
    let message = "Grüße, 世界 — 🦀 \u{0}\t\"quoted\" \\ ".repeat(6000);
    let message = message.trim_end();
    test.configure("ok")?;
    test.say(message)?.answered(&format!("echo: {message}"))?;
    let request = test.request()?;
    request.carries(&[("user", message)])?;
    let authorization = request.header("authorization")?;
    ensure!(
        authorization == format!("Bearer {KEY}"),
        "`authorization` is `{authorization}`"
    );
    let length = request.header("content-length")?;
    ensure!(
        length == request.body_length.to_string(),
        "`content-length` is {length}"
    );
    ensure!(
        request.header("host")?.starts_with("provider.test:"),
        "the request is to another host"
    );
    Ok(())
}

fn long_answer_arrives_whole(test: &GuestContext<'_>) -> Result<()> {
    test.configure("large")?;
    let outcome = test.say("hello")?;
    ensure!(
        outcome.exit == Some(0),
        "exit code {:?}, expected 0",
        outcome.exit
    );
    ensure!(
        outcome.stdout.len() == 9_000_001,
        "printed {} bytes",
        outcome.stdout.len()
    );
    Ok(())
}

fn refuses_certificate_of_unknown_authority(test: &GuestContext<'_>) -> Result<()> {
    refused(
        test,
        Certificate::Untrusted,
        &["the server's certificate is not trusted", "UnknownIssuer"],
    )
}

fn refuses_certificate_for_another_name(test: &GuestContext<'_>) -> Result<()> {
    let words = [
        "the server's certificate is not trusted",
        "not valid for name \"another.test\"",
    ];
    refused(test, Certificate::AnotherName, &words)
}

fn refuses_certificate_that_has_expired(test: &GuestContext<'_>) -> Result<()> {
    refused(
        test,
        Certificate::Expired,
        &["the server's certificate is not trusted", "certificate expired"],
    )
}

fn refuses_server_that_lacks_tls(test: &GuestContext<'_>) -> Result<()> {
    refused(test, Certificate::Plain, &["corrupt message"])
}

/// Checks that the guest refuses the certificate. `words` are those of the guest's error and of the host's
/// message.
fn refused(test: &GuestContext<'_>, presented: Certificate, words: &[&str]) -> Result<()> {
    test.configure_presented(presented)?;
    let outcome = test.say("hello")?;
    outcome.failed(&["error: HTTP unavailable: TLS failed"])?;
    outcome.failed(words)?;
    test.sent_nothing()?;
    test.stored_nothing()
}

fn holds_deadline_where_host_ignores_timeouts(test: &GuestContext<'_>) -> Result<()> {
    test.configure_with("silent", json!({ "retries": 0, "timeout_secs": 1 }))?;
    let outcome = test.say("hello")?;
    outcome.failed(&["Request timed out after 1 s"])?;
    outcome.took(1..3)
}
