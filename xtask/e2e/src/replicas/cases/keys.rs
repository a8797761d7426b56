//! Keys and their limits in the database.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use testkit::{Gateway, http};

use super::cases;
use crate::replicas::{
    context::{ReplicasContext, turn_with},
    database::Database,
};

cases! {
    keys:
    key_works_everywhere_until_revoked,
    limits_count_requests_of_all_replicas,
    tokens_count_for_all_replicas,
}

/// The longest time until a replica notices a change, with some for a busy machine.
const NOTICED: Duration = Duration::from_secs(10);

/// Adds a key with these limits, and returns it.
fn add(test: &ReplicasContext<'_>, url: &str, limits: &[&str]) -> Result<String> {
    let arguments = [&["keys", "add", "alice"], limits].concat();
    let key = test.weft_prints("one", Some(url), &arguments, "")?;
    Ok(key.trim().to_owned())
}

/// Starts a database and two replicas. There is a key of somebody else, because without any key everybody on this
/// machine is the owner.
fn replicas(test: &ReplicasContext<'_>) -> Result<(Database, Gateway, Gateway)> {
    let database = test.database()?;
    test.home("one", "ok", 0)?;
    test.weft_prints("one", Some(&database.url()), &["keys", "add", "bob"], "")?;
    let one = test.replica("one", "ok", &database.url())?;
    let other = test.replica("other", "ok", &database.url())?;
    Ok((database, one, other))
}

/// Waits until a request with the key has this status.
fn comes_to(gateway: &Gateway, key: &str, status: u16) -> Result<()> {
    let deadline = Instant::now() + NOTICED;
    loop {
        let response = http::get(gateway.address(), "/v1/sessions", Some(key))?;
        if response.status == status {
            return Ok(());
        }
        ensure!(
            Instant::now() < deadline,
            "the key is answered with {}",
            response.status
        );
        thread::sleep(Duration::from_millis(100));
    }
}

fn key_works_everywhere_until_revoked(test: &ReplicasContext<'_>) -> Result<()> {
    let (database, one, other) = replicas(test)?;
    let url = database.url();
    let key = add(test, &url, &[])?;
    let listed = test.weft_prints("other", Some(&url), &["keys", "list"], "")?;
    ensure!(listed.contains("alice"), "the list is {listed}");
    let twice = test.weft("other", Some(&url), &["keys", "add", "alice"], "")?;
    ensure!(
        twice.exit == Some(1) && twice.stderr.contains("there is a key `alice` already"),
        "a second one: {}",
        twice.stderr
    );
    for gateway in [&one, &other] {
        comes_to(gateway, &key, 200)?;
        turn_with(gateway, "s", "hello", Some(&key))?;
    }
    // The key's sessions are its own.
    let path = "/v1/sessions/s";
    let session = http::get(one.address(), path, Some(&key))?.json()?;
    ensure!(
        session["messages"].as_array().map(Vec::len) == Some(4),
        "the session is {session}"
    );
    test.weft_prints("one", Some(&url), &["keys", "revoke", "alice"], "")?;
    for gateway in [&one, &other] {
        comes_to(gateway, &key, 401)?;
    }
    let exported = test.weft_prints("one", Some(&url), &["sessions", "export"], "")?;
    ensure!(
        exported.starts_with(r#"{"client":"alice","#),
        "its sessions are gone: {exported}"
    );
    let again = test.weft("one", Some(&url), &["keys", "revoke", "alice"], "")?;
    ensure!(again.exit == Some(1), "it is revoked twice");
    Ok(())
}

fn limits_count_requests_of_all_replicas(test: &ReplicasContext<'_>) -> Result<()> {
    let (database, one, other) = replicas(test)?;
    let url = database.url();
    let key = add(test, &url, &["--requests", "3"])?;
    comes_to(&one, &key, 200)?;
    comes_to(&other, &key, 200)?;
    for gateway in [&one, &other, &one] {
        turn_with(gateway, "s", "hello", Some(&key))?;
    }
    for gateway in [&one, &other] {
        let refused = http::ask(gateway.address(), "s", "hello", Some(&key))?;
        ensure!(
            refused.status == 429,
            "the fourth is answered with {}",
            refused.status
        );
        let wait: u64 = refused.header("retry-after").unwrap_or_default().parse()?;
        ensure!((1..=61).contains(&wait), "it is told to wait {wait} s");
        ensure!(
            refused.header("x-ratelimit-remaining-requests") == Some("0"),
            "it is told: {}",
            refused.head
        );
    }
    Ok(())
}

fn tokens_count_for_all_replicas(test: &ReplicasContext<'_>) -> Result<()> {
    let (database, one, other) = replicas(test)?;
    let url = database.url();
    let key = add(test, &url, &["--tokens", "5"])?;
    comes_to(&one, &key, 200)?;
    comes_to(&other, &key, 200)?;
    turn_with(&one, "s", "hello", Some(&key))?;
    // The answer is over, and its tokens reach the other replica a moment later.
    let deadline = Instant::now() + NOTICED;
    while http::ask(other.address(), "t", "hello", Some(&key))?.status != 429 {
        ensure!(Instant::now() < deadline, "the tokens of the answer do not count");
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
