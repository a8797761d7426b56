//! The component in the wasmtime command. Whole processes are timed from outside, and compared with processes that
//! do slightly less.
//!
//! The time of a turn in the guest is the difference between two alternating processes: one that makes the turn,
//! and one that stops just before it. So neither the component nor the host needs code for the measurement.

mod exchange;
mod guest;

use std::{path::PathBuf, time::Duration};

use anyhow::{Result, ensure};
use builds::{files, temporary};
use devkit::project::Project;
use flags::values::Releases;
use serde_json::json;
use tempfile::TempDir;
use testkit::{LoadGenerator, Provider, Upstream};

use self::{
    exchange::Exchange,
    guest::{Form, GuestInput, GuestRunner, Program},
};
use super::{
    metric::Metric,
    series::{Samples, Series},
};

/// The number of runs of each process.
const ROUNDS: usize = 50;

/// The bytes of the large message.
const LARGE: usize = 5_000_000;

/// The chunks of the long streamed answer, each with one token.
const PIECES: usize = 20_000;

/// The pieces of the answer of 20 MB, and the number of runs with it.
const LARGE_PIECES: usize = 4_000_000;
const LARGE_ROUNDS: usize = 10;

/// Measures everything about the component.
pub(super) fn measure(project: &Project) -> Result<Vec<Metric>> {
    let wasmtime = toolchain::wasmtimes(project, Releases::Chosen)?.remove(0);
    let programs = [
        sample(project, "hello")?,
        artifacts::ensure_built(project)?.component,
        sample(project, "with-wstd")?,
        sample(project, "with-waki")?,
    ];
    let upstream = LoadGenerator::build(project)?.upstream()?;
    let runner = GuestRunner::new(&wasmtime.path, &programs)?;
    let places = GuestInputs::new(project, &runner, &upstream)?;
    let large = places.large_series(&runner).run(LARGE_ROUNDS)?;
    let usual = places.series(&runner).run(ROUNDS)?;
    Ok([starts(&usual), turns(&usual), stacks(&usual, &large)].concat())
}

/// Builds a sample in the same way as our component: the smallest one, to measure the cost of any component, and a turn
/// with another stack.
fn sample(project: &Project, name: &'static str) -> Result<PathBuf> {
    let component = artifacts::shrunk(project, artifacts::Source::Sample(name))?;
    let path = project.target.join("xtask").join(format!("sample-{name}.wasm"));
    files::replace(&path, &component)?;
    Ok(path)
}

/// Directories to grant, each with the configuration for one measurement.
struct GuestInputs {
    usual: GuestInput,
    large_config: GuestInput,
    large_message: GuestInput,
    one_piece: GuestInput,
    many_pieces: GuestInput,
    piped_pieces: GuestInput,
    single_chunks: GuestInput,
    large_answer: GuestInput,
    natively: Exchange,
    large_natively: Exchange,
    ten_calls: TenCalls,
}

impl GuestInputs {
    fn new(project: &Project, runner: &GuestRunner, upstream: &Upstream) -> Result<Self> {
        let (one, many) = (upstream.api_base(1, 0), upstream.api_base(PIECES, 0));
        let chunks = upstream.api_base_of_chunks(PIECES);
        let huge = upstream.api_base(LARGE_PIECES, 0);
        let input = |name, api_base: &str, agent, message: &str| runner.input(name, api_base, agent, message);
        // Sixteen different letters, so that no host can compress it on the way.
        let large = "0123456789abcdef".repeat(LARGE / 16);
        let prompt = json!({ "system_prompt": "Be brief. ".repeat(1000) });
        Ok(Self {
            usual: input("usual", &one, json!({}), "hello")?,
            large_config: input("large-config", &one, prompt, "")?,
            large_message: input(
                "large-message",
                &one,
                json!({ "context_tokens": 10_000_000 }),
                &large,
            )?,
            one_piece: input("one-piece", &one, json!({ "stream": true }), "hello")?,
            many_pieces: input("many-pieces", &many, json!({ "stream": true }), "hello")?,
            piped_pieces: input("piped-pieces", &many, json!({ "stream": true }), "hello")?.piped(),
            single_chunks: input("single-chunks", &chunks, json!({ "stream": true }), "hello")?.piped(),
            large_answer: input("large-answer", &huge, json!({ "stream": false }), "hello")?.piped(),
            natively: Exchange::new(&one, "hello")?,
            large_natively: Exchange::new(&one, &large)?,
            ten_calls: TenCalls::new(project, runner)?,
        })
    }

