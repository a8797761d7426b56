//! One run of an artifact in wasmtime: what it is granted, what it is told, and what must hold for every run.

use std::{
    ffi::OsString,
    fs,
    io::ErrorKind::{IsADirectory, NotFound},
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use xshell::cmd;

use super::{
    child::{self, Guarded},
    lab::{KEY, KEY_VARIABLE, Lab},
    outcome::Outcome,
    watch::{self, Arrival},
};

/// No run may take longer, whatever the guest's own deadline does.
const LIMIT: Duration = Duration::from_secs(60);

/// As many characters of the key in a row are a leak.
const LEAK: usize = 8;

/// Which of the shipped files is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Artifact {
    /// The component: gets HTTP from the host.
    Component,
    /// The component as wasmtime compiled it ahead of time.
    Compiled,
    /// The core module: preview 1 has no HTTP to give.
    Wasip1,
}

/// A run being put together.
#[derive(Debug)]
pub(super) struct Guest<'a> {
    lab: &'a Lab<'a>,
    artifact: Artifact,
    /// What the host is told to do with it.
    command: &'static str,
    arguments: Vec<String>,
    http: bool,
    config: bool,
    key: Option<String>,
    memory: Option<usize>,
    file_size: Option<usize>,
}

impl<'a> Guest<'a> {
    pub(super) fn new(lab: &'a Lab<'a>, artifact: Artifact) -> Self {
        Self {
            lab,
            artifact,
            command: "run",
            arguments: Vec::new(),
            http: artifact != Artifact::Wasip1,
            config: true,
            key: Some(KEY.to_owned()),
            memory: None,
            file_size: None,
        }
    }

