//! A run of an artifact: its grants, its input, and the rules for every run. [`wasmtime`] and [`wamr`] make the
//! arguments for the host.

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

/// The guest's name of the directory of the tools.
pub(super) const WORKSPACE: &str = "/workspace";

/// The time limit of a run, even if the guest's own deadline fails.
const LIMIT: Duration = Duration::from_secs(60);

/// The file that is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Artifact {
    /// The component, which gets HTTP from the host.
    Component,
    /// The component compiled by wasmtime ahead of time.
    Compiled,
    /// The core module, which has no HTTP in preview 1.
    Wasip1,
    /// `sessions-guest`, which uses all operations on sessions; it is for preview 1 too.
    Sessions,
}

/// The task of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ToDo {
    /// Run the guest as a command.
    Run,
    /// Call the guest's exported functions, as its input says.
    Call,
}

/// A run under construction.
#[derive(Debug)]
pub(super) struct Guest<'a> {
    test: &'a GuestContext<'a>,
    artifact: Artifact,
    to_do: ToDo,
    arguments: Vec<String>,
    http: bool,
    config: bool,
    /// Further directories: the path on the host, and the guest's.
    directories: Vec<(PathBuf, &'static str)>,
    key: Option<String>,
    /// Variables beside the key's, as `NAME=VALUE`.
    variables: Vec<String>,
    memory: Option<usize>,
    stack: Option<usize>,
    /// The file in which the host records the memory that was used.
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
            directories: Vec::new(),
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
        self.arguments
            .extend(arguments.iter().map(|&argument| argument.to_owned()));
        self
    }

    /// Makes the host call the exported functions, as the input says; only our own hosts can do that.
    pub(super) fn called(self) -> Self {
        Self {
            to_do: ToDo::Call,
            ..self
        }
    }

    /// Removes the grant of HTTP.
    pub(super) fn without_http(self) -> Self {
        Self { http: false, ..self }
    }

    /// Removes the grant of the directory.
    pub(super) fn without_directory(self) -> Self {
        Self {
            config: false,
            ..self
        }
    }

    /// Grants a directory of the host as `/workspace`.
    pub(super) fn workspace(self, path: PathBuf) -> Self {
        self.directory(path, WORKSPACE)
    }

    /// Grants a directory of the host under the name `path`.
    pub(super) fn directory(mut self, host: PathBuf, path: &'static str) -> Self {
        self.directories.push((host, path));
        self
    }

    /// Leaves the key's variable unset.
    pub(super) fn without_key(self) -> Self {
        Self { key: None, ..self }
    }

    /// Sets the key's variable to `key`.
    pub(super) fn key(self, key: &str) -> Self {
        Self {
            key: Some(key.to_owned()),
            ..self
        }
    }

    /// Sets another variable, as `NAME=VALUE`.
    pub(super) fn variable(mut self, variable: String) -> Self {
        self.variables.push(variable);
        self
    }

    /// Limits its memory to `bytes` bytes, which only unbounded growth exceeds.
    pub(super) fn memory(self, bytes: usize) -> Self {
        Self {
            memory: Some(bytes),
            ..self
        }
    }

    /// Gives WAMR's interpreter a stack of `bytes` bytes.
    pub(super) fn stack(self, bytes: usize) -> Self {
        Self {
            stack: Some(bytes),
            ..self
        }
    }

    /// Makes WAMR's runner record in `file` how much memory was used.
    pub(super) fn measured(self, file: &Path) -> Self {
        Self {
            measured: Some(file.to_owned()),
            ..self
        }
    }

    /// Limits each file that it writes to `kibibytes` KiB, as if the disk were full.
    pub(super) fn file_size(self, kibibytes: usize) -> Self {
        Self {
            file_size: Some(kibibytes),
            ..self
        }
    }

    /// Sets effects on the host's disk and clock.
    pub(super) fn effects(self, effects: Effects) -> Self {
        Self {
            effects: Some(effects),
            ..self
        }
    }

    /// Runs it with `message` on its standard input.
    pub(super) fn say(self, message: &str) -> Result<Outcome> {
        self.run(message.as_bytes())
    }

    /// Runs it with empty standard input.
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

    /// Runs it with `message` on its standard input, and records the time of each part of the output.
    pub(super) fn watch(self, message: &str) -> Result<(Outcome, Vec<Arrival>)> {
        let streams = Streams::new(self.test, message.as_bytes())?;
        let start = Instant::now();
        let [stdin, _, stderr] = child::between_files(streams.paths())?;
        let mut child = self.spawn([stdin, Stdio::piped(), stderr])?;
        let arrivals = arrivals::read(
            child
                .child()
                .stdout
                .take()
                .context("the guest has no standard output")?,
        );
        let status = child.wait(LIMIT).context("could not run the guest")?;
        let wall = start.elapsed();
        let arrivals = arrivals.finish()?;
        fs::write(&streams.stdout, arrivals::text(&arrivals)).context("could not write the output")?;
        Ok((self.judge(status.code(), wall, &streams)?, arrivals))
    }

    /// Starts it with `message` on its standard input, and returns the process.
    pub(super) fn start(self, message: &str) -> Result<Guarded> {
        let streams = Streams::new(self.test, message.as_bytes())?;
        self.spawn(child::between_files(streams.paths())?)
    }

    fn spawn(&self, streams: [Stdio; 3]) -> Result<Guarded> {
        let shell = self.test.fixture.shell()?;
        let (program, arguments) = match &self.test.fixture.host {
            Host::Wasmtime(host) => (host.path.as_path(), wasmtime::arguments(self)?),
            Host::Wamr(host) => (
                host.program(self.takes_more_than_iwasm()),
                wamr::arguments(self, host)?,
            ),
        };
        let mut command = match self.file_size {
            None => cmd!(shell, "{program} {arguments...}"),
            // The signal that comes with the limit is ignored, so that the writer gets an error instead.
            Some(kibibytes) => {
                let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$@\"", kibibytes * 2);
                cmd!(shell, "sh -c {script} sh {program} {arguments...}")
            }
        };
        // wasmtime inherits the variable by name, so that even a test key is not on a command line.
        if let Some(key) = &self.key {
            command = command.env(KEY_VARIABLE, key);
        }
        for (name, value) in self.effects.iter().flat_map(Effects::variables) {
            command = command.env(name, value);
        }
        Guarded::spawn(command, streams, "run the guest")
    }

    /// Returns whether `iwasm` lacks this function, or reports too little about it.
    fn takes_more_than_iwasm(&self) -> bool {
        self.to_do == ToDo::Call
            || self.memory.is_some()
            || self.measured.is_some()
            || self.artifact == Artifact::Component
    }

    /// Returns the outcome of a run; fails if it breaks a rule for all runs.
    fn judge(&self, exit: Option<i32>, wall: Duration, streams: &Streams) -> Result<Outcome> {
        let (stdout, stderr) = (text(&streams.stdout)?, text(&streams.stderr)?);
        let outcome = Outcome {
            exit,
            stdout,
            stderr,
            wall,
        };
        self.kept_the_key(&outcome)?;
        Ok(outcome)
    }

    /// Checks the rule for every run that the key is nowhere that a user, a log or a backup could see it.
    fn kept_the_key(&self, outcome: &Outcome) -> Result<()> {
        let Some(key) = &self.key else { return Ok(()) };
        ensure!(
            !contains_key(&outcome.stdout, key),
            "the key, or a part of it, is on stdout"
        );
        ensure!(
            !contains_key(&outcome.stderr, key),
            "the key, or a part of it, is on stderr"
        );
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

/// The files of a run's standard streams.
#[derive(Debug)]
struct Streams {
    stdin: PathBuf,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Streams {
    /// Makes the files of the next run of the case, with `input` as standard input.
    fn new(test: &GuestContext<'_>, input: &[u8]) -> Result<Self> {
        let [stdin, stdout, stderr] = test.streams();
        fs::write(&stdin, input).with_context(|| format!("could not write `{}`", stdin.display()))?;
        Ok(Self {
            stdin,
            stdout,
            stderr,
        })
    }

    fn paths(&self) -> [&Path; 3] {
        [&self.stdin, &self.stdout, &self.stderr]
    }
}

fn text(path: &Path) -> Result<String> {
    text_if_there(path)?.with_context(|| format!("there is no `{}`", path.display()))
}

/// Returns the file's text, if it is a regular file: reading a pipe would block. Where guests run side by side, a
/// listed file may be gone before it is read.
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
