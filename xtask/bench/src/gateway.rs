//! `weft`: its size, the time to start, and the time that its gateway adds to requests.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use builds::temporary;
use devkit::{cmd, project::Project, ui};
use flags::values::Target;
use serde_json::json;
use tempfile::TempDir;
use testkit::{Compared, Gateway, LoadGenerator, Streamed, Streams, Upstream};
use xshell::{Shell, cmd};

use super::{metric::Metric, sample::Sample};

/// The number of starts for the version.
const STARTS: usize = 50;

/// The number of requests of each kind, directly and through the gateway.
const REQUESTS: usize = 3000;

/// The streams that are open at the same time: each lasts two seconds.
const SIMULTANEOUS: (Streams, u64) = (
    Streams {
        count: 500,
        rounds: 1,
        pieces: 20,
    },
    100,
);

/// The clients that each send another request as soon as they have an answer.
const BUSY: (Streams, u64) = (
    Streams {
        count: 500,
        rounds: 10,
        pieces: 20,
    },
    0,
);

/// The time without requests before the memory of a gateway is read.
const IDLE: Duration = Duration::from_secs(1);

/// Measures everything about `weft`.
pub(super) fn measure(project: &Project) -> Result<Vec<Metric>> {
    let targets = [Target::LinuxAmd64, Target::LinuxArm64];
    let own = Target::of_this_machine().filter(|own| targets.contains(own));
    let own = own.context("the released binaries run on Linux only: measure them there")?;
    let binaries = release::ensure_built(project, &targets)?;
    let load = LoadGenerator::build(project)?;
    let mut metrics = Vec::new();
    for (target, path) in &binaries {
        let size = fs::metadata(path)
            .with_context(|| format!("could not read `{}`", path.display()))?
            .len();
        let what = format!("the binary for {}", target.triple());
        metrics.push(Metric::new(target.file_name(), &what, size as f64 / 1e6, "MB"));
    }
    metrics.push(version(&binaries[&own])?);
    metrics.extend(Subject::start(&binaries[&own], load)?.measure()?);
    Ok(metrics)
}

/// Measures the wall time of `weft --version`.
fn version(weft: &Path) -> Result<Metric> {
    let shell = Shell::new()?;
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let start = Instant::now();
        let output = cmd::output(cmd!(shell, "{weft} --version"), "ask weft for its version")?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
        ensure!(
            output.status.success(),
            "`weft --version` ended with {}",
            output.status
        );
    }
    Ok(Metric::of(
        "weft-version",
        "`weft --version`, the whole process",
        &Sample::new(times),
        "ms",
    ))
}

/// A provider, and gateways in front of it.
struct Subject {
    weft: PathBuf,
    load: LoadGenerator,
    upstream: Upstream,
    directory: TempDir,
}

impl Subject {
    fn start(weft: &Path, load: LoadGenerator) -> Result<Self> {
        let directory = temporary::directory()?;
        let upstream = load.upstream()?;
        Ok(Self {
            weft: weft.to_owned(),
            load,
            upstream,
            directory,
        })
    }

    fn measure(&self) -> Result<Vec<Metric>> {
        ui::status("Measuring", "one request after the other");
        let mut metrics = self.one_by_one()?;
        ui::status("Measuring", &format!("{} streams at once", SIMULTANEOUS.0.count));
        metrics.extend(self.simultaneous_streams()?);
        ui::status("Measuring", &format!("{} clients that do not rest", BUSY.0.count));
        metrics.extend(self.busy_clients()?);
        Ok(metrics)
    }

    fn one_by_one(&self) -> Result<Vec<Metric>> {
        let direct = self.upstream.api_base(1, 0);
        let mut gateway = self.gateway(&direct)?;
        thread::sleep(IDLE);
        let resident = resident(&mut gateway)?;
        let idle = Metric::new(
            "gateway-idle",
            "memory of a gateway that has answered nothing yet",
            resident,
            "MB",
        );
        let latency = self.load.latency(&direct, &api_base(&gateway), REQUESTS)?;
        let whole = compared("answer", "an answer in one piece", latency.whole);
        let first = compared(
            "first-piece",
            "the first piece of a streamed answer",
            latency.first_piece,
        );
        Ok([vec![idle], whole, first].concat())
    }