    /// Adds command line arguments.
    pub(super) fn arguments(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(|&argument| argument.to_owned()));
        self
    }

    /// Has the functions called that it exports, as its input says: only a host of our own does that.
    pub(super) fn called(self) -> Self {
        Self { command: "call", ..self }
    }

    /// Takes HTTP away: the host grants none.
    pub(super) fn without_http(self) -> Self {
        Self { http: false, ..self }
    }

    /// Takes the folder away: the host grants none.
    pub(super) fn without_folder(self) -> Self {
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

    /// Lets its memory grow to so many bytes and no further: more than that is growth without bound.
    pub(super) fn memory(self, bytes: usize) -> Self {
        Self { memory: Some(bytes), ..self }
    }

    /// Lets no file that it writes grow beyond so many KiB, as if the disk were full.
    pub(super) fn file_size(self, kibibytes: usize) -> Self {
        Self { file_size: Some(kibibytes), ..self }
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
        let streams = Streams::new(self.lab, input)?;
        let start = Instant::now();
        let child = self.spawn(child::between_files(streams.paths())?)?;
        let status = child.wait(LIMIT).context("could not run the guest")?;
        self.judge(status.code(), start.elapsed(), &streams)
    }

    /// Runs it with `message` on its standard input, and notes when it printed what.
    pub(super) fn watch(self, message: &str) -> Result<(Outcome, Vec<Arrival>)> {
        let streams = Streams::new(self.lab, message.as_bytes())?;
        let start = Instant::now();
        let [stdin, _, stderr] = child::between_files(streams.paths())?;
        let mut child = self.spawn([stdin, Stdio::piped(), stderr])?;
        let arrivals = watch::read(child.child().stdout.take().context("the guest has no standard output")?);
        let status = child.wait(LIMIT).context("could not run the guest")?;
        let wall = start.elapsed();
        let arrivals = arrivals.finish()?;
        fs::write(&streams.stdout, watch::text(&arrivals)).context("could not keep what was printed")?;
        Ok((self.judge(status.code(), wall, &streams)?, arrivals))
    }

    /// Starts it with `message` on its standard input, and leaves the rest to the caller.
    pub(super) fn start(self, message: &str) -> Result<Guarded> {
        let streams = Streams::new(self.lab, message.as_bytes())?;
        self.spawn(child::between_files(streams.paths())?)
    }

    fn spawn(&self, streams: [Stdio; 3]) -> Result<Guarded> {
        let shell = self.lab.bench.shell()?;
        let (wasmtime, to_do) = (&self.lab.bench.wasmtime.path, self.command);
        let mut command = match self.file_size {
            None => cmd!(shell, "{wasmtime} {to_do}"),
            // The signal that comes with the limit is ignored, so that what is left of it is an error to the writer.
            Some(kibibytes) => {
                let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$@\"", kibibytes * 2);
                cmd!(shell, "sh -c {script} sh {wasmtime} {to_do}")
            }
        };
        command = command.args(self.wasmtime_arguments()?);
        // Inherited by name, so that even a key that opens nothing is on no command line.
        if let Some(key) = &self.key {
            command = command.env(KEY_VARIABLE, key);
        }
        Guarded::spawn(command, streams, "run the guest")
    }

    fn wasmtime_arguments(&self) -> Result<Vec<OsString>> {
        let bench = self.lab.bench;
        let mut arguments: Vec<OsString> = Vec::new();
        if self.http {
            arguments.extend(["-S", "http"].map(OsString::from));
        }
        if let Some(memory) = self.memory {
            arguments.extend(["-W".into(), format!("max-memory-size={memory}").into()]);
        }
        if self.config {
            let mut grant = self.lab.granted().into_os_string();
            grant.push("::/config");
            arguments.extend(["--dir".into(), grant]);
        }
        if self.key.is_some() {
            arguments.extend(["--env", KEY_VARIABLE].map(OsString::from));
        }
        match self.artifact {
            Artifact::Component => arguments.push(bench.shipped.component.clone().into()),
            Artifact::Compiled => arguments.extend(["--allow-precompiled".into(), bench.compiled()?.into()]),
            Artifact::Wasip1 => arguments.push(bench.shipped.wasip1.clone().into()),
        }
        arguments.extend(self.arguments.iter().map(OsString::from));
        Ok(arguments)
    }

    /// What came of a run, with what must hold for every one.
    fn judge(&self, exit: Option<i32>, wall: Duration, streams: &Streams) -> Result<Outcome> {
        let (stdout, stderr) = (text(&streams.stdout)?, text(&streams.stderr)?);
        let outcome = Outcome { exit, stdout, stderr, wall };
        self.kept_the_key(&outcome)?;
        Ok(outcome)
    }

    /// Holds for every run: the key is nowhere that a user, a log or a backup could see it.
    fn kept_the_key(&self, outcome: &Outcome) -> Result<()> {
        let Some(key) = &self.key else { return Ok(()) };
        ensure!(!leaks(&outcome.stdout, key), "the key, or a part of it, is on stdout");
        ensure!(!leaks(&outcome.stderr, key), "the key, or a part of it, is on stderr");
        for name in self.lab.session_files()? {
            let Some(session) = text_if_there(&self.lab.granted().join("sessions").join(&name))? else {
                continue;
            };
            ensure!(!leaks(&session, key), "the key, or a part of it, is in the session file `{name}`");
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
    fn new(lab: &Lab<'_>, input: &[u8]) -> Result<Self> {
        let [stdin, stdout, stderr] = lab.streams();
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

/// The file's text, if it is a file. Where guests run side by side, one that was listed may have gone before it is read.
fn text_if_there(path: &Path) -> Result<Option<String>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if matches!(error.kind(), NotFound | IsADirectory) => Ok(None),
        Err(error) => Err(error).with_context(|| format!("could not read `{}`", path.display())),
    }
}

/// Whether `text` holds [`LEAK`] characters in a row of `key`.
fn leaks(text: &str, key: &str) -> bool {
    let characters: Vec<char> = key.chars().collect();
    let found = |part: &[char]| text.contains(&part.iter().collect::<String>());
    // Every run of that length holds one of these blocks. Looking for them first is quicker, and some texts are long.
    characters.chunks(LEAK / 2).any(found) && characters.windows(LEAK).any(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_the_key_are_leaks_too() {
        assert!(leaks(&format!("Bearer {KEY}"), KEY));
        assert!(leaks(&format!("key {}… is wrong", &KEY[..8]), KEY));
        assert!(leaks(&format!("…{}", &KEY[KEY.len() - 8..]), KEY));
        assert!(!leaks(&format!("a key that ends in {}", &KEY[KEY.len() - 4..]), KEY));
        assert!(!leaks("", KEY));
    }
}
