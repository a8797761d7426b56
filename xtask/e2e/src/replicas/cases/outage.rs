//! A database that is not there, or not there for a while.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use testkit::{Gateway, http};

use super::cases;
use crate::replicas::{
    context::{ReplicasContext, texts, turn},
    database::End,
};

cases! {
    outage:
    restart_between_turns_is_not_noticed,
    start_without_database_is_a_clear_error,
    outage_is_told_and_over_at_once,
    database_without_tls_is_a_clear_error,
    certificate_of_the_database_is_checked,
}

/// The longest time until readiness changes.
const NOTICED: Duration = Duration::from_secs(20);

fn restart_between_turns_is_not_noticed(test: &ReplicasContext<'_>) -> Result<()> {
    let mut database = test.database()?;
    let gateway = test.replica("one", "ok", &database.url())?;
    for end in [End::Fast, End::Immediate] {
        turn(&gateway, "s", "before")?;
        database.stop(end)?;
        database.run()?;
        turn(&gateway, "s", "after")?;
    }
    // Also one that begins while the database is down.
    database.stop(End::Fast)?;
    thread::scope(|scope| {
        let late = scope.spawn(|| turn(&gateway, "s", "meanwhile"));
        thread::sleep(Duration::from_millis(500));
        database.run()?;
        late.join().unwrap_or_else(|_| anyhow::bail!("the turn panicked"))
    })?;
    ensure!(
        texts(gateway.address(), "s")?.len() == 10,
        "not every turn is stored once"
    );
    Ok(())
}

fn start_without_database_is_a_clear_error(test: &ReplicasContext<'_>) -> Result<()> {
    let database = test.stopped_database()?;
    test.home("one", "ok", 0)?;
    let outcome = test.weft("one", Some(&database.url()), &["gateway"], "")?;
    let expected = format!("the store, Postgres at {}: ", database.address());
    ensure!(
        outcome.exit == Some(1) && outcome.stderr.contains(&expected) && outcome.stderr.contains("refused"),
        "it ended with {:?}: {}",
        outcome.exit,
        outcome.stderr
    );
    Ok(())
}

fn outage_is_told_and_over_at_once(test: &ReplicasContext<'_>) -> Result<()> {
    let mut database = test.database()?;
    let gateway = test.replica("one", "stream-slow", &database.url())?;
    readiness_comes_to(&gateway, 200)?;
    let mut running = http::say(gateway.address(), "s", "one two three")?;
    running.piece()?.context("no piece came")?;
    database.stop(End::Immediate)?;
    let refused = http::ask(gateway.address(), "t", "hello", None)?;
    ensure!(
        refused.status == 503,
        "a turn is answered with {}",
        refused.status
    );
    ensure!(
        refused.header("retry-after") == Some("1"),
        "it is told: {}",
        refused.head
    );
    let error = refused.json()?;
    ensure!(
        error["error"]["code"] == "store_unavailable",
        "the error is {error}"
    );
    let rest = running.raw()?;
    ensure!(
        rest.contains(r#""stored":false,"reason":"store_unavailable""#),
        "the running turn: {rest}"
    );
    readiness_comes_to(&gateway, 503)?;
    let listed = http::get(gateway.address(), "/v1/sessions", None)?;
    ensure!(
        listed.status == 503,
        "the list is answered with {}",
        listed.status
    );
    database.run()?;
    turn(&gateway, "s", "again")?;
    readiness_comes_to(&gateway, 200)?;
    ensure!(
        texts(gateway.address(), "s")?.len() == 2,
        "a turn is there that was not stored"
    );
    Ok(())
}

fn database_without_tls_is_a_clear_error(test: &ReplicasContext<'_>) -> Result<()> {
    let database = test.database()?;
    test.home("one", "ok", 0)?;
    let url = database.url().replace("sslmode=disable", "sslmode=verify-full");
    let begun = Instant::now();
    let outcome = test.weft("one", Some(&url), &["gateway"], "")?;
    ensure!(
        outcome.exit == Some(1)
            && outcome.stderr.contains("TLS")
            && outcome.stderr.contains("sslmode=disable"),
        "it ended with {:?}: {}",
        outcome.exit,
        outcome.stderr
    );
    ensure!(begun.elapsed() < Duration::from_secs(9), "it was tried again");
    Ok(())
}

fn certificate_of_the_database_is_checked(test: &ReplicasContext<'_>) -> Result<()> {
    let mut database = test.stopped_database()?;
    let authority = database.encrypt()?;
    database.run()?;
    let trusted = format!("sslmode=verify-full&sslrootcert={}", authority.display());
    let url = |setting: &str| database.url().replace("sslmode=disable", setting);
    turn(&test.replica("one", "ok", &url(&trusted))?, "s", "hello")?;
    test.home("two", "ok", 0)?;
    for (setting, cause) in [
        // The database accepts no connection without TLS.
        ("sslmode=disable", "no encryption"),
        ("sslmode=require", "certificate"),
        ("sslmode=verify-full", "certificate"),
    ] {
        let outcome = test.weft("two", Some(&url(setting)), &["gateway"], "")?;
        ensure!(
            outcome.exit == Some(1) && outcome.stderr.contains(cause),
            "with `{setting}` it ended with {:?}: {}",
            outcome.exit,
            outcome.stderr
        );
    }
    Ok(())
}

/// Waits until the gateway's readiness has this status.
fn readiness_comes_to(gateway: &Gateway, status: u16) -> Result<()> {
    let deadline = Instant::now() + NOTICED;
    loop {
        let response = http::get(gateway.address(), "/readyz", None)?;
        if response.status == status {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "its readiness is {}", response.status);
        thread::sleep(Duration::from_millis(200));
    }
}
