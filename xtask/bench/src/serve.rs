//! The served components in `wasmtime serve`, in front of the same provider and in turns: that for WASI 0.2, and that
//! for WASI 0.3, where one instance answers many requests.

use anyhow::Result;
use builds::temporary;
use devkit::{project::Project, ui};
use flags::values::Releases;
use testkit::{LoadGenerator, Streams};

use super::{
    metric::Metric,
    peer::Peer,
    rounds::{HELD_STREAMS, Load, Results, median},
};

/// The load of a round.
const LOAD: Load = Load {
    connections: 32,
    requests: 100,
};

/// The number of rounds, in which both take turns.
const ROUNDS: usize = 9;

/// Measures both components.
pub(super) fn measure(project: &Project) -> Result<Vec<Metric>> {
    let shipped = artifacts::ensure_served_built(project)?;
    let wasmtime = toolchain::wasmtimes(project, Releases::Chosen)?.remove(0).path;
    let load = LoadGenerator::build(project)?;
    let start = |provider: &str, directory| -> Result<[Peer; 2]> {
        Ok([
            Peer::served("p2", &wasmtime, &shipped.served, provider, directory)?,
            Peer::served("p3", &wasmtime, &shipped.served_p3, provider, directory)?,
        ])
    };
    let upstream = load.upstream()?;
    let directory = temporary::directory()?;
    ui::status("Starting", "both components in wasmtime");
    let direct = Peer::direct(&upstream.api_base(1, 0));
    let [p2, p3] = start(&direct.api_base, directory.path())?;
    let mut metrics = alternately(&load, [direct, p2, p3])?;
    let (streams, pause) = HELD_STREAMS;
    let api = upstream.api_base(streams.pieces, pause);
    let directory = temporary::directory()?;
    for peer in start(&api, directory.path())? {
        metrics.extend(held_streams(&load, peer, &streams)?);
    }
    Ok(metrics)
}

/// Measures the provider itself and both components in turns.
fn alternately(load: &LoadGenerator, mut peers: [Peer; 3]) -> Result<Vec<Metric>> {
    let mut results = peers.each_ref().map(|_| Results::new());
    let mut processor: [Vec<f64>; 3] = Default::default();
    for round in 0..=ROUNDS {
        ui::status("Measuring", &format!("round {round} of {ROUNDS}"));
        for ((peer, results), processor) in peers.iter_mut().zip(&mut results).zip(&mut processor) {
            let before = peer.processor_seconds()?;
            let measured = LOAD.round(load, peer)?;
            let used = peer.processor_seconds()? - before;
            // The first round is not counted.
            if round > 0 {
                results.add(&measured);
                processor.push(used / LOAD.answers() as f64 * 1e6);
            }
        }
    }
    let mut metrics = Vec::new();
    for ((peer, results), processor) in peers.iter_mut().zip(&results).zip(&processor) {
        metrics.extend(results.metrics(peer.name, LOAD.connections));
        let Some(memory) = peer.memory("memory", "memory afterwards")? else {
            continue;
        };
        let name = peer.name;
        metrics.push(Metric::new(
            &format!("{name}-processor"),
            &format!("{name}: processor time of the host for an answer"),
            median(processor),
            "µs",
        ));
        metrics.push(memory);
    }
    metrics.push(Metric::new(
        "p2-to-p3",
        "requests a second for 0.2, as a multiple of those for 0.3",
        results[1].rate() / results[2].rate(),
        "x",
    ));
    Ok(metrics)
}

/// Holds many streams at once in one process.
fn held_streams(load: &LoadGenerator, mut peer: Peer, streams: &Streams) -> Result<Vec<Metric>> {
    let (name, count) = (peer.name, streams.count);
    ui::status("Measuring", &format!("{count} streams at once through {name}"));
    let held = load.streams(&peer.api_base, streams)?;
    held.causes
        .iter()
        .for_each(|(cause, times)| ui::warn(&format!("{times} streams failed: {cause}")));
    let metric = |id: &str, what: &str, value: f64, unit: &str| {
        let what = format!("{name}, {count} streams at once: {what}");
        Metric::new(&format!("{name}-streams-{id}"), &what, value, unit)
    };
    let first = held.first_piece.median / 1e3;
    let mut metrics = vec![
        metric("failed", "streams that failed", held.errors as f64, "streams"),
        metric("open", "most that were open", held.most_at_once as f64, "streams"),
        metric("first", "first piece, median", first, "ms"),
    ];
    let what = format!("memory after {count} streams at once");
    metrics.extend(peer.memory("streams-memory", &what)?);
    Ok(metrics)
}