    /// Returns all alternating processes.
    fn series<'a>(&'a self, runner: &'a GuestRunner) -> Series<'a> {
        let mut series = Series::default();
        for (form, hello, clawft) in [
            (Form::Compiled, "hello-compiled", "start-compiled"),
            (Form::Source, "hello-from-source", "start-from-source"),
        ] {
            series.add(hello, move || runner.start(Program::Hello, form));
            series.add(clawft, move || runner.start(Program::Clawft, form));
        }
        series.add("start-cached", || runner.start(Program::Clawft, Form::Cached));
        series.add("config-read", || runner.refused(&self.large_config));
        series.add("no-turn", || runner.refused(&self.usual));
        series.add("turn", || runner.turn(&self.usual));
        series.add("turn-wstd", || runner.turn_of(Program::Wstd, &self.usual));
        series.add("turn-waki", || runner.turn_of(Program::Waki, &self.usual));
        series.add("large", || runner.turn(&self.large_message));
        series.add("one-piece", || runner.turn(&self.one_piece));
        series.add("many-pieces", || runner.turn(&self.many_pieces));
        series.add("piped-pieces", || runner.turn(&self.piped_pieces));
        series.add("single-chunks", || runner.turn(&self.single_chunks));
        series.add("natively", || self.natively.take());
        series.add("large-natively", || self.large_natively.take());
        series.add("ten-calls", || runner.turn(&self.ten_calls.input));
        series.add("ten-calls-natively", || self.ten_calls.natively());
        series
    }
}

/// A turn with ten calls of tools, one after the other, and thus eleven requests.
struct TenCalls {
    input: GuestInput,
    /// Its requests to the provider, made natively.
    exchanges: Vec<Exchange>,
    _provider: Provider,
    _log: TempDir,
}

