//! The gateway beside nginx and LiteLLM, in front of the same provider: requests that are passed on as they are.

use anyhow::{Context as _, Result};
use builds::temporary;
use devkit::{project::Project, ui};
use flags::values::Target;
use testkit::LoadGenerator;

use super::{
    metric::Metric,
    peer::Peer,
    rounds::{HELD_STREAMS, Load, Results},
};

/// The load of a round.
const LOAD: Load = Load {
    connections: 16,
    requests: 250,
};

/// LiteLLM gets fewer requests, because each takes a hundred times as long.
const FEW_REQUESTS: usize = 25;

/// The number of rounds, in which all take turns.
const ROUNDS: usize = 9;

/// Measures the peers and the gateway.
pub(super) fn measure(project: &Project) -> Result<Vec<Metric>> {
    let own = Target::of_this_machine().context("no binary is released for this machine")?;
    let weft = release::ensure_built(project, &[own])?;
    let weft = weft.get(&own).context("dist built no binary for this machine")?;
    let load = LoadGenerator::build(project)?;
    let upstream = load.upstream()?;
    let directory = temporary::directory()?;
    ui::status("Starting", "nginx, LiteLLM and the gateway");
    let quick = upstream.api_base(1, 0);
    let mut peers = [
        Peer::direct(&quick),
        Peer::nginx(project, &quick, directory.path())?,
        Peer::litellm(project, &quick, directory.path())?,
        Peer::weft(weft, &quick, directory.path())?,
    ];
    let mut metrics = Vec::new();
    for peer in &mut peers {
        metrics.extend(peer.memory("idle", "memory before the first request")?);
    }
    let mut results: Vec<Results> = peers.iter().map(|_| Results::new()).collect();
    for round in 0..=ROUNDS {
        ui::status("Measuring", &format!("round {round} of {ROUNDS}"));
        for (peer, results) in peers.iter().zip(&mut results) {
            let requests = if peer.is_slow { FEW_REQUESTS } else { LOAD.requests };
            let measured = Load { requests, ..LOAD }.round(&load, peer)?;
            // The first round is not counted.
            if round > 0 {
                results.add(&measured);
            }
        }
    }
    let nginx = results[1].rate();
    for (peer, results) in peers.iter().zip(&results) {
        metrics.extend(results.metrics(peer.name, LOAD.connections));
    }
    let ratio = nginx / results[3].rate();
    metrics.push(Metric::new(
        "nginx-to-weft",
        "requests a second of nginx, as a multiple of the gateway's",
        ratio,
        "x",
    ));
    drop(peers);
    metrics.extend(streams(project, weft, &load)?);
    Ok(metrics)
}

/// Holds many streams at once through each of the peers that has memory.
fn streams(project: &Project, weft: &std::path::Path, load: &LoadGenerator) -> Result<Vec<Metric>> {
    let (streams, pause) = HELD_STREAMS;
    let upstream = load.upstream()?;
    let api = upstream.api_base(streams.pieces, pause);
    let directory = temporary::directory()?;
    let peers = [
        Peer::nginx(project, &api, directory.path())?,
        Peer::litellm(project, &api, directory.path())?,
        Peer::weft(weft, &api, directory.path())?,
    ];
    let mut metrics = Vec::new();
    for mut peer in peers {
        ui::status(
            "Measuring",
            &format!("{} streams at once through {}", streams.count, peer.name),
        );
        let held = load.streams(&peer.api_base, &streams)?;
        metrics.extend(peer.memory("streams", "memory after 500 streams at once")?);
        let failed = format!("{}-streams-failed", peer.name);
        metrics.push(Metric::new(
            &failed,
            &format!("{}: streams that failed", peer.name),
            held.errors as f64,
            "streams",
        ));
    }
    Ok(metrics)
}
