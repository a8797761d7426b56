//! Runs cargo-mutants: in copies of the checkout, with target directories in the cache, and so that it leaves nothing behind.

use std::{
    fs::{self, File},
    io::{self, BufRead as _, BufReader, PipeReader, pipe},
    path::{Path, PathBuf},
    process::{Child, ExitStatus, Stdio},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use devkit::{cmd, files, interrupt::Interrupt, pool, project::Project, ui};
use tempfile::TempDir;
use toolchain::Tool;
use xshell::{Cmd, Shell, cmd};

use super::{
    diff::Changes,
    outcome::{self, Mutant, Tested},
    policy::{Package, Policy},
};
use crate::coverage;

/// How often the child and the interrupt are looked at.
const POLL: Duration = Duration::from_millis(100);

/// How long cargo-mutants may take to end its children and to remove its copies.
const GRACE: Duration = Duration::from_secs(30);

/// Exit codes of cargo-mutants with which it has tested everything: all caught, some survived, some timed out.
const COMPLETE: [i32; 3] = [0, 2, 3];

/// The exit code when the tests fail without any mutant.
const BASELINE_FAILED: i32 = 4;

/// How many mutants are tested between two lines of progress.
const STEP: usize = 50;

/// The mutants for which another job is worth while: it has to compile what they are made of.
const WORTHWHILE: usize = 8;

/// How many lines of cargo-mutants an error shows.
const TAIL: usize = 8;

/// Options of every run. The time limits are far beyond what a slow machine takes: reaching one counts as caught.
const OPTIONS: [&str; 12] = [
    "--no-config",
    "--colors=never",
    "--annotations=none",
    "--gitignore=true",
    "--minimum-test-timeout=30",
    "--timeout-multiplier=10",
    "--build-timeout=900",
    "--caught",
    "--unviable",
    // No doctests: compiling them takes longer than all other tests.
    "--cargo-arg=--tests",
    // What most tests spend their time in.
    "--cargo-arg=--config=profile.dev.package.proptest.opt-level=1",
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
    program: PathBuf,
    jobs: usize,
    /// What the native build leaves out, as options.
    excluded: Vec<String>,
    /// The copies of the checkout, and what tests put into temporary directories.
    scratch: TempDir,
    _lock: File,
}

/// A part of the mutants of a package, tested by a process of its own: with one process for all of them, either each copy of
/// the checkout would compile the dependencies anew, or all would overwrite each other's builds.
#[derive(Clone, Copy, Debug)]
struct Shard {
    /// Its place among them, from 0.
    at: usize,
    /// How many there are.
    of: usize,
}

/// The run of a package, as all its shards see it.
#[derive(Debug)]
struct Run<'i> {
    /// Where the logs are.
    folder: PathBuf,
    /// How many mutants have a result.
    count: AtomicUsize,
    /// Whether a shard could not test all its mutants.
    failed: AtomicBool,
    interrupt: &'i Interrupt,
}

impl Run<'_> {
    /// Whether there is no use in going on.
    fn is_over(&self) -> bool {
        self.interrupt.happened() || self.failed.load(Ordering::Relaxed)
    }
}

impl<'p> Runner<'p> {
    /// Makes sure of cargo-mutants, and waits until no other run uses the same directories.
    pub(super) fn prepare(project: &'p Project, policy: &Policy, jobs: usize) -> Result<Self> {
        let program = toolchain::tool(project, Tool::CargoMutants)?;
        let folder = project.cache_folder("mutants")?;
        // Held before the checkout is copied: cargo goes by times, and sources have to be newer than what was built before.
        let lock = files::lock(&project.cache.join("mutants.lock"))?;
        let scratch = sweep(&folder)
            .and_then(|()| tempfile::Builder::new().prefix("run-").tempdir_in(&folder))
            .with_context(|| format!("could not write to `{}`", folder.display()))?;
        let files = coverage::elsewhere()?.into_iter().map(|file| format!("--exclude={file}"));
        let modules = policy.elsewhere.iter().map(|module| format!("--exclude-re={}", module.pattern()));
        let excluded = files.chain(modules).collect();
        Ok(Self { project, program, jobs, excluded, scratch, _lock: lock })
    }

