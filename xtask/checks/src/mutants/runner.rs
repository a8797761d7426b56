//! Runs cargo-mutants in copies of the checkout, with target directories in the cache, and removes all temporary
//! files.

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
use builds::{files, interrupt::Interrupt, pool};
use devkit::{cmd, project::Project, ui};
use tempfile::TempDir;
use toolchain::Tool;
use xshell::{Cmd, Shell, cmd};

use super::{
    diff::Changes,
    outcome::{self, Mutant, Tested},
    policy::{Package, Policy},
};
use crate::coverage;

/// The interval at which the child and the interrupt are checked.
const POLL: Duration = Duration::from_millis(100);

/// The time for cargo-mutants to end its children and to remove its copies.
const GRACE: Duration = Duration::from_secs(30);

/// Exit codes of cargo-mutants after a complete run: all caught, some survived, some timed out.
const COMPLETE: [i32; 3] = [0, 2, 3];

/// The exit code when the tests fail without any mutant.
const BASELINE_FAILED: i32 = 4;

/// The number of mutants between two lines of progress.
const STEP: usize = 50;

/// The number of mutants that justify another job, which has to compile the dependencies.
const WORTHWHILE: usize = 8;

/// The number of lines of cargo-mutants' output in an error.
const TAIL: usize = 8;

/// Options of every run. The time limits are far above the times of a slow machine: reaching one counts as caught.
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
    // Tests take far longer than builds: without optimisation seven times as long as with a little of it.
    "--cargo-arg=--config=profile.dev.opt-level=1",
    "--no-times",
];

/// The environment of the builds and tests: fast builds, and the same results each time.
const VARIABLES: [(&str, &str); 7] = [
    ("CARGO_INCREMENTAL", "1"),
    ("CARGO_PROFILE_DEV_DEBUG", "0"),
    ("CARGO_PROFILE_TEST_DEBUG", "0"),
    ("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "1"),
    ("PROPTEST_MAX_SHRINK_ITERS", "0"),
    ("PROPTEST_RNG_SEED", "1"),
    ("RUST_BACKTRACE", "0"),
];

/// Variables that would change the builds, or make several copies share one target directory.
const REMOVED: [&str; 6] = [
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_MUTANTS_MINIMUM_TEST_TIMEOUT",
    "CARGO_MUTANTS_TRACE_LEVEL",
    "CARGO_TARGET_DIR",
    "RUSTFLAGS",
];

/// The state that the runs share.
#[derive(Debug)]
pub(super) struct Runner<'p> {
    project: &'p Project,
    program: PathBuf,
    jobs: usize,
    /// Options that exclude the files that the native build leaves out.
    excluded: Vec<String>,
    /// The copies of the checkout, and the temporary files of tests.
    scratch: TempDir,
    _lock: File,
}

/// A part of the mutants of a package, tested by its own process. With a single process, either each copy of the
/// checkout would compile the dependencies again, or all copies would overwrite each other's builds.
#[derive(Clone, Copy, Debug)]
struct Shard {
    /// Its index.
    at: usize,
    /// The number of shards.
    of: usize,
}

/// The run of a package, shared by all its shards.
#[derive(Debug)]
struct Run<'i> {
    /// The directory of the logs.
    directory: PathBuf,
    /// The number of mutants with a result.
    count: AtomicUsize,
    /// Whether a shard could not test all its mutants.
    failed: AtomicBool,
    interrupt: &'i Interrupt,
}

impl Run<'_> {
    /// Returns whether the run should stop.
    fn is_over(&self) -> bool {
        self.interrupt.happened() || self.failed.load(Ordering::Relaxed)
    }
}

impl<'p> Runner<'p> {
    /// Installs cargo-mutants, and waits until no other run uses the same directories.
    pub(super) fn prepare(project: &'p Project, policy: &Policy, jobs: usize) -> Result<Self> {
        let program = toolchain::tool(project, Tool::CargoMutants)?;
        let directory = project.cache_folder("mutants")?;
        // Locked before the checkout is copied: cargo compares times, and sources have to be newer than earlier
        // builds.
        let lock = files::lock(&project.cache.join("mutants.lock"))?;
        let scratch = sweep(&directory)
            .and_then(|()| tempfile::Builder::new().prefix("run-").tempdir_in(&directory))
            .with_context(|| format!("could not write to `{}`", directory.display()))?;
        let files = coverage::unmeasured()?
            .into_iter()
            .map(|file| format!("--exclude={file}"));
        let modules = policy
            .elsewhere
            .iter()
            .map(|module| format!("--exclude-re={}", module.pattern()));
        let excluded = files.chain(modules).collect();
        Ok(Self {
            project,
            program,
            jobs,
            excluded,
            scratch,
            _lock: lock,
        })
    }

    /// Returns all mutants of `package`, or those in `changes`.
    pub(super) fn list(&self, package: &Package, changes: Option<&Changes>) -> Result<Vec<Mutant>> {
        let shell = self.project.shell()?;
        let list = self.command(&shell, package, changes).args(["--list", "--json"]);
        let output = cmd::output(list, "list the mutants")?;
        if !output.status.success() {
            bail!(
                "could not list the mutants: {}",
                String::from_utf8_lossy(&output.stderr).trim_end()
            );
        }
        // The output is empty if the changes contain no mutant.
        let json = if output.stdout.is_empty() {
            b"[]"
        } else {
            output.stdout.as_slice()
        };
        outcome::listed(json).context("could not read the list of mutants")
    }