/// The calls. The files are afterwards as before.
const CALLS: &str = "list_files {}
read_file {\"path\":\"a.txt\"}
write_file {\"path\":\"b.txt\",\"content\":\"one\\ntwo\\n\"}
edit_file {\"path\":\"b.txt\",\"old_text\":\"two\",\"new_text\":\"three\"}
read_file {\"path\":\"b.txt\"}
search_files {\"text\":\"three\"}
remember {\"key\":\"k\",\"text\":\"a note\"}
recall {\"key\":\"k\"}
delete_file {\"path\":\"b.txt\"}
list_files {\"recursive\":true}";

impl TenCalls {
    /// Makes the turn once, to record its requests.
    fn new(project: &Project, runner: &GuestRunner) -> Result<Self> {
        let log = temporary::directory()?;
        let provider = Provider::start(project, &log.path().join("requests.jsonl"))?;
        let tools = json!({"files": {"write": true}, "notes": true, "permissions": {"*": "allow"}});
        let api_base = provider.api_base("tools", "ten");
        let input = runner.input_with_tools("ten-calls", &api_base, json!({}), CALLS, tools)?;
        runner.turn(&input)?;
        let address = format!("127.0.0.1:{}", provider.port());
        let requests = provider.requests("ten")?;
        ensure!(requests.len() == 11, "ten calls made {} requests", requests.len());
        let exchanges = requests
            .iter()
            .map(|request| Exchange::with_body(&address, &request.path, &request.body))
            .collect();
        Ok(Self {
            input,
            exchanges,
            _provider: provider,
            _log: log,
        })
    }

    /// Makes the same exchanges natively, and returns their time.
    fn natively(&self) -> Result<Duration> {
        self.exchanges.iter().map(Exchange::take).sum()
    }
}

impl GuestInputs {
    /// Returns the processes with the answer of 20 MB.
    fn large_series<'a>(&'a self, runner: &'a GuestRunner) -> Series<'a> {
        let mut series = Series::default();
        series.add("large-answer", || runner.turn(&self.large_answer));
        series.add("large-answer-wstd", || {
            runner.turn_of(Program::Wstd, &self.large_answer)
        });
        series.add("large-answer-waki", || {
            runner.turn_of(Program::Waki, &self.large_answer)
        });
        series
    }
}

/// Returns whole runs of a turn, beside those of the same turn with other stacks.
fn stacks(usual: &Samples, large: &Samples) -> Vec<Metric> {
    let short = "a turn with a short message, from the start of wasmtime to its end";
    let long = "the same with an answer of 20 MB";
    let of = |samples: &Samples, own: &str, metric: &str, what: &str| -> Vec<Metric> {
        let own_runs = samples.of(own);
        let beside = |stack: &str| {
            let other = samples.of(&format!("{own}-{stack}"));
            [
                Metric::of(
                    &format!("{metric}-{stack}"),
                    &format!("{what}, with {stack} and serde"),
                    other,
                    "ms",
                ),
                Metric::of(
                    &format!("{metric}-to-{stack}"),
                    &format!("clawft's time for that, in times of {stack}"),
                    &own_runs.over(other),
                    "x",
                ),
            ]
        };
        let own = Metric::of(metric, what, own_runs, "ms");
        [own]
            .into_iter()
            .chain(beside("waki"))
            .chain(beside("wstd"))
            .collect()
    };
    [
        of(usual, "turn", "turn", short),
        of(large, "large-answer", "answer-20mb", long),
    ]
    .concat()
}

fn starts(samples: &Samples) -> Vec<Metric> {
    let [hello, clawft] = ["hello-compiled", "start-compiled"].map(|name| samples.of(name));
    let [hello_source, clawft_source] =
        ["hello-from-source", "start-from-source"].map(|name| samples.of(name));
    let ms = |name, what, sample| Metric::of(name, what, sample, "ms");
    let compiled = ms(
        "start-compiled",
        "`clawft.wasm --version`, compiled ahead of time",
        clawft,
    );
    let source = ms(
        "start-from-source",
        "`clawft.wasm --version`, compiled by wasmtime each time",
        clawft_source,
    );
    let times = "clawft compiled ahead of time, in hello worlds";
    vec![
        ms("hello-compiled", "hello world, compiled ahead of time", hello),
        compiled.with_reference(hello.median()),
        Metric::of("start-to-hello", times, &clawft.over(hello), "x"),
        ms(
            "start-cached",
            "`clawft.wasm --version`, compiled by an earlier run and kept by wasmtime",
            samples.of("start-cached"),
        ),
        ms(
            "hello-from-source",
            "hello world, compiled by wasmtime each time",
            hello_source,
        ),
        source.with_reference(hello_source.median()),
        Metric::of(
            "source-to-hello",
            "clawft compiled each time, in hello worlds",
            &clawft_source.over(hello_source),
            "x",
        ),
    ]
}

fn turns(samples: &Samples) -> Vec<Metric> {
    let [start, refused, turn, natively] =
        ["start-compiled", "no-turn", "turn", "natively"].map(|name| samples.of(name));
    let config = samples.of("config-read").minus(start);
    let turn = turn.minus(refused);
    let large = samples.of("large").minus(start);
    let large_natively = samples.of("large-natively").median();
    let ten_calls = samples.of("ten-calls").minus(refused);
    let ten_natively = samples.of("ten-calls-natively");
    let rate = |name| {
        let stream = samples.of(name).minus(samples.of("one-piece"));
        stream.map(|millis| (PIECES - 1) as f64 / millis * 1e3)
    };
    let ms = |name, what, sample| Metric::of(name, what, sample, "ms");
    vec![
        ms(
            "config-read",
            "a configuration of 10 KB opened, read and understood",
            &config,
        ),
        ms(
            "round-trip",
            "a turn: session read, request sent, answer taken, session stored",
            &turn,
        )
        .with_reference(natively.median()),
        ms(
            "round-trip-added",
            "of that, beyond the same exchange natively",
            &turn.minus(natively),
        ),
        ms(
            "ten-calls",
            "a turn with ten calls of tools, and eleven requests",
            &ten_calls,
        )
        .with_reference(ten_natively.median()),
        ms(
            "ten-calls-added",
            "of that, beyond the same exchanges natively",
            &ten_calls.minus(ten_natively),
        ),
        ms(
            "body-5mb",
            "a turn with a message of 5 MB, from standard input to the session's file",
            &large,
        )
        .with_reference(large_natively),
        Metric::of(
            "stream-rate",
            "tokens of a stream: decoded, printed as they arrive, stored",
            &rate("many-pieces"),
            "tokens/s",
        ),
        Metric::of(
            "stream-rate-pipe",
            "the same into a pipe",
            &rate("piped-pieces"),
            "tokens/s",
        ),
        Metric::of(
            "stream-rate-chunks",
            "the same where each token is a chunk of HTTP, of which wasmtime hands on one at a time",
            &rate("single-chunks"),
            "tokens/s",
        ),
    ]
}
