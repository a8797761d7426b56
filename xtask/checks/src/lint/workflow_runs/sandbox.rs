//! A temporary directory in which act runs the workflows, with stubs for all programs and actions.
//!
//! ```text
//! checkout/.github/   the workflows and our own actions
//! programs/           the only directory of PATH: bash, and the stub under the name of each program
//! action/             the stub of each action of others
//! home/               act's files
//! ```
//!
//! So no line of a workflow can start a program of this machine, and nothing is fetched.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use builds::{interrupt, temporary};
use devkit::{cmd, project::Project, revision};
use tempfile::TempDir;
use toolchain::Python;
use xshell::{Cmd, Shell, cmd};

use super::{
    super::{
        checkout::{self, Kind},
        linter,
    },
    expected::Run,
    observed::Output,
};

/// The programs that workflows and actions start, and `node` for act, which starts actions with it.
const PROGRAMS: [&str; 6] = ["cargo", "curl", "node", "rustup", "sha256sum", "tar"];

/// The labels of GitHub's machines. act leaves out jobs on others.
const RUNNERS: [&str; 5] = [
    "macos-15",
    "macos-15-intel",
    "ubuntu-24.04",
    "ubuntu-24.04-arm",
    "windows-2025",
];

/// The definition of the stub of an action. act runs it as `node main.js`, and `node` is our stub.
const ACTION: &str = "\
name: stub
description: Prints its inputs
runs:
  using: node24
  main: main.js
";

/// The directory. It is removed when this is dropped, or a signal ends the command.
#[derive(Debug)]
pub(super) struct Sandbox {
    directory: TempDir,
    shell: Shell,
    act: PathBuf,
    workflows: Vec<PathBuf>,
    /// The actions of others, as `owner/name@commit`.
    actions: BTreeSet<String>,
}

impl Sandbox {
    /// Makes the directory for the workflows of `project`.
    ///
    /// # Errors
    ///
    /// Fails if act cannot be installed, or this machine has no bash.
    pub(super) fn new(project: &Project) -> Result<Self> {
        let act = toolchain::python(project, Python::Lint)?.join("act");
        let directory = temporary::directory()?;
        let root = directory.path();
        for name in ["action", "home", "programs"] {
            fs::create_dir(root.join(name)).with_context(|| failure(root))?;
        }
        let shell = project.shell()?;
        let actions = copy_github(project, &shell, &root.join("checkout"))?;
        write_programs(project, &root.join("programs"))?;
        write_action(&root.join("action")).with_context(|| failure(root))?;
        shell.change_dir(root.join("checkout"));
        Ok(Self {
            shell,
            act,
            workflows: checkout::files(project, Kind::Workflow)?,
            actions,
            directory,
        })
    }

    /// Returns the names of the workflows' files, without their extension.
    pub(super) fn workflows(&self) -> Result<BTreeSet<String>> {
        let name = |path: &PathBuf| Some(path.file_stem()?.to_str()?.to_owned());
        let names: Option<_> = self.workflows.iter().map(name).collect();
        names.context("the name of a workflow is not UTF-8")
    }

    /// Compares all workflows with the schemas of GitHub's files.
    pub(super) fn validate(&self) -> Result<()> {
        let validate = self.act(["--validate", "--strict"]);
        interrupt::finish_first(|| linter::expect_nothing(validate, "act"))
    }

    /// Returns the table of the jobs of `workflow`, or of `job` and the jobs that end before it.
    pub(super) fn list(&self, workflow: &str, job: Option<&str>) -> Result<String> {
        let command = self
            .act(["--list", "--workflows"])
            .arg(path(workflow))
            .args(job.iter().flat_map(|job| ["--job", job]));
        Ok(output(command)?.printed)
    }

    /// Runs the jobs of `workflow` for an event. A failed job is in the log only.
    pub(super) fn run(&self, workflow: &str, run: &Run) -> Result<Output> {
        let root = self.directory.path();
        let event = root.join("event.json");
        let payload = serde_json::json!({ "ref": run.reference }).to_string();
        fs::write(&event, payload).with_context(|| failure(root))?;
        let runners = RUNNERS.map(|label| format!("--platform={label}=-self-hosted"));
        let stub = root.join("action").display().to_string();
        let stubbed = |action| format!("--local-repository=https://github.com/{action}={stub}");
        let command = self
            .act([&run.event, "--workflows"])
            .arg(path(workflow))
            .arg("--eventpath")
            .arg(event)
            .args(["--json", "--action-offline-mode", "--no-cache-server"])
            .args(["--actor=somebody", "--secret=GITHUB_TOKEN=token-of-the-run"])
            .args(runners)
            .args(self.actions.iter().map(stubbed))
            .env("FAIL", run.fails.as_deref().unwrap_or_default());
        output(command)
    }

