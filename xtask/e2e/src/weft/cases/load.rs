//! Many clients at the same time, from a separate process.

use anyhow::{Result, ensure};
use serde_json::json;
use testkit::{Streams, http};

use super::cases;
use crate::weft::context::WeftContext;

cases! {
    long load:
    serves_five_hundred_streams_without_error,
    refuses_beyond_bound_with_retry_after,
}

const STREAMS: usize = 500;

fn serves_five_hundred_streams_without_error(test: &WeftContext<'_>) -> Result<()> {
    let upstream = test.fixture.load_generator.upstream()?;
    // Each stream takes two seconds, so all of them are open at the same time.
    test.configure_at(&upstream.api_base(20, 100), json!({}), json!({}))?;
    let gateway = test.start()?;
    let load = Streams {
        count: STREAMS,
        rounds: 1,
        pieces: 20,
    };
    let result = test
        .fixture
        .load_generator
        .streams(&format!("{}/v1", gateway.url()), &load)?;
    ensure!(
        result.errors == 0,
        "{} of {STREAMS} streams failed: {:?}",
        result.errors,
        result.causes
    );
    ensure!(
        result.most_at_once == STREAMS,
        "at most {} were open at once",
        result.most_at_once
    );
    ensure!(
        http::get(gateway.address(), "/readyz", None)?.status == 200,
        "it is not ready afterwards"
    );
    Ok(())
}

fn refuses_beyond_bound_with_retry_after(test: &WeftContext<'_>) -> Result<()> {
    test.configure_with("stream-slow", json!({}), json!({ "max_concurrent": 1 }))?;
    let gateway = test.start()?;
    let mut first = http::say(gateway.address(), "first", "hello")?;
    first.piece()?;
    let second = http::say(gateway.address(), "second", "hello")?;
    ensure!(
        second.status == 429,
        "a request beyond the bound is answered with {}",
        second.status
    );
    ensure!(
        second.head.contains("\r\nretry-after: "),
        "it is not told when to come again: {}",
        second.head
    );
    ensure!(
        first.text()?.ends_with("hello"),
        "the answer that was being made suffered"
    );
    Ok(())
}
