//! Requests to several programs in turns, and the results of each program.

use anyhow::{Result, ensure};
use testkit::{LoadGenerator, Requests, Streams};

use super::{metric::Metric, peer::Peer};

/// The streams of each connection in a round, for the time until the first piece.
const STREAMS: usize = 10;

/// The streams that are held open at the same time, and the pause between their pieces in milliseconds: each lasts two
/// seconds.
pub(super) const HELD_STREAMS: (Streams, u64) = (
    Streams {
        count: 500,
        rounds: 1,
        pieces: 20,
    },
    100,
);

/// The load of a round.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    /// The connections that send requests at the same time.
    pub(super) connections: usize,
    /// The requests of each connection.
    pub(super) requests: usize,
}

/// The results of a program in one round.
pub(super) struct Round {
    requests: Requests,
    first: f64,
}

/// The results of a program in all rounds.
pub(super) struct Results {
    rates: Vec<f64>,
    median: Vec<f64>,
    late: Vec<f64>,
    first: Vec<f64>,
}

impl Load {
    /// Returns the number of answers of a round, whole ones and streams.
    pub(super) fn answers(self) -> usize {
        self.connections * (self.requests + STREAMS)
    }

    /// Puts the load on `peer`.
    pub(super) fn round(self, load: &LoadGenerator, peer: &Peer) -> Result<Round> {
        let requests = load.requests(&peer.api_base, self.connections, self.requests)?;
        let streams = Streams {
            count: self.connections,
            rounds: STREAMS,
            pieces: 1,
        };
        let first = load.streams(&peer.api_base, &streams)?;
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
}

impl Results {
    pub(super) fn new() -> Self {
        Self {
            rates: Vec::new(),
            median: Vec::new(),
            late: Vec::new(),
            first: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, round: &Round) {
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

    /// Returns the requests a second.
    pub(super) fn rate(&self) -> f64 {
        median(&self.rates)
    }

    /// Returns the metrics of the program `name`.
    pub(super) fn metrics(&self, name: &str, connections: usize) -> Vec<Metric> {
        let rate = format!("requests a second, on {connections} connections");
        [
            ("rate", rate.as_str(), &self.rates, "requests/s"),
            ("p50", "an answer in one piece, median", &self.median, "ms"),
            ("p99", "an answer in one piece, 99 of 100", &self.late, "ms"),
            ("first", "first piece of a stream, median", &self.first, "ms"),
        ]
        .into_iter()
        .map(|(metric, what, values, unit)| {
            let (id, what) = (format!("{name}-{metric}"), format!("{name}: {what}"));
            Metric::new(&id, &what, median(values), unit)
        })
        .collect()
    }
}

/// Returns the median of all rounds.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