    /// Returns a call of act that sees nothing of this machine but the directory.
    fn act<const COUNT: usize>(&self, arguments: [&str; COUNT]) -> Cmd<'_> {
        let act = &self.act;
        let root = self.directory.path();
        cmd!(self.shell, "{act}")
            .args(arguments)
            .env_clear()
            .env("PATH", root.join("programs"))
            .env("HOME", root.join("home"))
            .env("TMPDIR", root.join("home"))
            .env("ACT_DISABLE_VERSION_CHECK", "1")
    }
}

fn path(workflow: &str) -> String {
    format!(".github/workflows/{workflow}.yml")
}

fn failure(root: &Path) -> String {
    format!("could not write to `{}`", root.display())
}

fn output(command: Cmd<'_>) -> Result<Output> {
    let output = interrupt::finish_first(|| cmd::output(command, "run act"))?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(Output {
        printed: text(output.stdout),
        complaints: text(output.stderr),
    })
}

/// Copies the files below `.github`, and returns the actions of others that they use.
fn copy_github(project: &Project, shell: &Shell, to: &Path) -> Result<BTreeSet<String>> {
    let mut actions = BTreeSet::new();
    let files = revision::files(shell, &project.root)?;
    for file in files.iter().filter(|file| file.starts_with(".github")) {
        let from = project.root.join(file);
        let text =
            fs::read_to_string(&from).with_context(|| format!("could not read `{}`", from.display()))?;
        shell.write_file(to.join(file), &text)?;
        actions.extend(used_actions(&text));
    }
    Ok(actions)
}

/// Returns the actions in the lines `uses: owner/name@commit`.
fn used_actions(text: &str) -> impl Iterator<Item = String> {
    let action = |line: &str| {
        let used = line.trim_start_matches([' ', '-']).strip_prefix("uses: ")?;
        let used = used.split_whitespace().next()?;
        used.contains('@').then(|| used.to_owned())
    };
    text.lines().filter_map(action)
}

/// Fills the directory of programs.
fn write_programs(project: &Project, directory: &Path) -> Result<()> {
    let bash = toolchain::on_path("bash").context("found no `bash` in PATH: install it")?;
    let stub = directory.join("stub");
    let text = fs::read_to_string(project.root.join("xtask/data/workflow-runs/stub"))
        .context("could not read xtask/data/workflow-runs/stub")?;
    // Without `env` between them, a third less time is spent on starting programs.
    let text = text.replacen("/usr/bin/env bash", &bash.display().to_string(), 1);
    fs::write(&stub, text).with_context(|| failure(directory))?;
    make_executable(&stub).with_context(|| failure(directory))?;
    for (name, program) in PROGRAMS
        .map(|name| (name, &stub))
        .into_iter()
        .chain([("bash", &bash)])
    {
        link(program, &directory.join(name)).with_context(|| failure(directory))?;
    }
    Ok(())
}

#[cfg(unix)]
fn make_executable(program: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(program, fs::Permissions::from_mode(0o755))
}

#[cfg(unix)]
fn link(program: &Path, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(program, at)
}

#[cfg(not(unix))]
fn make_executable(_program: &Path) -> io::Result<()> {
    Err(io::Error::other(
        "the stubs are scripts, which need Linux or macOS",
    ))
}

#[cfg(not(unix))]
fn link(_program: &Path, _at: &Path) -> io::Result<()> {
    Err(io::Error::other(
        "the stubs are scripts, which need Linux or macOS",
    ))
}

fn write_action(directory: &Path) -> io::Result<()> {
    fs::write(directory.join("action.yml"), ACTION)?;
    fs::write(directory.join("main.js"), "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_actions_of_others() {
        let text = "steps:\n  - uses: actions/cache@27d5 # v5\n  - if: x\n    uses: docker/login-action@4907\n  \
                    - uses: ./.github/actions/setup\n  # uses: an/example@1\n  - run: cargo xtask lint\n";
        assert_eq!(
            used_actions(text).collect::<Vec<_>>(),
            ["actions/cache@27d5", "docker/login-action@4907"]
        );
    }
}
