//! Has components do the work in a real wasmtime, against the server that plays the model.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use devkit::{
    child::{Guarded, between_files},
    files,
    project::Project,
};
use serde_json::json;
use tempfile::TempDir;
use testkit::Provider;
use toolchain::Wasmtime;
use xshell::{Shell, cmd};

use super::comparison::Verdict;

/// The sizes of messages in bytes that are tried beside a short one: longer than a write may be at once, and than what hosts
/// keep while nobody reads it.
pub(super) const MESSAGES: [usize; 2] = [5_000, 2_000_000];

/// What takes longer will never end.
const LIMIT: Duration = Duration::from_secs(30);

/// Where the key comes in.
const KEY: &str = "COMPARE_API_KEY=sk-compare";

/// What all trials share. The server is declared first, so that it has ended when its log is removed.
#[derive(Debug)]
pub(super) struct Trials {
    provider: Provider,
    wasmtime: Wasmtime,
    folder: TempDir,
    made: AtomicU32,
}

/// A run's folder.
struct TrialDirectory {
    folder: PathBuf,
    label: String,
}

impl Trials {
    /// Starts the server.
    pub(super) fn prepare(project: &Project) -> Result<Self> {
        let folder = tempfile::tempdir().context("could not make a temporary folder")?;
        let provider = Provider::start(project, &folder.path().join("requests.jsonl"))?;
        let newest = toolchain::wasmtimes(project, flags::values::Releases::default())?.into_iter().next();
        let wasmtime = newest.context("there is no wasmtime")?;
        Ok(Self { provider, wasmtime, folder, made: AtomicU32::new(0) })
    }

    /// The version of wasmtime.
    pub(super) fn version(&self) -> &str {
        &self.wasmtime.version
    }

    /// What a component prints that is asked nothing.
    pub(super) fn greet(&self, component: &[u8]) -> Result<String> {
        let place = self.place(component)?;
        let ended = self.run(&place, "")?;
        ensure!(ended == Some(true), "it did not end well: {}", place.text("stderr")?);
        place.text("stdout")
    }

    /// What comes of a message of so many bytes, and what was said about it.
    pub(super) fn attempt(&self, component: &[u8], bytes: usize) -> Result<(Verdict, String)> {
        let place = self.place(component)?;
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

    /// Makes a folder with the component and a configuration.
    fn place(&self, component: &[u8]) -> Result<TrialDirectory> {
        let label = format!("run-{}", self.made.fetch_add(1, Ordering::Relaxed));
        let place = TrialDirectory { folder: self.folder.path().join(&label), label };
        let (variable, _) = KEY.split_once('=').unwrap_or_default();
        let openai = json!({
            "api_base": self.provider.api_base("ok", &place.label), "api_key_env": variable, "retries": 0,
        });
        let config = json!({ "agents": { "model": "gpt-4o-mini" }, "providers": { "providers": { "openai": openai } } });
        let write = || {
            fs::create_dir_all(place.folder.join("config"))?;
            fs::write(place.folder.join("config/config.json"), config.to_string())?;
            fs::write(place.folder.join("component.wasm"), component)
        };
        write().with_context(|| format!("could not write into `{}`", place.folder.display()))?;
        Ok(place)
    }

    /// Whether the component ended well; `None` where it did not end.
    fn run(&self, place: &TrialDirectory, message: &str) -> Result<Option<bool>> {
        let shell = Shell::new().context("could not find the current folder")?;
        let [stdin, stdout, stderr] = ["stdin", "stdout", "stderr"].map(|name| place.folder.join(name));
        fs::write(&stdin, message).with_context(|| format!("could not write `{}`", stdin.display()))?;
        let (wasmtime, component) = (&self.wasmtime.path, place.folder.join("component.wasm"));
        let mut grant = place.folder.join("config").into_os_string();
        grant.push("::/config");
        let streams = between_files([&stdin, &stdout, &stderr])?;
        let run = cmd!(shell, "{wasmtime} run -S http --dir {grant} --env {KEY} {component}");
        let mut child = Guarded::spawn(run, streams, "run the component")?;
        let ended = child.ended_within(LIMIT)?;
        Ok(ended.map(|status| status.success()))
    }
}

impl TrialDirectory {
    /// Makes sure that the answer, which holds the message, was printed and stored: a run that ends well proves neither.
    fn holds_the_answer_to(&self, message: &str) -> Result<()> {
        let answer = format!("echo: {message}");
        ensure!(self.text("stdout")?.contains(&answer), "the answer was not printed");
        ensure!(self.text("config/sessions/default.json")?.contains(&answer), "the answer was not stored");
        Ok(())
    }

    fn text(&self, name: impl AsRef<Path>) -> Result<String> {
        let path = self.folder.join(name);
        let bytes = files::read(&path)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}