    /// Returns all mutants of `package`, or those in `changes`.
    pub(super) fn list(&self, package: &Package, changes: Option<&Changes>) -> Result<Vec<Mutant>> {
        let shell = self.project.shell()?;
        let list = self.command(&shell, package, changes).args(["--list", "--json"]);
        let output = cmd::output(list, "list the mutants")?;
        if !output.status.success() {
            bail!("could not list the mutants: {}", String::from_utf8_lossy(&output.stderr).trim_end());
        }
        // There is no list where the changes touch no mutant.
        let json = if output.stdout.is_empty() { b"[]" } else { output.stdout.as_slice() };
        outcome::listed(json).context("could not read the list of mutants")
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
        let all = self.list(package, changes)?.len();
        if all == 0 {
            return Ok((Vec::new(), started.elapsed()));
        }
        let folder = self.project.target.join("xtask").join("mutants").join(&package.name);
        remove(&folder)?;
        ui::status("Testing", &format!("the mutants of {}; logs are in {}", package.name, folder.display()));
        let jobs = self.jobs.min(all.div_ceil(WORTHWHILE));
        let run = Run { folder, count: AtomicUsize::new(0), failed: AtomicBool::new(false), interrupt };
        let shards: Vec<Shard> = (0..jobs).map(|at| Shard { at, of: jobs }).collect();
        let results = pool::run(&shards, jobs, |shard| self.test_shard(*shard, package, changes, &run));
        let mut tested: Vec<Tested> =
            results.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
        ensure!(tested.len() == all, "cargo-mutants has tested {} of {all} mutants", tested.len());
        tested.sort_by(|one, other| one.mutant.position().cmp(&other.mutant.position()));
        Ok((tested, started.elapsed()))
    }

    fn test_shard(
        &self,
        Shard { at, of }: Shard,
        package: &Package,
        changes: Option<&Changes>,
        run: &Run<'_>,
    ) -> Result<Vec<Tested>> {
        let folder = run.folder.join(at.to_string());
        fs::create_dir_all(&folder)
            .with_context(|| format!("could not make the directory `{}`", folder.display()))?;
        let shell = self.project.shell()?;
        let shard = format!("--shard={at}/{of}");
        let command = self
            .command(&shell, package, changes)
            .args([&shard, "--sharding=round-robin", "--output"])
            .arg(&folder);
        let command = command.env("CARGO_TARGET_DIR", self.target().join(at.to_string()));
        let (reader, writer) = pipe().context("could not make a pipe")?;
        let streams =
            [Stdio::null(), writer.try_clone().context("could not share a pipe")?.into(), writer.into()];
        let child = cmd::spawn(command, streams, "start cargo-mutants")?;
        let (status, tail) = thread::scope(|scope| {
            let tail = scope.spawn(|| follow(reader, &run.count));
            (wait(child, &shell, || run.is_over()), tail.join().unwrap_or_default())
        });
        let results = folder.join("mutants.out");
        if run.failed.load(Ordering::Relaxed) {
            // The shard that failed says why.
            return Ok(Vec::new());
        }
        check(status?, &results, &tail).inspect_err(|_| run.failed.store(true, Ordering::Relaxed))?;
        let outcomes = files::read(&results.join("outcomes.json"))?;
        outcome::tested(&outcomes).context("could not read cargo-mutants' results")
    }

