//! Runs cargo-mutants: in a copy of the checkout, with a target directory in the cache, and so that it leaves nothing behind.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::{Child, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use devkit::{cmd, files, project::Project, ui};
use tempfile::TempDir;
use xshell::{Cmd, Shell, cmd};

use super::{
    diff::Changes,
    outcome::{self, Mutant, Tested},
    policy::{Package, Policy},
};
use crate::{
    coverage,
    interrupt::Interrupt,
    setup::{self, Tool},
};

/// How often the child and the interrupt are looked at.
const POLL: Duration = Duration::from_millis(100);

/// How long cargo-mutants may take to end its children and to remove its copies.
const GRACE: Duration = Duration::from_secs(30);

/// Exit codes of cargo-mutants with which it has tested everything: all caught, some survived, some timed out.
const COMPLETE: [i32; 3] = [0, 2, 3];

/// The exit code when the tests fail without any mutant.
const BASELINE_FAILED: i32 = 4;

/// Options of every run. The time limits are far beyond what a slow machine takes: reaching one counts as caught.
const OPTIONS: [&str; 8] = [
    "--no-config",
    "--colors=never",
    "--annotations=none",
    "--gitignore=true",
    "--minimum-test-timeout=60",
    "--build-timeout=900",
    // No doctests: compiling them takes longer than all other tests.
    "--cargo-arg=--tests",
    "--no-times",
];

/// The environment of the builds and tests: quick to build, and the same results each time.
const VARIABLES: [(&str, &str); 7] = [
    ("CARGO_INCREMENTAL", "1"),
    ("CARGO_PROFILE_DEV_DEBUG", "0"),
    ("CARGO_PROFILE_TEST_DEBUG", "0"),
    ("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "1"),
    ("PROPTEST_MAX_SHRINK_ITERS", "0"),
    ("PROPTEST_RNG_SEED", "1"),
    ("RUST_BACKTRACE", "0"),
];

/// Variables that would change the builds, or have several copies share one target directory.
const REMOVED: [&str; 6] = [
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_MUTANTS_MINIMUM_TEST_TIMEOUT",
    "CARGO_MUTANTS_TRACE_LEVEL",
    "CARGO_TARGET_DIR",
    "RUSTFLAGS",
];

/// Everything that the runs have in common.
#[derive(Debug)]
pub(super) struct Runner<'p> {
    project: &'p Project,
    shell: Shell,
    program: PathBuf,
    jobs: usize,
    /// What the native build leaves out, as options.
    excluded: Vec<String>,
    /// The copies of the checkout, and what tests put into temporary directories.
    scratch: TempDir,
    _lock: File,
}

impl<'p> Runner<'p> {
    /// Makes sure of cargo-mutants, and waits until no other run uses the same directories.
    pub(super) fn prepare(project: &'p Project, policy: &Policy, jobs: usize) -> Result<Self> {
        let program = setup::tool(project, Tool::CargoMutants)?;
        let folder = project.cache_folder("mutants")?;
        // Held before the checkout is copied: cargo goes by times, and sources have to be newer than what was built before.
        let lock = files::lock(&project.cache.join("mutants.lock"))?;
        let scratch = sweep(&folder)
            .and_then(|()| tempfile::Builder::new().prefix("run-").tempdir_in(&folder))
            .with_context(|| format!("could not write to `{}`", folder.display()))?;
        let files = coverage::elsewhere()?.into_iter().map(|file| format!("--exclude={file}"));
        let modules = policy.elsewhere.iter().map(|module| format!("--exclude-re={}", module.pattern()));
        let excluded = files.chain(modules).collect();
        Ok(Self { project, shell: project.shell()?, program, jobs, excluded, scratch, _lock: lock })
    }

    /// All mutants of `package`.
    pub(super) fn list(&self, package: &Package) -> Result<Vec<Mutant>> {
        let output = cmd::output(self.command(package).args(["--list", "--json"]), "list the mutants")?;
        if !output.status.success() {
            bail!("could not list the mutants: {}", String::from_utf8_lossy(&output.stderr).trim_end());
        }
        outcome::listed(&output.stdout).context("could not read the list of mutants")
    }

