//! The time of a turn with each store. It prints a table, and holds nothing: times are the machine's.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use testkit::http;

use super::cases;
use crate::replicas::context::ReplicasContext;

cases! {
    cost:
    prints_time_of_turn_with_each_store,
}

/// The number of turns with each store.
const TURNS: usize = 300;

/// The turns of a session: each of them reads the earlier ones.
const TURNS_PER_SESSION: usize = 10;

/// The turns take turns, so that other load on the machine affects all stores.
fn prints_time_of_turn_with_each_store(test: &ReplicasContext<'_>) -> Result<()> {
    let database = test.database()?;
    let url = database.url();
    let files = test.replica_of("files", "ok", None)?;
    let alone = test.replica("alone", "ok", &url)?;
    let others = [
        test.replica("two", "ok", &url)?,
        test.replica("three", "ok", &url)?,
    ];
    let addresses: Vec<String> = [&alone, &others[0], &others[1]]
        .map(|gateway| gateway.address().to_owned())
        .to_vec();
    let balancer = test.balancer(&addresses)?;
    let subjects = [
        ("one process, files", files.address(), "f"),
        ("one process, Postgres", alone.address(), "p"),
        ("three behind nginx, Postgres", balancer.address(), "n"),
    ];
    let mut times = subjects.map(|_| Vec::with_capacity(TURNS));
    for turn in 0..TURNS {
        for ((_, address, prefix), times) in subjects.iter().zip(&mut times) {
            let begun = Instant::now();
            let id = format!("{prefix}{}", turn / TURNS_PER_SESSION);
            let response = http::ask(address, &id, "hello", None)?;
            ensure!(
                response.header("x-clawft-stored") == Some("true"),
                "a turn was not stored: {}",
                response.head
            );
            response.json()?;
            times.push(begun.elapsed());
        }
    }
    for times in &mut times {
        times.sort();
    }
    let median = |times: &[Duration]| milliseconds(times[times.len() / 2]);
    let first = median(&times[0]);
    let rows = subjects.iter().zip(&times).map(|((name, ..), times)| {
        let p50 = median(times);
        let p99 = milliseconds(times[times.len() * 99 / 100]);
        format!("| {name:30} | {p50:8.2} | {p99:8.2} | {:8.2} |\n", p50 - first)
    });
    let rows: String = rows.collect();
    eprint!(
        "| {:30} | {:>8} | {:>8} | {:>8} |\n{rows}",
        "a turn, in ms", "p50", "p99", "added"
    );
    Ok(())
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