    fn command<'s>(&self, shell: &'s Shell, package: &Package, changes: Option<&Changes>) -> Cmd<'s> {
        let (mutants, name) = (&self.program, &package.name);
        let in_diff = changes.map(|changes| format!("--in-diff={}", changes.file.path().display()));
        let command = cmd!(shell, "{mutants} mutants --package {name} --cargo-arg=--locked");
        let tests = package.tests.iter().map(|name| format!("--test-package={name}"));
        let command = command.args(OPTIONS).args(&self.excluded).args(in_diff).args(tests);
        let command = REMOVED.iter().fold(command, |command, name| command.env_remove(name));
        command.envs(VARIABLES).env("TMPDIR", self.scratch.path())
    }

    fn target(&self) -> PathBuf {
        self.project.cache.join("build").join("mutants")
    }
}

/// Reads what cargo-mutants prints until it ends: tells of each mutant that survives, counts all of them, and returns the last
/// lines.
fn follow(reader: PipeReader, count: &AtomicUsize) -> String {
    let mut tail: Vec<String> = Vec::new();
    for line in BufReader::new(reader).lines().map_while(Result::ok) {
        match line.split_once(' ').map(|(verdict, name)| (verdict, name.trim_start())) {
            Some(("MISSED", name)) => ui::failure("Survived", name),
            Some(("TIMEOUT" | "caught" | "unviable", _)) => {}
            _ => {
                tail.push(line);
                continue;
            }
        }
        let tested = count.fetch_add(1, Ordering::Relaxed) + 1;
        if tested.is_multiple_of(STEP) {
            ui::status("Tested", &format!("{tested} mutants"));
        }
    }
    tail.split_off(tail.len().saturating_sub(TAIL)).join("\n")
}

/// Waits for cargo-mutants. Once it `is_over`, it is asked to end, for a signal may have reached this process alone: it ends
/// its children and removes its copies then.
fn wait(mut child: Child, shell: &Shell, is_over: impl Fn() -> bool) -> Result<ExitStatus> {
    let mut deadline = None;
    loop {
        if let Some(status) = child.try_wait().context("could not wait for cargo-mutants")? {
            return Ok(status);
        }
        match deadline {
            None if is_over() => {
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

/// Fails where not all mutants were tested. `tail` is what cargo-mutants printed last.
fn check(status: ExitStatus, results: &Path, tail: &str) -> Result<()> {
    if status.code() == Some(BASELINE_FAILED) {
        let log = results.join("log").join("baseline.log");
        bail!("the tests fail without any mutant, see `{}`", log.display());
    }
    let is_complete = status.code().is_some_and(|code| COMPLETE.contains(&code));
    ensure!(is_complete, "cargo-mutants ended with {status}\n{tail}");
    Ok(())
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
        let check = |code: i32| check(ExitStatus::from_raw(code << 8), Path::new("/out"), "the last line");
        assert!([0, 2, 3].into_iter().all(|code| check(code).is_ok()));
        assert!([1, 5, 6, 70].into_iter().all(|code| check(code).is_err()));
        let error = check(4).unwrap_err().to_string();
        assert_eq!(error, "the tests fail without any mutant, see `/out/log/baseline.log`");
        assert!(check(1).unwrap_err().to_string().ends_with("\nthe last line"));
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
        assert_eq!(wait(child, &shell, || true).unwrap().code(), Some(1));
        assert!(cleaned.exists());
    }

    #[test]
    fn counts_mutants_and_keeps_other_lines() {
        use std::io::Write as _;
        let (reader, mut writer) = pipe().unwrap();
        let lines = "Found 3 mutants to test\nok       Unmutated baseline\ncaught   a.rs:1:2: x\n\
                     unviable a.rs:1:3: y\nTIMEOUT  a.rs:1:4: z\nERROR no space\n";
        writer.write_all(lines.as_bytes()).unwrap();
        drop(writer);
        let count = AtomicUsize::new(0);
        let tail = follow(reader, &count);
        assert_eq!(tail, "Found 3 mutants to test\nok       Unmutated baseline\nERROR no space");
        assert_eq!(count.into_inner(), 3);
    }

    #[test]
    fn sweeps_what_killed_runs_left() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("run-old/copy")).unwrap();
        sweep(folder.path()).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
