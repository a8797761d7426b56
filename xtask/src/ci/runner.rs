//! Takes the steps, one after the other: each in a process of its own, with a log of its own.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use devkit::{cargo::outermost, child::Guarded, files, project::Project, ui};

use xshell::{Cmd, Shell, cmd};

use super::{
    How, engine::Engine, excerpt::excerpt, passed::Passed, program::Program, said::Said, steps::Command,
    table::time,
};
use crate::{
    cli::{FUZZ_SECONDS, Step},
    interrupt::Interrupt,
};

/// How often a step is looked after, and its log where that is shown.
const LOOK: Duration = Duration::from_millis(100);

/// How long a step may take to end by itself when it is interrupted.
const GRACE: Duration = Duration::from_secs(10);

/// What came of a step.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    pub(super) step: Step,
    pub(super) verdict: Verdict,
    /// Wall time.
    pub(super) elapsed: Duration,
    /// What it counted.
    pub(super) said: Said,
}

/// The same in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Passed,
    Failed,
    Interrupted,
    NotRun,
}

/// Everything that is prepared before the first step.
pub(super) struct Runner<'p> {
    project: &'p Project,
    steps: &'p [Step],
    how: How,
    program: Program,
    engine: Engine,
    interrupt: Interrupt,
    /// What had passed before, if the checkout is clean.
    before: Option<Passed>,
}

impl<'p> Runner<'p> {
    /// Prepares to take `steps`.
    ///
    /// # Errors
    /// One of them can't be taken on this machine: better heard of now than after a quarter of an hour.
    pub(super) fn new(project: &'p Project, steps: &'p [Step], how: How) -> Result<Self> {
        let folder = super::folder(project);
        fs::create_dir_all(&folder)
            .with_context(|| format!("could not make the folder `{}`", folder.display()))?;
        let engine = if steps.contains(&Step::Engine) { Engine::find(project)? } else { Engine::There };
        let (program, before) = (Program::copy(&folder)?, Passed::of(project)?);
        Ok(Self { project, steps, how, program, engine, interrupt: Interrupt::watch()?, before })
    }

    /// Takes all of them, or as many as can be. The results are in their order.
    pub(super) fn take_all(&self) -> Result<Vec<Taken>> {
        let mut results: Vec<Taken> = Vec::new();
        for &step in self.steps {
            let failed = results.iter().any(|result| result.verdict == Verdict::Failed);
            let result = if self.interrupt.happened() || (failed && !self.how.keep_going) {
                Taken { step, verdict: Verdict::NotRun, elapsed: Duration::ZERO, said: Said::default() }
            } else {
                self.take(step)?
            };
            results.push(result);
        }
        Ok(results)
    }

    /// Takes one, says when it begins and how it ended, and writes down that it passed.
    fn take(&self, step: Step) -> Result<Taken> {
        let command = step.command(self.project, self.how.fuzz_seconds);
        let (title, log) = (format!("{}: {}", step.name(), command.words()), self.log(step));
        let started = Instant::now();
        let run = || self.run(step, &command, &log);
        let status = if self.how.verbose {
            ui::status("Running", &title);
            run()?
        } else {
            ui::progress("Running", &title, run)?
        };
        let verdict = match status {
            Some(status) if status.success() => Verdict::Passed,
            _ if self.interrupt.happened() => Verdict::Interrupted,
            _ => Verdict::Failed,
        };
        let (elapsed, said) = (started.elapsed(), Said::read(&read(&log)?));
        let taken = Taken { step, verdict, elapsed, said };
        tell(&taken, self.how.result)?;
        let whole = step != Step::Fuzz || self.how.fuzz_seconds >= FUZZ_SECONDS;
        if verdict == Verdict::Passed && whole {
            Passed::add(self.project, self.before.as_ref(), step, elapsed)?;
        }
        Ok(taken)
    }

    /// Runs the command of a step into its log; `None` where it had to be killed.
    fn run(&self, step: Step, command: &Command, log: &Path) -> Result<Option<ExitStatus>> {
        let _guard = (step == Step::Engine).then(|| self.engine.guard(self.project));
        let shell = self.project.shell()?;
        let output = File::create(log).with_context(|| format!("could not make `{}`", log.display()))?;
        let streams = [Stdio::null(), output.try_clone()?.into(), output.into()];
        let child = Guarded::spawn(self.command(&shell, step, command), streams, "start a step")?;
        if !self.how.verbose {
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
            Command::Cargo(words) => outermost(cmd!(shell, "cargo {words...}")),
            Command::Xtask(words) if step == Step::Engine => self.engine.command(shell, program, words),
            Command::Xtask(words) => cmd!(shell, "{program} {words...}"),
        }
    }

