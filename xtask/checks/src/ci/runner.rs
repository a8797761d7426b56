//! Runs the steps, some at once, each in its own process and with its own log.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use builds::{files, interrupt::Interrupt, progress::Lines};
use devkit::{child::Guarded, package::XTASK, project::Project, ui};
use flags::{FUZZ_SECONDS, Step};
use xshell::{Cmd, Shell, cmd};

use super::{
    RunOptions,
    engine::Engine,
    excerpt::excerpt,
    order::{self, State},
    passed::Passed,
    program::Program,
    steps::{self, Command, Planned},
    table::time,
    test_counts::TestCounts,
};

/// Interval at which a running step and, if it is shown, its log are polled.
const POLL: Duration = Duration::from_millis(100);

/// Time for an interrupted step to end by itself.
const GRACE: Duration = Duration::from_secs(10);

/// The result of a step.
#[derive(Clone, Debug)]
pub(super) struct StepResult {
    pub(super) step: Step,
    pub(super) verdict: Verdict,
    /// Wall time.
    pub(super) elapsed: Duration,
    /// The test results in its log.
    pub(super) counts: TestCounts,
}

impl StepResult {
    fn not_run(step: Step) -> Self {
        Self {
            step,
            verdict: Verdict::NotRun,
            elapsed: Duration::ZERO,
            counts: TestCounts::default(),
        }
    }
}

/// The end of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Passed,
    Failed,
    Interrupted,
    NotRun,
}

impl Verdict {
    /// Returns the word for tables and JSON.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::NotRun => "not run",
        }
    }
}

/// A run of steps, with everything that is prepared before the first of them.
pub(super) struct Runner<'p> {
    project: &'p Project,
    steps: &'p [Planned],
    options: &'p RunOptions,
    program: Program,
    engine: Engine,
    interrupt: Interrupt,
    /// The steps that had passed before, if the checkout is clean.
    before: Option<Passed>,
    lines: Lines,
    progress: Mutex<Progress>,
    /// Notified when a step has ended.
    ended: Condvar,
}

/// The state of each step, and the results of those that have ended, by the index of the step.
#[derive(Debug)]
struct Progress {
    states: Vec<(Step, State)>,
    results: Vec<Option<StepResult>>,
}

impl Progress {
    fn new(steps: &[Planned]) -> Self {
        Self {
            states: steps
                .iter()
                .map(|planned| (planned.step, State::Waiting))
                .collect(),
            results: vec![None; steps.len()],
        }
    }

    fn has_failure(&self) -> bool {
        let mut ended = self.results.iter().flatten();
        ended.any(|result| result.verdict == Verdict::Failed)
    }
}

impl<'p> Runner<'p> {
    /// Prepares to run `steps`.
    ///
    /// # Errors
    /// Fails if a step cannot run on this machine, before the first of them begins.
    pub(super) fn new(project: &'p Project, steps: &'p [Planned], options: &'p RunOptions) -> Result<Self> {
        let directory = super::directory(project);
        fs::create_dir_all(&directory)
            .with_context(|| format!("could not make the directory `{}`", directory.display()))?;
        let needs_engine = steps.iter().any(|planned| planned.step.needs_engine());
        let engine = if needs_engine {
            Engine::find(project)?
        } else {
            Engine::There
        };
        let program = Program::copy(&XTASK.ensure_built(project)?, &directory)?;
        let before = Passed::of(project)?;
        Ok(Self {
            project,
            steps,
            options,
            program,
            engine,
            interrupt: Interrupt::watch()?,
            before,
            lines: Lines::default(),
            progress: Mutex::new(Progress::new(steps)),
            ended: Condvar::new(),
        })
    }

    /// Runs all of them, or up to the first failure, and returns their results in order.
    pub(super) fn run_all(&self) -> Result<Vec<StepResult>> {
        thread::scope(|scope| {
            let lanes: Vec<_> = (0..self.options.jobs)
                .map(|_| scope.spawn(|| self.run_lane()))
                .collect();
            lanes
                .into_iter()
                .try_for_each(|lane| lane.join().expect("a lane does not panic"))
        })?;
        let progress = self.progress();
        let results = progress.results.iter().zip(self.steps);
        Ok(results
            .map(|(result, planned)| {
                result
                    .clone()
                    .unwrap_or_else(|| StepResult::not_run(planned.step))
            })
            .collect())
    }

    /// Runs one step after the other, each as soon as it may begin, until no step is left for this thread.
    fn run_lane(&self) -> Result<()> {
        while let Some(index) = self.begin_next() {
            let result = self.run_step(&self.steps[index]);
            let mut progress = self.progress();
            progress.states[index].1 = State::Ended;
            progress.results[index] = result.as_ref().ok().cloned();
            drop(progress);
            self.ended.notify_all();
            result?;
        }
        Ok(())
    }