    /// Tests the mutants of `package`, or those in `changes`, and returns the results with the time that it took.
    ///
    /// # Errors
    ///
    /// Fails if the tests fail without any mutant, or if there was an `interrupt`.
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
        let directory = self
            .project
            .target
            .join("xtask")
            .join("mutants")
            .join(&package.name);
        remove(&directory)?;
        ui::status(
            "Testing",
            &format!(
                "the mutants of {}; logs are in {}",
                package.name,
                directory.display()
            ),
        );
        let jobs = self.jobs.min(all.div_ceil(WORTHWHILE));
        let run = Run {
            directory,
            count: AtomicUsize::new(0),
            failed: AtomicBool::new(false),
            interrupt,
        };
        let shards: Vec<Shard> = (0..jobs).map(|at| Shard { at, of: jobs }).collect();
        let results = pool::run(&shards, jobs, |shard| {
            self.test_shard(*shard, package, changes, &run)
        });
        let mut tested: Vec<Tested> = results
            .into_iter()
            .collect::<Result<Vec<_>>>()?
            .into_iter()
            .flatten()
            .collect();
        ensure!(
            tested.len() == all,
            "cargo-mutants has tested {} of {all} mutants",
            tested.len()
        );
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
        let directory = run.directory.join(at.to_string());
        fs::create_dir_all(&directory)
            .with_context(|| format!("could not make the directory `{}`", directory.display()))?;
        let shell = self.project.shell()?;
        let shard = format!("--shard={at}/{of}");
        let command = self
            .command(&shell, package, changes)
            .args([&shard, "--sharding=round-robin", "--output"])
            .arg(&directory);
        let command = command.env("CARGO_TARGET_DIR", self.target().join(at.to_string()));
        let (reader, writer) = pipe().context("could not make a pipe")?;
        let streams = [
            Stdio::null(),
            writer.try_clone().context("could not share a pipe")?.into(),
            writer.into(),
        ];
        let child = cmd::spawn(command, streams, "start cargo-mutants")?;
        let (status, tail) = thread::scope(|scope| {
            let tail = scope.spawn(|| follow(reader, &run.count));
            (
                wait(child, &shell, || run.is_over()),
                tail.join().unwrap_or_default(),
            )
        });
        let results = directory.join("mutants.out");
        if run.failed.load(Ordering::Relaxed) {
            // The shard that failed has the reason.
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
        let command = command
            .args(OPTIONS)
            .args(&self.excluded)
            .args(in_diff)
            .args(tests);
        let command = REMOVED
            .iter()
            .fold(command, |command, name| command.env_remove(name));
        command.envs(VARIABLES).env("TMPDIR", self.scratch.path())
    }

    fn target(&self) -> PathBuf {
        self.project.cache.join("build").join("mutants")
    }
}

/// Reads the output of cargo-mutants until it ends: reports each mutant that survives, counts all of them, and
/// returns the last lines.
fn follow(reader: PipeReader, count: &AtomicUsize) -> String {
    let mut tail: Vec<String> = Vec::new();
    for line in BufReader::new(reader).lines().map_while(Result::ok) {
        match line
            .split_once(' ')
            .map(|(verdict, name)| (verdict, name.trim_start()))
        {
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

/// Waits for cargo-mutants. Once it `is_over`, asks it to end, because a signal may have reached this process
/// only: it then ends its children and removes its copies.
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
                child
                    .kill()
                    .and_then(|()| child.wait())
                    .context("could not end cargo-mutants")?;
            }
            _ => {}
        }
        thread::sleep(POLL);
    }
}

/// Sends the signal that asks a program to end. A failure becomes visible when the time is up.
fn ask_to_end(shell: &Shell, child: &Child) {
    let id = child.id().to_string();
    let _ = cmd::output(cmd!(shell, "kill -TERM {id}"), "ask cargo-mutants to end");
}

/// Fails if not all mutants were tested. `tail` is the end of cargo-mutants' output.
fn check(status: ExitStatus, results: &Path, tail: &str) -> Result<()> {
    if status.code() == Some(BASELINE_FAILED) {
        let log = results.join("log").join("baseline.log");
        bail!("the tests fail without any mutant, see `{}`", log.display());
    }
    let is_complete = status.code().is_some_and(|code| COMPLETE.contains(&code));
    ensure!(is_complete, "cargo-mutants ended with {status}\n{tail}");
    Ok(())
}

/// Removes the files of killed runs in `directory`, which no other run uses.
fn sweep(directory: &Path) -> io::Result<()> {
    fs::read_dir(directory)?.try_for_each(|entry| fs::remove_dir_all(entry?.path()))
}

fn remove(directory: &Path) -> Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("could not remove `{}`", directory.display()))
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
        let check = |code: i32| {
            check(
                ExitStatus::from_raw(code << 8),
                Path::new("/out"),
                "the last line",
            )
        };
        assert!([0, 2, 3].into_iter().all(|code| check(code).is_ok()));
        assert!([1, 5, 6, 70].into_iter().all(|code| check(code).is_err()));
        let error = check(4).unwrap_err().to_string();
        assert_eq!(
            error,
            "the tests fail without any mutant, see `/out/log/baseline.log`"
        );
        assert!(check(1).unwrap_err().to_string().ends_with("\nthe last line"));
    }

    #[test]
    #[cfg(unix)]
    fn interrupt_lets_the_child_clean_up() {
        let shell = Shell::new().unwrap();
        let directory = tempfile::tempdir().unwrap();
        let (ready, cleaned) = (directory.path().join("ready"), directory.path().join("cleaned"));
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
        assert_eq!(
            tail,
            "Found 3 mutants to test\nok       Unmutated baseline\nERROR no space"
        );
        assert_eq!(count.into_inner(), 3);
    }

    #[test]
    fn removes_files_of_killed_runs() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir_all(directory.path().join("run-old/copy")).unwrap();
        sweep(directory.path()).unwrap();
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