    /// Waits for the step to end. An interrupt has reached it too, as a rule; if not, it is killed after a while.
    fn wait(&self, mut child: Guarded) -> Result<Option<ExitStatus>> {
        loop {
            if let Some(status) = child.ended_within(LOOK)? {
                return Ok(Some(status));
            }
            if self.interrupt.happened() {
                return child.ended_within(GRACE);
            }
        }
    }

    /// Says what is to be said below the table: last of all what the first step that failed printed.
    ///
    /// # Errors
    /// A step failed.
    pub(super) fn conclude(&self, results: &[Taken]) -> Result<()> {
        let failed: Vec<Step> =
            results.iter().filter(|it| it.verdict == Verdict::Failed).map(|it| it.step).collect();
        if let Some(first) = failed.first() {
            let log = self.log(*first);
            eprint!("{}", excerpt(&read(&log)?, &log));
        }
        if self.interrupt.happened() {
            self.interrupt.exit();
        }
        if failed.is_empty() {
            return Ok(());
        }
        let logs: Vec<String> = failed
            .iter()
            .map(|step| format!("`{}` (see {})", step.name(), self.log(*step).display()))
            .collect();
        bail!("failed: {}", logs.join(", "))
    }

    fn log(&self, step: Step) -> PathBuf {
        super::folder(self.project).join(format!("{}.log", step.name()))
    }
}

/// Tells how a step ended. What it counted is a result.
fn tell(Taken { step, verdict, elapsed, said }: &Taken, result: fn(&str) -> Result<()>) -> Result<()> {
    let counted = said.count.as_ref().map(|count| format!(": {count}")).unwrap_or_default();
    let what = format!("{} in {}{counted}", step.name(), time(*elapsed));
    match verdict {
        Verdict::Passed => ui::status("Passed", &what),
        Verdict::Interrupted => ui::failure("Interrupted", &what),
        Verdict::Failed | Verdict::NotRun => ui::failure("Failed", &what),
    }
    said.lines.iter().chain(&said.count).try_for_each(|line| result(line))
}

/// Shows what is added to the log until the step has `ended`.
fn follow(log: &Path, ended: &AtomicBool) {
    let Ok(mut log) = File::open(log) else { return };
    loop {
        // Asked before reading: what was written until then is read.
        let last = ended.load(Ordering::Acquire);
        // Nobody may be left to read it; the log has it all the same.
        let _ = io::copy(&mut log, &mut io::stderr().lock());
        if last {
            let _ = io::stderr().flush();
            return;
        }
        thread::sleep(LOOK);
    }
}

fn read(log: &Path) -> Result<String> {
    let bytes = files::read(log)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runner<'p>(project: &'p Project, steps: &'p [Step], verbose: bool) -> Runner<'p> {
        let folder = crate::ci::folder(project);
        fs::create_dir_all(&folder).unwrap();
        Runner {
            project,
            steps,
            how: How { keep_going: false, verbose, fuzz_seconds: 1, result: ui::result },
            program: Program::copy(&folder).unwrap(),
            engine: Engine::There,
            interrupt: Interrupt::default(),
            before: None,
        }
    }

    #[test]
    fn what_a_step_prints_is_in_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().to_owned();
        let project =
            Project { dist: root.join("dist"), target: root.join("target"), cache: root.join("cache"), root };
        let run = |verbose, word: &str| {
            let (runner, command) =
                (runner(&project, &[Step::Lint], verbose), Command::Cargo(vec![word.to_owned()]));
            let log = runner.log(Step::Lint);
            let status = runner.run(Step::Lint, &command, &log).unwrap();
            (status.unwrap().success(), read(&log).unwrap())
        };
        for verbose in [false, true] {
            let (good, said) = run(verbose, "--version");
            assert!(good && said.starts_with("cargo 1."), "{said}");
        }
        let (good, said) = run(false, "--no-such-option");
        assert!(!good && said.contains("--no-such-option"), "{said}");
    }
}
