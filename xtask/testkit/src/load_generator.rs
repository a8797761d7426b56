//! The load generator, and what it found: a program of its own, quick enough not to be what is measured, that also plays the
//! provider.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::{Context as _, Result, ensure};
use devkit::{cargo::OnDemand, child::Guarded, cmd, project::Project};
use serde::Deserialize;
use xshell::{Cmd, Shell, cmd};

const PROGRAM: OnDemand = OnDemand {
    package: "load-generator",
    profile: "release",
    first_time: "the load generator, once; this takes half a minute",
    sources: &["xtask/load-generator"],
    prepare: |_| Ok(()),
};

/// The program.
#[derive(Debug)]
pub struct LoadGenerator(PathBuf);

/// A provider that answers as its path says. It ends when this is dropped.
#[derive(Debug)]
pub struct Upstream {
    _process: Guarded,
    url: String,
}

/// Streams to hold at once.
#[derive(Clone, Copy, Debug)]
pub struct Streams {
    /// How many at once.
    pub count: usize,
    /// How often each is begun again.
    pub rounds: usize,
    /// How many pieces of text the provider sends.
    pub pieces: usize,
}

/// The result of [`Streams`].
#[derive(Debug, Deserialize)]
pub struct Streamed {
    /// How many there were.
    pub streams: usize,
    /// How many did not bring what they should.
    pub errors: usize,
    /// Why, and how often.
    pub causes: BTreeMap<String, usize>,
    /// How many were open at the same time.
    pub most_at_once: usize,
    /// All of it, in seconds.
    pub seconds: f64,
    /// Until the first piece of text.
    pub first_piece: Times,
}

/// How long something took, in microseconds.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Times {
    /// As many took longer as took less.
    #[serde(rename = "median_us")]
    pub median: f64,
    /// One in a hundred took longer.
    #[serde(rename = "p99_us")]
    pub p99: f64,
}

/// The same both ways.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Compared {
    /// Asked directly.
    pub direct: Times,
    /// Asked through the gateway.
    pub through: Times,
}

/// How long one request after the other takes.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Latency {
    /// An answer in one piece.
    pub whole: Compared,
    /// The first piece of a streamed one.
    pub first_piece: Compared,
}

impl LoadGenerator {
    /// Finds the program, which is compiled if need be.
    pub fn build(project: &Project) -> Result<Self> {
        PROGRAM.ensure_built(project).map(Self)
    }

    /// Begins a provider.
    pub fn upstream(&self) -> Result<Upstream> {
        let (shell, program) = (Shell::new()?, &self.0);
        let (process, url) = Guarded::server(cmd!(shell, "{program} upstream"), "load-generator")?;
        ensure!(url.starts_with("http://"), "the provider printed `{url}` where its address should be");
        Ok(Upstream { _process: process, url })
    }

    /// Holds `load` on the chat completions below `api_base`.
    pub fn streams(&self, api_base: &str, load: &Streams) -> Result<Streamed> {
        let shell = Shell::new()?;
        let [count, rounds, pieces] = [load.count, load.rounds, load.pieces].map(|number| number.to_string());
        let options = ["--target", api_base, "--count", &count, "--rounds", &rounds, "--pieces", &pieces];
        report(self.command(&shell, "streams").args(options))
    }

    /// Asks at both `api_base`s by turns, so many times.
    pub fn latency(&self, direct: &str, through: &str, requests: usize) -> Result<Latency> {
        let shell = Shell::new()?;
        let requests = requests.to_string();
        let options = ["--direct", direct, "--through", through, "--requests", &requests];
        report(self.command(&shell, "latency").args(options))
    }

    fn command<'a>(&self, shell: &'a Shell, what: &str) -> Cmd<'a> {
        let program = &self.0;
        cmd!(shell, "{program} {what}").env("LOAD_KEY", "not-a-key")
    }
}

impl Upstream {
    /// Where an answer is `pieces` pieces of text, with `millis` milliseconds before each if it is streamed.
    pub fn api_base(&self, pieces: usize, millis: u64) -> String {
        format!("{}/{pieces}/{millis}/v1", self.url)
    }
}

fn report<T: for<'a> Deserialize<'a>>(command: Cmd<'_>) -> Result<T> {
    let printed = cmd::read(command, "put load on the gateway")?;
    serde_json::from_str(&printed).context("could not read what the load generator printed")
}
