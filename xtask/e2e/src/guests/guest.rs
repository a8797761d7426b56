//! One run of an artifact: what it is granted, what it is told, and what must hold for every run. How that is said to the
//! host is in [`wasmtime`] and [`wamr`].

mod wamr;
mod wasmtime;

use std::{
    fs,
    io::ErrorKind::NotFound,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use devkit::child::{self, Guarded};
use disk_shim::Effects;
use testkit::{Outcome, contains_key};
use xshell::cmd;

use super::{
    arrivals::{self, Arrival},
    context::{GuestContext, KEY, KEY_VARIABLE},
    fixture::Host,
};

/// No run may take longer, whatever the guest's own deadline does.
const LIMIT: Duration = Duration::from_secs(60);

/// Which of the shipped files is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Artifact {
    /// The component: gets HTTP from the host.
    Component,
    /// The component as wasmtime compiled it ahead of time.
    Compiled,
    /// The core module: preview 1 has no HTTP to give.
    Wasip1,
    /// `sessions-guest`, which does all there is to do with sessions; for preview 1 too.
    Sessions,
}

/// The host's task with a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ToDo {
    /// Run it as a command.
    Run,
    /// Call the functions that it exports, as its input says.
    Call,
}

/// A run being put together.
#[derive(Debug)]
pub(super) struct Guest<'a> {
    test: &'a GuestContext<'a>,
    artifact: Artifact,
    to_do: ToDo,
    arguments: Vec<String>,
    http: bool,
    config: bool,
    key: Option<String>,
    /// Variables beside the key's, as `NAME=VALUE`.
    variables: Vec<String>,
    memory: Option<usize>,
    stack: Option<usize>,
    /// Where the host writes down how much memory it took.
    measured: Option<PathBuf>,
    file_size: Option<usize>,
    /// Effects on the host's disk and clock.
    effects: Option<Effects>,
}

impl<'a> Guest<'a> {
    pub(super) fn new(test: &'a GuestContext<'a>, artifact: Artifact) -> Self {
        Self {
            test,
            artifact,
            to_do: ToDo::Run,
            arguments: Vec::new(),
            http: matches!(artifact, Artifact::Component | Artifact::Compiled),
            config: true,
            key: Some(KEY.to_owned()),
            variables: Vec::new(),
            memory: None,
            stack: None,
            measured: None,
            file_size: None,
            effects: None,
        }
    }

