//! The directories and variables of a runner of GitHub Actions, and the way in which it executes an action.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail, ensure};
use builds::{digest, files, temporary};
use devkit::cmd;
use tempfile::TempDir;
use xshell::{Shell, cmd};

use super::{
    super::context::DietContext,
    definition::{Action, Step, Values, expand, holds},
};

/// The version of the release in the case.
const VERSION: &str = "9.9.9";

/// A runner, with a repository that uses the action.
pub(super) struct Runner {
    directory: TempDir,
    /// The directory of the action.
    action: PathBuf,
    /// The directory for compiled code.
    target: PathBuf,
}

/// The results of an action.
pub(super) struct Finished {
    /// Whether every step succeeded.
    pub(super) succeeded: bool,
    /// The outputs.
    pub(super) outputs: Values,
    /// The text on both streams of all steps.
    pub(super) printed: String,
    /// The summary of the job.
    pub(super) summary: String,
}

impl Runner {
    pub(super) fn new(context: &DietContext) -> Result<Self> {
        let runner = Self {
            directory: temporary::directory()?,
            action: context.root().join(".github/actions/wasm-diet"),
            target: context.target().join("action"),
        };
        for name in ["temp", "releases/v9.9.9", "no-releases", "repository"] {
            let path = runner.path(name);
            fs::create_dir_all(&path).with_context(|| format!("could not make `{}`", path.display()))?;
        }
        Ok(runner)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file of the repository.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        files::replace(&self.path("repository").join(name), bytes)
    }

    /// Makes a release with this program.
    pub(super) fn release(&self, program: &Path) -> Result<()> {
        let shell = Shell::new().context("could not find the current directory")?;
        let machine = if cfg!(target_arch = "aarch64") {
            "aarch64"
        } else {
            "x86_64"
        };
        let name = format!("wasm-diet-{VERSION}-{machine}-unknown-linux-musl");
        let stage = self.path(&name);
        let releases = self.path("releases/v9.9.9");
        fs::create_dir_all(&stage).context("could not make the release")?;
        let archive = releases.join(format!("{name}.tar.gz"));
        cmd::run(cmd!(shell, "cp {program} {stage}/wasm-diet"), "copy the program")?;
        shell.change_dir(self.directory.path());
        cmd::run(cmd!(shell, "tar -czf {archive} {name}"), "pack the release")?;
        let sum = digest::sha256(&files::read(&archive)?);
        let line = format!("{sum}  {name}.tar.gz\n{sum}  another-{name}.tar.gz.cdx.json\n");
        files::replace(&releases.join("SHA256SUMS"), line.as_bytes())
    }

    /// Makes the checksums of the release wrong.
    pub(super) fn damage(&self) -> Result<()> {
        let sums = self.path("releases/v9.9.9/SHA256SUMS");
        let wrong = text(&files::read(&sums)?)
            .lines()
            .map(|line| format!("{}{}\n", "0".repeat(64), line.get(64..).unwrap_or_default()))
            .collect::<String>();
        files::replace(&sums, wrong.as_bytes())
    }

    /// Uses the action with these inputs, and with the releases of the directory `releases`.
    pub(super) fn use_action(&self, releases: &str, inputs: &[(&str, &str)]) -> Result<Finished> {
        let path = self.action.join("action.yml");
        let action: Action = serde_saphyr::from_str(&text(&files::read(&path)?))
            .with_context(|| format!("could not parse `{}`", path.display()))?;
        let mut values: Values = action
            .inputs
            .iter()
            .map(|(name, input)| (format!("inputs.{name}"), input.default.clone()))
            .collect();
        let releases = format!("file://{}", self.path(releases).display());
        let own = [("version", VERSION), ("releases", releases.as_str())];
        for (name, value) in own.iter().chain(inputs) {
            let known = values.insert(format!("inputs.{name}"), (*value).to_owned());
            ensure!(known.is_some(), "the action has no input `{name}`");
        }
        let mut finished = Finished {
            succeeded: true,
            outputs: Values::new(),
            printed: String::new(),
            summary: String::new(),
        };
        files::replace(&self.path("summary"), b"")?;
        for step in &action.runs.steps {
            let is_left_out = match &step.condition {
                Some(condition) => !holds(condition, &values)?,
                None => false,
            };
            if is_left_out || !finished.succeeded {
                continue;
            }
            finished.succeeded = self
                .execute(step, &mut values, &mut finished.printed)
                .with_context(|| format!("step `{}`", step.name))?;
        }
        for (name, output) in &action.outputs {
            finished
                .outputs
                .insert(name.clone(), expand(&output.value, &values)?);
        }
        finished.summary = text(&files::read(&self.path("summary"))?);
        Ok(finished)
    }

    /// Runs a step as a runner does, and adds its outputs to the values. Returns whether it succeeded.
    fn execute(&self, step: &Step, values: &mut Values, printed: &mut String) -> Result<bool> {
        ensure!(step.shell == "bash", "its shell is `{}`", step.shell);
        let (script, output) = (self.path("step.sh"), self.path("output"));
        files::replace(&script, expand(&step.run, values)?.as_bytes())?;
        files::replace(&output, b"")?;
        let shell = Shell::new().context("could not find the current directory")?;
        shell.change_dir(self.path("repository"));
        shell.set_var("RUNNER_TEMP", self.path("temp"));
        shell.set_var("GITHUB_ACTION_PATH", &self.action);
        shell.set_var("GITHUB_OUTPUT", &output);
        shell.set_var("GITHUB_STEP_SUMMARY", self.path("summary"));
        shell.set_var("CARGO_TARGET_DIR", &self.target);
        for (name, value) in &step.env {
            shell.set_var(name, expand(value, values)?);
        }
        let run = cmd!(shell, "bash --noprofile --norc -eo pipefail {script}");
        let made = cmd::output(run, "run a step of the action")?;
        *printed += &text(&made.stdout);
        *printed += &text(&made.stderr);
        for line in text(&files::read(&output)?).lines() {
            let Some((name, value)) = line.split_once('=') else {
                bail!("the output `{line}` has no name");
            };
            values.insert(format!("steps.{}.outputs.{name}", step.id), value.to_owned());
        }
        Ok(made.status.success())
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
