//! The gateway beside nginx and LiteLLM, in front of the same provider: requests that are passed on as they are.

mod peer;

use anyhow::{Context as _, Result, ensure};
use builds::temporary;
use devkit::{project::Project, ui};
use flags::values::Target;
use testkit::{LoadGenerator, Requests, Streams};

use self::peer::Peer;
use super::metric::Metric;

/// The connections that send requests at the same time, and the requests of each in a round.
const CONNECTIONS: usize = 16;
const REQUESTS: usize = 250;

/// LiteLLM gets fewer requests, because each takes a hundred times as long.
const FEW_REQUESTS: usize = 25;

/// The number of rounds, in which all take turns.
const ROUNDS: usize = 9;

/// The streams that are open at the same time: each lasts two seconds.
const STREAMS: (Streams, u64) = (
    Streams {
        count: 500,
        rounds: 1,
        pieces: 20,
    },
    100,
);

/// Streams for the time until the first piece.
const FIRST: Streams = Streams {
    count: CONNECTIONS,
    rounds: 10,
    pieces: 1,
};

/// The results of one peer in all rounds.
struct Results {
    rates: Vec<f64>,
    median: Vec<f64>,
    late: Vec<f64>,
    first: Vec<f64>,
}

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
            let measured = one_round(&load, peer)?;
            // The first round is not counted.
            if round > 0 {
                results.add(&measured);
            }
        }
    }
    let nginx = results[1].rate();
    for (peer, results) in peers.iter().zip(&results) {
        metrics.extend(results.metrics(peer.name));
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

/// The results of one peer in one round.
struct Round {
    requests: Requests,
    first: f64,
}

fn one_round(load: &LoadGenerator, peer: &Peer) -> Result<Round> {
    let count = if peer.is_slow { FEW_REQUESTS } else { REQUESTS };
    let requests = load.requests(&peer.api_base, CONNECTIONS, count)?;
    let first = load.streams(&peer.api_base, &FIRST)?;
    ensure!(
        first.errors == 0,
        "streams through {} failed: {:?}",
        peer.name,
        first.causes
    );
    Ok(Round {
        requests,
        first: first.first_piece.median,
    })
}

/// Holds many streams at once through each of the peers that has memory.
fn streams(project: &Project, weft: &std::path::Path, load: &LoadGenerator) -> Result<Vec<Metric>> {
    let (streams, pause) = STREAMS;
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

impl Results {
    fn new() -> Self {
        Self {
            rates: Vec::new(),
            median: Vec::new(),
            late: Vec::new(),
            first: Vec::new(),
        }
    }

    fn add(&mut self, round: &Round) {
        let Requests {
            requests,
            seconds,
            times,
        } = &round.requests;
        self.rates.push(*requests as f64 / seconds);
        self.median.push(times.median / 1e3);
        self.late.push(times.p99 / 1e3);
        self.first.push(round.first / 1e3);
    }

    fn rate(&self) -> f64 {
        median(&self.rates)
    }

    fn metrics(&self, peer: &str) -> Vec<Metric> {
        [
            (
                "rate",
                "requests a second, on 16 connections",
                &self.rates,
                "requests/s",
            ),
            ("p50", "an answer in one piece, median", &self.median, "ms"),
            ("p99", "an answer in one piece, 99 of 100", &self.late, "ms"),
            ("first", "first piece of a stream, median", &self.first, "ms"),
        ]
        .into_iter()
        .map(|(name, what, values, unit)| {
            let (name, what) = (format!("{peer}-{name}"), format!("{peer}: {what}"));
            Metric::new(&name, &what, median(values), unit)
        })
        .collect()
    }
}

/// Returns the median of all rounds.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