    /// Waits until a step may begin, marks it as running, and returns its index; `None` if none may begin any more.
    fn begin_next(&self) -> Option<usize> {
        let mut progress = self.progress();
        loop {
            let waits = progress.states.iter().any(|it| it.1 == State::Waiting);
            let stops = progress.has_failure() && !self.options.keep_going;
            if !waits || stops || self.interrupt.happened() {
                return None;
            }
            if let Some(index) = order::next(&progress.states) {
                progress.states[index].1 = State::Running;
                return Some(index);
            }
            let (again, _) = self
                .ended
                .wait_timeout(progress, POLL)
                .unwrap_or_else(PoisonError::into_inner);
            progress = again;
        }
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs one step, reports how it ended, and records that it passed.
    fn run_step(&self, planned: &Planned) -> Result<StepResult> {
        let Planned { step, command } = planned;
        let title = format!("{}: {}", step.name(), command.words());
        let log = self.log(*step);
        let started = Instant::now();
        let run = || self.run(*step, command, &log);
        let status = if self.options.verbose {
            ui::status("Running", &title);
            run()?
        } else {
            self.lines.show("Running", &title, run)?
        };
        let verdict = match status {
            Some(status) if status.success() => Verdict::Passed,
            _ if self.interrupt.happened() => Verdict::Interrupted,
            _ => Verdict::Failed,
        };
        let counts = TestCounts::read(&read(&log)?);
        let result = StepResult {
            step: *step,
            verdict,
            elapsed: started.elapsed(),
            counts,
        };
        self.lines.suspend(|| self.report(&result))?;
        // Part of a step, such as the tests of one package, does not make the step pass.
        let whole = *planned == steps::planned(*step, self.project, FUZZ_SECONDS);
        if verdict == Verdict::Passed && whole {
            let _one_at_a_time = self.progress();
            Passed::add(self.project, self.before.as_ref(), *step, result.elapsed)?;
        }
        Ok(result)
    }

    /// Reports how a step ended, and the names of its tests if they were chosen by name.
    fn report(
        &self,
        StepResult {
            step,
            verdict,
            elapsed,
            counts,
        }: &StepResult,
    ) -> Result<()> {
        let sum = counts
            .sum
            .as_ref()
            .map(|sum| format!(": {sum}"))
            .unwrap_or_default();
        let summary = format!("{} in {}{sum}", step.name(), time(*elapsed));
        match verdict {
            Verdict::Passed => ui::status("Passed", &summary),
            Verdict::Interrupted => ui::failure("Interrupted", &summary),
            Verdict::Failed | Verdict::NotRun => ui::failure("Failed", &summary),
        }
        let names = counts.passed.iter().filter(|_| self.options.show_names);
        names
            .map(|name| format!("ok {name}"))
            .try_for_each(|line| self.options.print(&line))
    }

    /// Runs the command of a step with its output in `log`. Returns `None` if the step had to be killed.
    fn run(&self, step: Step, command: &Command, log: &Path) -> Result<Option<ExitStatus>> {
        let _guard = step.needs_engine().then(|| self.engine.guard(self.project));
        let shell = self.project.shell()?;
        let output = File::create(log).with_context(|| format!("could not make `{}`", log.display()))?;
        let streams = [Stdio::null(), output.try_clone()?.into(), output.into()];
        let child = Guarded::spawn(self.command(&shell, step, command), streams, "start a step")?;
        if !self.options.verbose {
            return self.wait(child);
        }
        let ended = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| follow(log, &ended));
            let status = self.wait(child);
            ended.store(true, Ordering::Release);
            status
        })
    }

    fn command<'s>(&self, shell: &'s Shell, step: Step, command: &Command) -> Cmd<'s> {
        let program = self.program.path();
        match command {
            Command::Cargo(words) => cmd!(shell, "cargo {words...}"),
            Command::Xtask(words) if step.needs_engine() => self.engine.command(shell, program, words),
            Command::Xtask(words) => cmd!(shell, "{program} {words...}"),
        }
    }

    /// Waits for the step to end. An interrupt usually reaches the step too; otherwise it is killed after [`GRACE`].
    fn wait(&self, mut child: Guarded) -> Result<Option<ExitStatus>> {
        loop {
            if let Some(status) = child.ended_within(POLL)? {
                return Ok(Some(status));
            }
            if self.interrupt.happened() {
                return child.ended_within(GRACE);
            }
        }
    }

    /// Prints an excerpt of the first failed step's log.
    ///
    /// # Errors
    /// Fails if a step failed, and names the logs.
    pub(super) fn conclude(self, results: &[StepResult]) -> Result<()> {
        let failed: Vec<Step> = results
            .iter()
            .filter(|it| it.verdict == Verdict::Failed)
            .map(|it| it.step)
            .collect();
        if let Some(first) = failed.first() {
            let log = self.log(*first);
            eprint!("{}", excerpt(&read(&log)?, &log));
        }
        let logs: Vec<String> = failed
            .iter()
            .map(|step| format!("`{}` (see {})", step.name(), self.log(*step).display()))
            .collect();
        let Self {
            program, interrupt, ..
        } = self;
        // The copy is removed before this process ends.
        drop(program);
        if interrupt.happened() {
            interrupt.exit();
        }
        if failed.is_empty() {
            return Ok(());
        }
        bail!("failed: {}", logs.join(", "))
    }

    fn log(&self, step: Step) -> PathBuf {
        super::directory(self.project).join(format!("{}.log", step.name()))
    }
}

