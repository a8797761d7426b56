//! Runs components in a real wasmtime, with the mock provider as the server.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use builds::{files, temporary};
use devkit::{
    child::{Guarded, between_files},
    project::Project,
};
use serde_json::json;
use tempfile::TempDir;
use testkit::Provider;
use toolchain::Wasmtime;
use xshell::{Shell, cmd};

use super::comparison::Verdict;

/// The sizes in bytes of the long messages: more than one write may have, and more than hosts buffer while nobody
/// reads.
pub(super) const MESSAGES: [usize; 2] = [5_000, 2_000_000];

/// The time after which a run counts as endless.
const LIMIT: Duration = Duration::from_secs(30);

/// The variable with the key.
const KEY: &str = "COMPARE_API_KEY=sk-compare";

/// The state that all trials share. The server is the first field, so that it ends before its log is removed.
#[derive(Debug)]
pub(super) struct Trials {
    provider: Provider,
    wasmtime: Wasmtime,
    directory: TempDir,
    made: AtomicU32,
}

/// The directory of a run.
struct TrialDirectory {
    directory: PathBuf,
    label: String,
}

impl Trials {
    /// Starts the server.
    pub(super) fn prepare(project: &Project) -> Result<Self> {
        let directory = temporary::directory()?;
        let provider = Provider::start(project, &directory.path().join("requests.jsonl"))?;
        let newest = toolchain::wasmtimes(project, flags::values::Releases::default())?
            .into_iter()
            .next();
        let wasmtime = newest.context("there is no wasmtime")?;
        Ok(Self {
            provider,
            wasmtime,
            directory,
            made: AtomicU32::new(0),
        })
    }

    /// Returns the version of wasmtime.
    pub(super) fn version(&self) -> &str {
        &self.wasmtime.version
    }

    /// Returns the output of a component that gets no message.
    pub(super) fn greet(&self, component: &[u8]) -> Result<String> {
        let place = self.make_directory(component)?;
        let ended = self.run(&place, "")?;
        ensure!(ended == Some(true), "it failed: {}", place.text("stderr")?);
        place.text("stdout")
    }

    /// Returns the result of a message of this size, and the error output.
    pub(super) fn attempt(&self, component: &[u8], bytes: usize) -> Result<(Verdict, String)> {
        let place = self.make_directory(component)?;
        let message = "a word. ".repeat(bytes / 8);
        let message = message.trim_end();
        let ended = self.run(&place, message)?;
        let said = place.text("stderr")?;
        let verdict = match ended {
            Some(true) => {
                place.holds_the_answer_to(message)?;
                Verdict::Works
            }
            Some(false) if said.contains("wasm backtrace") => Verdict::Traps,
            Some(false) => Verdict::Refused,
            None => Verdict::Hangs,
        };
        Ok((verdict, said))
    }

    /// Makes a directory with the component and a configuration.
    fn make_directory(&self, component: &[u8]) -> Result<TrialDirectory> {
        let label = format!("run-{}", self.made.fetch_add(1, Ordering::Relaxed));
        let place = TrialDirectory {
            directory: self.directory.path().join(&label),
            label,
        };
        let (variable, _) = KEY.split_once('=').unwrap_or_default();
        let openai = json!({
            "api_base": self.provider.api_base("ok", &place.label), "api_key_env": variable, "retries": 0,
        });
        let config = json!({ "agents": { "model": "gpt-4o-mini" }, "providers": { "providers": { "openai": openai } } });
        let write = || {
            fs::create_dir_all(place.directory.join("config"))?;
            fs::write(place.directory.join("config/config.json"), config.to_string())?;
            fs::write(place.directory.join("component.wasm"), component)
        };
        write().with_context(|| format!("could not write into `{}`", place.directory.display()))?;
        Ok(place)
    }

    /// Runs the component. Returns whether it succeeded; `None` if it did not end.
    fn run(&self, place: &TrialDirectory, message: &str) -> Result<Option<bool>> {
        let shell = Shell::new().context("could not find the current directory")?;
        let [stdin, stdout, stderr] = ["stdin", "stdout", "stderr"].map(|name| place.directory.join(name));
        fs::write(&stdin, message).with_context(|| format!("could not write `{}`", stdin.display()))?;
        let wasmtime = &self.wasmtime.path;
        let component = place.directory.join("component.wasm");
        let mut grant = place.directory.join("config").into_os_string();
        grant.push("::/config");
        let streams = between_files([&stdin, &stdout, &stderr])?;
        let run = cmd!(
            shell,
            "{wasmtime} run -S http --dir {grant} --env {KEY} {component}"
        );
        let mut child = Guarded::spawn(run, streams, "run the component")?;
        let ended = child.ended_within(LIMIT)?;
        Ok(ended.map(|status| status.success()))
    }
}

impl TrialDirectory {
    /// Checks that the answer, which contains the message, was printed and stored: the exit code proves neither.
    fn holds_the_answer_to(&self, message: &str) -> Result<()> {
        let answer = format!("echo: {message}");
        ensure!(
            self.text("stdout")?.contains(&answer),
            "the answer was not printed"
        );
        ensure!(
            self.text("config/sessions/default.json")?.contains(&answer),
            "the answer was not stored"
        );
        Ok(())
    }

    fn text(&self, name: impl AsRef<Path>) -> Result<String> {
        let path = self.directory.join(name);
        let bytes = files::read(&path)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}