    /// Tests the mutants of `package`, or those in `changes`, and returns the results with the time that it took.
    ///
    /// # Errors
    ///
    /// The tests fail without any mutant, or there was an `interrupt`.
    pub(super) fn test(
        &self,
        package: &Package,
        changes: Option<&Changes>,
        interrupt: &Interrupt,
    ) -> Result<(Vec<Tested>, Duration)> {
        let started = Instant::now();
        let folder = self.project.target.join("xtask").join("mutants").join(&package.name);
        fs::create_dir_all(&folder)
            .with_context(|| format!("could not make the directory `{}`", folder.display()))?;
        let results = folder.join("mutants.out");
        for old in [&results, &folder.join("mutants.out.old")] {
            remove(old)?;
        }
        ui::status("Testing", &format!("the mutants of {}; logs are in {}", package.name, results.display()));
        let in_diff = changes.map(|changes| format!("--in-diff={}", changes.file.path().display()));
        let command = self.command(package).arg("--output").arg(&folder).args(in_diff);
        let command = command.arg(format!("--jobs={}", self.jobs));
        // Its results are talk here: ours go to standard output.
        let streams = [Stdio::null(), io::stderr().into(), Stdio::inherit()];
        let status = wait(cmd::spawn(command, streams, "start cargo-mutants")?, &self.shell, interrupt)?;
        check(status, &results)?;
        let outcomes = results.join("outcomes.json");
        // There is none where the changes touch no mutant.
        let tested =
            if outcomes.is_file() { outcome::tested(&files::read(&outcomes)?) } else { Ok(Vec::new()) };
        Ok((tested.context("could not read cargo-mutants' results")?, started.elapsed()))
    }

    fn command(&self, package: &Package) -> Cmd<'_> {
        let (mutants, name) = (&self.program, &package.name);
        let command = cmd!(self.shell, "{mutants} mutants --package {name} --cargo-arg=--locked");
        let command = command.args(OPTIONS).args(&self.excluded);
        let command = REMOVED.iter().fold(command, |command, name| command.env_remove(name));
        let command = command.envs(VARIABLES).env("TMPDIR", self.scratch.path());
        // Two copies at once would overwrite each other's builds: each then has a target directory of its own.
        if self.jobs > 1 { command } else { command.env("CARGO_TARGET_DIR", self.target()) }
    }

    fn target(&self) -> PathBuf {
        self.project.cache.join("build").join("mutants")
    }
}

/// Waits for cargo-mutants. At an interrupt it is asked to end, for a signal may have reached this process alone: it ends its
/// children and removes its copies then.
fn wait(mut child: Child, shell: &Shell, interrupt: &Interrupt) -> Result<ExitStatus> {
    let mut deadline = None;
    loop {
        if let Some(status) = child.try_wait().context("could not wait for cargo-mutants")? {
            return Ok(status);
        }
        match deadline {
            None if interrupt.happened() => {
                ui::status("Stopping", "cargo-mutants");
                deadline = Some(Instant::now() + GRACE);
                ask_to_end(shell, &child);
            }
            Some(deadline) if Instant::now() >= deadline => {
                child.kill().and_then(|()| child.wait()).context("could not end cargo-mutants")?;
            }
            _ => {}
        }
        thread::sleep(POLL);
    }
}

/// Sends the signal that asks a program to end. A failure shows when the time is up.
fn ask_to_end(shell: &Shell, child: &Child) {
    let id = child.id().to_string();
    let _ = cmd::output(cmd!(shell, "kill -TERM {id}"), "ask cargo-mutants to end");
}

/// Fails where not all mutants were tested.
fn check(status: ExitStatus, results: &Path) -> Result<()> {
    match status.code() {
        Some(code) if COMPLETE.contains(&code) => Ok(()),
        Some(BASELINE_FAILED) => {
            let log = results.join("log").join("baseline.log");
            bail!("the tests fail without any mutant, see `{}`", log.display())
        }
        _ => bail!("cargo-mutants ended with {status}"),
    }
}

/// Removes what runs that were killed have left in `folder`. No other run is using it.
fn sweep(folder: &Path) -> io::Result<()> {
    fs::read_dir(folder)?.try_for_each(|entry| fs::remove_dir_all(entry?.path()))
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("could not remove `{}`", folder.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn only_complete_runs_count() {
        use std::os::unix::process::ExitStatusExt as _;
        let check = |code: i32| check(ExitStatus::from_raw(code << 8), Path::new("/out"));
        assert!([0, 2, 3].into_iter().all(|code| check(code).is_ok()));
        assert!([1, 5, 6, 70].into_iter().all(|code| check(code).is_err()));
        let error = check(4).unwrap_err().to_string();
        assert_eq!(error, "the tests fail without any mutant, see `/out/log/baseline.log`");
    }

    #[test]
    #[cfg(unix)]
    fn interrupt_ends_the_child_gently() {
        let shell = Shell::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (ready, cleaned) = (folder.path().join("ready"), folder.path().join("cleaned"));
        let script = format!(
            "trap 'touch {}; exit 1' TERM; touch {}; while :; do sleep 0.1; done",
            cleaned.display(),
            ready.display()
        );
        let streams = [Stdio::null(), Stdio::null(), Stdio::null()];
        let child = cmd::spawn(cmd!(shell, "sh -c {script}"), streams, "start a child").unwrap();
        while !ready.exists() {
            thread::sleep(POLL);
        }
        let interrupt = Interrupt::already_happened();
        assert_eq!(wait(child, &shell, &interrupt).unwrap().code(), Some(1));
        assert!(cleaned.exists());
    }

    #[test]
    fn sweeps_what_killed_runs_left() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("run-old/copy")).unwrap();
        sweep(folder.path()).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
