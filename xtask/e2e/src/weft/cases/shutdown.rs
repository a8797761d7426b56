//! The gateway's end, requested and by kill.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use testkit::{Gateway, http};

use super::cases;
use crate::weft::context::WeftContext;

cases! {
    long shutdown:
    waits_for_stream_to_end,
    ends_within_ten_seconds_and_stores,
    client_that_leaves_ends_its_answer,
    kill_leaves_every_session_whole,
}

/// The time limit of its end.
const LIMIT: Duration = Duration::from_secs(10);

/// The number of kills.
const KILLS: u32 = 20;

/// The number of sessions at the same time.
const SESSIONS: u32 = 8;

const WORDS: &str = "one two three four five";

fn waits_for_stream_to_end(test: &WeftContext<'_>) -> Result<()> {
    let mut gateway = test.gateway("stream-slow")?;
    let mut stream = http::say(gateway.address(), "drained", WORDS)?;
    let first = stream.piece()?.context("no piece came")?;
    let id = gateway.id();
    test.signal(id, "TERM")?;
    // Later requests are asked to retry, or not accepted any more.
    thread::sleep(Duration::from_millis(100));
    if let Ok(refused) = http::say(gateway.address(), "late", "hello") {
        ensure!(
            refused.status == 503,
            "a request after the signal is answered with {}",
            refused.status
        );
        ensure!(
            refused.head.contains("retry-after"),
            "it is not told when to come again"
        );
    }
    let text = first + &stream.text()?;
    ensure!(text == format!("echo: {WORDS}"), "the stream ended as `{text}`");
    let status = gateway.wait(LIMIT)?;
    ensure!(status.success(), "it ended with {status}");
    ensure!(
        last(&test.session("drained")?)["incomplete"].is_null(),
        "the answer is marked as incomplete"
    );
    Ok(())
}

fn ends_within_ten_seconds_and_stores(test: &WeftContext<'_>) -> Result<()> {
    let gateway = test.gateway("stream-stalled")?;
    let mut stream = http::say(gateway.address(), "given-up", WORDS)?;
    stream.piece()?.context("no piece came")?;
    let start = Instant::now();
    let status = gateway.terminate(LIMIT + Duration::from_secs(1))?;
    ensure!(start.elapsed() <= LIMIT, "it took {:.1?} to end", start.elapsed());
    ensure!(status.success(), "it ended with {status}");
    let last = last(&test.session("given-up")?);
    ensure!(last["incomplete"] == true, "the answer is stored as {last}");
    Ok(())
}

fn client_that_leaves_ends_its_answer(test: &WeftContext<'_>) -> Result<()> {
    let gateway = test.gateway("stream-slow")?;
    let mut stream = http::say(gateway.address(), "abandoned", &WORDS.repeat(100))?;
    stream.piece()?.context("no piece came")?;
    drop(stream);
    let deadline = Instant::now() + LIMIT;
    while test.session("abandoned").is_err() {
        ensure!(
            Instant::now() < deadline,
            "nothing is stored {LIMIT:?} after the client went away"
        );
        thread::sleep(Duration::from_millis(20));
    }
    let last = last(&test.session("abandoned")?);
    ensure!(last["incomplete"] == true, "the answer is stored as {last}");
    let metrics = http::get(gateway.address(), "/metrics", None)?.raw()?;
    ensure!(
        http::get(gateway.address(), "/healthz", None)?.status == 200,
        "it is not well afterwards: {metrics}"
    );
    Ok(())
}

/// Kills the gateway a random moment into answers of which some are being stored, and starts it again on the same
/// home. Every session then has whole turns only, and leftover files do not accumulate.
fn kill_leaves_every_session_whole(test: &WeftContext<'_>) -> Result<()> {
    test.configure("ok")?;
    let mut most = 0;
    for round in 0..KILLS {
        let gateway = test.start()?;
        let moment = Duration::from_millis(u64::from(round * 7 % KILLS));
        converse_until_killed(gateway, moment)?;
        most = most.max(whole_sessions(test)?);
    }
    ensure!(most > 0, "in {KILLS} rounds no turn was stored");
    // A stream that has begun and is not stored yet.
    test.configure("stream-slow")?;
    let gateway = test.start()?;
    let mut stream = http::say(gateway.address(), "mid-stream", WORDS)?;
    stream.piece()?.context("no piece came")?;
    gateway.kill()?;
    whole_sessions(test)?;
    let gateway = test.start()?;
    for session in 0..SESSIONS {
        http::say(gateway.address(), &format!("s-{session}"), "the end")?.text()?;
    }
    http::say(gateway.address(), "mid-stream", "the end")?.text()?;
    whole_sessions(test)?;
    let others: Vec<_> = test
        .session_files()?
        .into_iter()
        .filter(|name| !name.ends_with(".json"))
        .collect();
    ensure!(others.is_empty(), "after {KILLS} kills there are {others:?}");
    Ok(())
}

/// Talks in all sessions at once, and kills the gateway after `moment`.
fn converse_until_killed(gateway: Gateway, moment: Duration) -> Result<()> {
    let address = gateway.address().to_owned();
    thread::scope(|scope| {
        for session in 0..SESSIONS {
            let address = &address;
            // Most requests fail when the gateway is killed.
            scope.spawn(move || {
                while http::say(address, &format!("s-{session}"), "hello")
                    .and_then(|mut said| said.text())
                    .is_ok()
                {}
            });
        }
        thread::sleep(Duration::from_millis(30) + moment);
        gateway.kill()
    })
}

/// Checks that every session file is JSON of whole turns; returns the number of turns.
fn whole_sessions(test: &WeftContext<'_>) -> Result<usize> {
    let files = test.session_files()?;
    let mut turns = 0;
    for id in files.iter().filter_map(|name| name.strip_suffix(".json")) {
        let session = test.session(id)?;
        let messages = session["messages"]
            .as_array()
            .with_context(|| format!("`{id}` has no messages"))?;
        let roles: Vec<&str> = messages
            .iter()
            .filter_map(|message| message["role"].as_str())
            .collect();
        let whole = roles.chunks(2).all(|turn| turn == ["user", "assistant"]);
        ensure!(whole, "`{id}` holds {roles:?}");
        turns += roles.len() / 2;
    }
    // Each session may leave its lock, which is the file that would have been renamed to the session.
    let others = files.iter().filter(|name| !name.ends_with(".json")).count();
    ensure!(
        others <= SESSIONS as usize,
        "beside the sessions there are {others} files: {files:?}"
    );
    Ok(turns)
}

/// Returns the last message.
fn last(session: &Value) -> Value {
    session["messages"]
        .as_array()
        .and_then(|messages| messages.last())
        .cloned()
        .unwrap_or(json!(null))
}