    /// Adds command line arguments.
    pub(super) fn arguments(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(|&argument| argument.to_owned()));
        self
    }

    /// Has the functions called that it exports, as its input says: only a host of our own does that.
    pub(super) fn called(self) -> Self {
        Self { to_do: ToDo::Call, ..self }
    }

    /// Takes HTTP away: the host grants none.
    pub(super) fn without_http(self) -> Self {
        Self { http: false, ..self }
    }

    /// Takes the directory away: the host grants none.
    pub(super) fn without_directory(self) -> Self {
        Self { config: false, ..self }
    }

    /// Leaves the key's variable unset.
    pub(super) fn without_key(self) -> Self {
        Self { key: None, ..self }
    }

    /// Sets the key's variable to something else.
    pub(super) fn key(self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self }
    }

    /// Sets another variable, as `NAME=VALUE`.
    pub(super) fn variable(mut self, variable: String) -> Self {
        self.variables.push(variable);
        self
    }

    /// Lets its memory grow to so many bytes and no further: more than that is growth without bound.
    pub(super) fn memory(self, bytes: usize) -> Self {
        Self { memory: Some(bytes), ..self }
    }

    /// Gives WAMR's interpreter a stack of so many bytes.
    pub(super) fn stack(self, bytes: usize) -> Self {
        Self { stack: Some(bytes), ..self }
    }

    /// Has WAMR's runner write down in `file` how much memory it took.
    pub(super) fn measured(self, file: &Path) -> Self {
        Self { measured: Some(file.to_owned()), ..self }
    }

    /// Lets no file that it writes grow beyond so many KiB, as if the disk were full.
    pub(super) fn file_size(self, kibibytes: usize) -> Self {
        Self { file_size: Some(kibibytes), ..self }
    }

    /// Gives the host a disk and a clock of that kind.
    pub(super) fn effects(self, effects: Effects) -> Self {
        Self { effects: Some(effects), ..self }
    }

    /// Runs it with `message` on its standard input.
    pub(super) fn say(self, message: &str) -> Result<Outcome> {
        self.run(message.as_bytes())
    }

    /// Runs it with nothing on its standard input.
    pub(super) fn ask(self) -> Result<Outcome> {
        self.run(b"")
    }

    /// Runs it with `input` on its standard input.
    pub(super) fn run(self, input: &[u8]) -> Result<Outcome> {
        let streams = Streams::new(self.test, input)?;
        let start = Instant::now();
        let child = self.spawn(child::between_files(streams.paths())?)?;
        let status = child.wait(LIMIT).context("could not run the guest")?;
        self.judge(status.code(), start.elapsed(), &streams)
    }

    /// Runs it with `message` on its standard input, and notes when it printed what.
    pub(super) fn watch(self, message: &str) -> Result<(Outcome, Vec<Arrival>)> {
        let streams = Streams::new(self.test, message.as_bytes())?;
        let start = Instant::now();
        let [stdin, _, stderr] = child::between_files(streams.paths())?;
        let mut child = self.spawn([stdin, Stdio::piped(), stderr])?;
        let arrivals =
            arrivals::read(child.child().stdout.take().context("the guest has no standard output")?);
        let status = child.wait(LIMIT).context("could not run the guest")?;
        let wall = start.elapsed();
        let arrivals = arrivals.finish()?;
        fs::write(&streams.stdout, arrivals::text(&arrivals)).context("could not keep what was printed")?;
        Ok((self.judge(status.code(), wall, &streams)?, arrivals))
    }

    /// Starts it with `message` on its standard input, and leaves the rest to the caller.
    pub(super) fn start(self, message: &str) -> Result<Guarded> {
        let streams = Streams::new(self.test, message.as_bytes())?;
        self.spawn(child::between_files(streams.paths())?)
    }

    fn spawn(&self, streams: [Stdio; 3]) -> Result<Guarded> {
        let shell = self.test.fixture.shell()?;
        let (program, arguments) = match &self.test.fixture.host {
            Host::Wasmtime(host) => (host.path.as_path(), wasmtime::arguments(self)?),
            Host::Wamr(host) => (host.program(self.takes_more_than_iwasm()), wamr::arguments(self, host)?),
        };
        let mut command = match self.file_size {
            None => cmd!(shell, "{program} {arguments...}"),
            // The signal that comes with the limit is ignored, so that what is left of it is an error to the writer.
            Some(kibibytes) => {
                let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$@\"", kibibytes * 2);
                cmd!(shell, "sh -c {script} sh {program} {arguments...}")
            }
        };
        // wasmtime inherits it by name, so that even a key that opens nothing is on no command line.
        if let Some(key) = &self.key {
            command = command.env(KEY_VARIABLE, key);
        }
        for (name, value) in self.effects.iter().flat_map(Effects::variables) {
            command = command.env(name, value);
        }
        Guarded::spawn(command, streams, "run the guest")
    }

    /// Whether `iwasm` cannot do this, or says nothing of use about it.
    fn takes_more_than_iwasm(&self) -> bool {
        self.to_do == ToDo::Call
            || self.memory.is_some()
            || self.measured.is_some()
            || self.artifact == Artifact::Component
    }

    /// Returns the outcome of a run; an error if it breaks a rule for all runs.
    fn judge(&self, exit: Option<i32>, wall: Duration, streams: &Streams) -> Result<Outcome> {
        let (stdout, stderr) = (text(&streams.stdout)?, text(&streams.stderr)?);
        let outcome = Outcome { exit, stdout, stderr, wall };
        self.kept_the_key(&outcome)?;
        Ok(outcome)
    }

    /// Holds for every run: the key is nowhere that a user, a log or a backup could see it.
    fn kept_the_key(&self, outcome: &Outcome) -> Result<()> {
        let Some(key) = &self.key else { return Ok(()) };
        ensure!(!contains_key(&outcome.stdout, key), "the key, or a part of it, is on stdout");
        ensure!(!contains_key(&outcome.stderr, key), "the key, or a part of it, is on stderr");
        for name in self.test.session_files()? {
            let Some(session) = text_if_there(&self.test.granted().join("sessions").join(&name))? else {
                continue;
            };
            ensure!(
                !contains_key(&session, key),
                "the key, or a part of it, is in the session file `{name}`"
            );
        }
        Ok(())
    }
}

/// The files that a run's standard streams are, or are kept in.
#[derive(Debug)]
struct Streams {
    stdin: PathBuf,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Streams {
    /// Those of the next run in `lab`, with `input` to be read.
    fn new(test: &GuestContext<'_>, input: &[u8]) -> Result<Self> {
        let [stdin, stdout, stderr] = test.streams();
        fs::write(&stdin, input).with_context(|| format!("could not write `{}`", stdin.display()))?;
        Ok(Self { stdin, stdout, stderr })
    }

    fn paths(&self) -> [&Path; 3] {
        [&self.stdin, &self.stdout, &self.stderr]
    }
}

fn text(path: &Path) -> Result<String> {
    text_if_there(path)?.with_context(|| format!("there is no `{}`", path.display()))
}

/// The file's text, if it is a file: a pipe would be waited for. Where guests run side by side, one that was listed may have
/// gone before it is read.
fn text_if_there(path: &Path) -> Result<Option<String>> {
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return Ok(None);
    }
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("could not read `{}`", path.display())),
    }
}