/// Copies the log to standard error as it grows, until the step has `ended`.
fn follow(log: &Path, ended: &AtomicBool) {
    let Ok(mut log) = File::open(log) else { return };
    loop {
        // Read before copying, so that everything written until then is copied.
        let last = ended.load(Ordering::Acquire);
        // Standard error may be closed; the log is complete in any case.
        let _ = io::copy(&mut log, &mut io::stderr().lock());
        if last {
            let _ = io::stderr().flush();
            return;
        }
        thread::sleep(POLL);
    }
}

fn read(log: &Path) -> Result<String> {
    let bytes = files::read(log)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use std::env;

    use super::*;
    use crate::ci::Format;

    const OPTIONS: RunOptions = RunOptions {
        keep_going: false,
        verbose: false,
        jobs: 1,
        show_names: false,
        format: Format::Table,
    };

    const VERBOSE: RunOptions = RunOptions {
        verbose: true,
        ..OPTIONS
    };

    fn runner<'p>(project: &'p Project, steps: &'p [Planned], options: &'p RunOptions) -> Runner<'p> {
        let directory = crate::ci::directory(project);
        fs::create_dir_all(&directory).unwrap();
        Runner {
            project,
            steps,
            options,
            program: Program::copy(&env::current_exe().unwrap(), &directory).unwrap(),
            engine: Engine::There,
            interrupt: Interrupt::default(),
            before: None,
            lines: Lines::default(),
            progress: Mutex::new(Progress::new(steps)),
            ended: Condvar::new(),
        }
    }

    fn project(root: &Path) -> Project {
        Project {
            dist: root.join("dist"),
            target: root.join("target"),
            cache: root.join("cache"),
            root: root.to_owned(),
        }
    }

    /// Runs a good step, a failing one, and one that uses the files of the good one.
    fn verdicts(options: &RunOptions) -> Vec<Verdict> {
        let directory = tempfile::tempdir().unwrap();
        let project = project(directory.path());
        let step = |step, word: &str| Planned {
            step,
            command: Command::Cargo(vec![word.to_owned()]),
        };
        let steps = [
            step(Step::Wasm, "--version"),
            step(Step::Unit, "--no-such-option"),
            step(Step::Host, "--version"),
        ];
        let results = runner(&project, &steps, options).run_all().unwrap();
        results.iter().map(|result| result.verdict).collect()
    }

    #[test]
    fn first_failure_ends_the_run() {
        use Verdict::{Failed, NotRun, Passed};
        assert_eq!(verdicts(&OPTIONS), [Passed, Failed, NotRun]);
    }

    #[test]
    fn keeps_going_with_steps_at_once() {
        use Verdict::{Failed, Passed};
        let options = RunOptions {
            keep_going: true,
            jobs: 3,
            ..OPTIONS
        };
        assert_eq!(verdicts(&options), [Passed, Failed, Passed]);
    }

    #[test]
    fn writes_output_of_step_to_its_log() {
        let directory = tempfile::tempdir().unwrap();
        let project = project(directory.path());
        let run = |options, word: &str| {
            let runner = runner(&project, &[], options);
            let log = runner.log(Step::Lint);
            let command = Command::Cargo(vec![word.to_owned()]);
            let status = runner.run(Step::Lint, &command, &log).unwrap();
            (status.unwrap().success(), read(&log).unwrap())
        };
        for options in [&OPTIONS, &VERBOSE] {
            let (good, output) = run(options, "--version");
            assert!(good && output.starts_with("cargo 1."), "{output}");
        }
        let (good, output) = run(&OPTIONS, "--no-such-option");
        assert!(!good && output.contains("--no-such-option"), "{output}");
    }
}
