//! The load generator and its results. It is a separate program, fast enough not to influence the measurement, and
//! it can also act as the provider.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::{Context as _, Result, ensure};
use builds::on_demand::OnDemand;
use devkit::{child::Guarded, cmd, project::Project};
use serde::Deserialize;
use xshell::{Cmd, Shell, cmd};

const PROGRAM: OnDemand = OnDemand {
    package: "load-generator",
    workspace: None,
    profile: "release",
    first_time: "the load generator, once; this takes half a minute",
    sources: &["xtask/load-generator"],
    prepare: |_| Ok(()),
};

/// The program.
#[derive(Debug)]
pub struct LoadGenerator(PathBuf);

/// A provider whose answers depend on the path of the request. It ends when this is dropped.
#[derive(Debug)]
pub struct Upstream {
    _process: Guarded,
    url: String,
}

/// Streams to hold at once.
#[derive(Clone, Copy, Debug)]
pub struct Streams {
    /// Number of streams at the same time.
    pub count: usize,
    /// Number of times that each is started.
    pub rounds: usize,
    /// Number of text deltas that the provider sends.
    pub pieces: usize,
}

/// The result of [`Streams`].
#[derive(Debug, Deserialize)]
pub struct Streamed {
    /// Number of streams.
    pub streams: usize,
    /// Number of streams with a wrong or incomplete answer.
    pub errors: usize,
    /// Causes of the errors, with their numbers.
    pub causes: BTreeMap<String, usize>,
    /// Maximum number of streams that were open at the same time.
    pub most_at_once: usize,
    /// Total time in seconds.
    pub seconds: f64,
    /// Time until the first delta of text.
    pub first_piece: Times,
}

/// Times in microseconds.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Times {
    /// Median.
    #[serde(rename = "median_us")]
    pub median: f64,
    /// 99th percentile.
    #[serde(rename = "p99_us")]
    pub p99: f64,
}

/// The result of requests on several connections.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Requests {
    /// Number of requests.
    pub requests: usize,
    /// Total time in seconds.
    pub seconds: f64,
    /// Time of an answer.
    pub times: Times,
}

/// Times with and without the gateway.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Compared {
    /// Requests to the provider directly.
    pub direct: Times,
    /// Requests through the gateway.
    pub through: Times,
}

/// The times of sequential requests.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Latency {
    /// Time of an answer in one piece.
    pub whole: Compared,
    /// Time until the first delta of a streamed answer.
    pub first_piece: Compared,
}

impl LoadGenerator {
    /// Returns the program, which is compiled if necessary.
    pub fn build(project: &Project) -> Result<Self> {
        PROGRAM.ensure_built(project).map(Self)
    }

    /// Starts a provider.
    pub fn upstream(&self) -> Result<Upstream> {
        let shell = Shell::new()?;
        let program = &self.0;
        let (process, url) = Guarded::server(cmd!(shell, "{program} upstream"), "load-generator")?;
        ensure!(
            url.starts_with("http://"),
            "the provider printed `{url}` where its address should be"
        );
        Ok(Upstream {
            _process: process,
            url,
        })
    }

    /// Puts `load` on the chat completions below `api_base`.
    pub fn streams(&self, api_base: &str, load: &Streams) -> Result<Streamed> {
        let shell = Shell::new()?;
        let [count, rounds, pieces] = [load.count, load.rounds, load.pieces].map(|number| number.to_string());
        let options = [
            "--target", api_base, "--count", &count, "--rounds", &rounds, "--pieces", &pieces,
        ];
        report(self.command(&shell, "streams").args(options))
    }

    /// Sends `requests` requests to both `api_base`s alternately.
    pub fn latency(&self, direct: &str, through: &str, requests: usize) -> Result<Latency> {
        let shell = Shell::new()?;
        let requests = requests.to_string();
        let options = ["--direct", direct, "--through", through, "--requests", &requests];
        report(self.command(&shell, "latency").args(options))
    }

    /// Sends `requests` requests on each of `connections` connections to `api_base`.
    pub fn requests(&self, api_base: &str, connections: usize, requests: usize) -> Result<Requests> {
        let shell = Shell::new()?;
        let [connections, requests] = [connections, requests].map(|number| number.to_string());
        let options = [
            "--target",
            api_base,
            "--connections",
            &connections,
            "--requests",
            &requests,
        ];
        report(self.command(&shell, "requests").args(options))
    }

    fn command<'a>(&self, shell: &'a Shell, what: &str) -> Cmd<'a> {
        let program = &self.0;
        cmd!(shell, "{program} {what}").env("LOAD_KEY", "not-a-key")
    }
}

impl Upstream {
    /// Returns the address where an answer has `pieces` deltas of text, with `millis` milliseconds before each if
    /// it is streamed.
    pub fn api_base(&self, pieces: usize, millis: u64) -> String {
        format!("{}/{pieces}/{millis}/v1", self.url)
    }

    /// Does the same without pauses, and with each delta in a chunk of its own.
    pub fn api_base_of_chunks(&self, pieces: usize) -> String {
        format!("{}/{pieces}/0/1/v1", self.url)
    }
}

fn report<T: for<'a> Deserialize<'a>>(command: Cmd<'_>) -> Result<T> {
    let printed = cmd::read(command, "put load on the gateway")?;
    serde_json::from_str(&printed).context("could not parse the output of the load generator")
}