    fn simultaneous_streams(&self) -> Result<Vec<Metric>> {
        let Loaded {
            direct,
            through,
            resident,
        } = self.loaded(SIMULTANEOUS)?;
        let count = SIMULTANEOUS.0.count;
        ensure!(
            direct.most_at_once == count,
            "the {count} streams were not open at the same time"
        );
        let of = |what: &str| format!("{count} streams at once: {what}");
        let median = |streamed: &Streamed| streamed.first_piece.median / 1e3;
        let open = through.most_at_once as f64;
        Ok(vec![
            Metric::new(
                "streams-failed",
                &of("how many failed"),
                through.errors as f64,
                "streams",
            ),
            Metric::new(
                "streams-open",
                &of("how many were open at the same time"),
                open,
                "streams",
            ),
            Metric::new("streams-end", &of("until the last ends"), through.seconds, "s")
                .with_reference(direct.seconds),
            Metric::new("streams-first-piece", &of("first piece"), median(&through), "ms")
                .with_reference(median(&direct)),
            Metric::new(
                "streams-memory",
                &of("memory of the gateway afterwards"),
                resident,
                "MB",
            ),
        ])
    }

    fn busy_clients(&self) -> Result<Vec<Metric>> {
        let Loaded {
            direct,
            through,
            resident,
        } = self.loaded(BUSY)?;
        let of = |what: &str| format!("{} clients that do not rest: {what}", BUSY.0.count);
        let rate = |streamed: &Streamed| streamed.streams as f64 / streamed.seconds;
        let late = |streamed: &Streamed| streamed.first_piece.p99 / 1e3;
        Ok(vec![
            Metric::new(
                "clients-failed",
                &of("how many streams failed"),
                through.errors as f64,
                "streams",
            ),
            Metric::new("clients-rate", &of("streams"), rate(&through), "streams/s")
                .with_reference(rate(&direct)),
            Metric::new(
                "clients-first-piece",
                &of("first piece, 99 of 100"),
                late(&through),
                "ms",
            )
            .with_reference(late(&direct)),
            Metric::new(
                "clients-memory",
                &of("memory of the gateway afterwards"),
                resident,
                "MB",
            ),
        ])
    }

    /// Puts the same load on the provider and on a gateway in front of it.
    fn loaded(&self, (load, pause): (Streams, u64)) -> Result<Loaded> {
        let api = self.upstream.api_base(load.pieces, pause);
        let mut gateway = self.gateway(&api)?;
        let direct = self.load.streams(&api, &load)?;
        let through = self.load.streams(&api_base(&gateway), &load)?;
        ensure!(
            direct.errors == 0,
            "the provider itself failed: {:?}",
            direct.causes
        );
        through
            .causes
            .iter()
            .for_each(|(cause, times)| ui::warn(&format!("{times} streams failed: {cause}")));
        Ok(Loaded {
            direct,
            through,
            resident: resident(&mut gateway)?,
        })
    }

    /// Starts a gateway for the provider at `api_base`.
    fn gateway(&self, api_base: &str) -> Result<Gateway> {
        let config = json!({
            "agents": { "model": "gpt-4o-mini" },
            "providers": { "providers": { "openai": { "api_base": api_base, "api_key_env": "LOAD_KEY" } } },
            "gateway": { "listen": "127.0.0.1:0" },
        });
        let directory = self.directory.path();
        fs::write(directory.join("config.json"), config.to_string())
            .context("could not write a configuration")?;
        let shell = Shell::new()?;
        let weft = &self.weft;
        let command = cmd!(shell, "{weft} gateway")
            .env("CLAWFT_HOME", directory)
            .env("LOAD_KEY", "not-a-key");
        Gateway::start(command, &directory.join("gateway.log"))
    }
}

/// The results of a load, directly and through the gateway.
struct Loaded {
    direct: Streamed,
    through: Streamed,
    /// Memory of the gateway afterwards, in MB.
    resident: f64,
}

/// Returns the medians, and their difference.
fn compared(name: &str, what: &str, times: Compared) -> Vec<Metric> {
    let (direct, through) = (times.direct.median / 1e3, times.through.median / 1e3);
    vec![
        Metric::new(name, what, through, "ms").with_reference(direct),
        Metric::new(
            &format!("{name}-added"),
            "of that, beyond asking the provider",
            through - direct,
            "ms",
        ),
    ]
}

fn api_base(gateway: &Gateway) -> String {
    format!("{}/v1", gateway.url())
}

/// Returns the resident memory of `gateway`, in MB.
fn resident(gateway: &mut Gateway) -> Result<f64> {
    let path = format!("/proc/{}/status", gateway.id());
    let status = fs::read_to_string(&path).with_context(|| format!("could not read `{path}`"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok());
    Ok(kibibytes.with_context(|| format!("`{path}` does not contain the resident memory"))? * 1024.0 / 1e6)
}
