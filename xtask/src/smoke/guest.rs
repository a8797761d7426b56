//! One run of an artifact in wasmtime: what it is granted, what it is told, and what must hold for every run.

use std::{
    ffi::OsString,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use xshell::cmd;

use super::{
    child,
    lab::{KEY, KEY_VARIABLE, Lab},
    outcome::Outcome,
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
    /// The core module: preview 1 has no HTTP to give.
    Wasip1,
}

/// A run being put together.
#[derive(Debug)]
pub(super) struct Guest<'a> {
    lab: &'a Lab<'a>,
    artifact: Artifact,
    arguments: Vec<String>,
    http: bool,
    config: bool,
    key: Option<String>,
}

impl<'a> Guest<'a> {
    pub(super) fn new(lab: &'a Lab<'a>, artifact: Artifact) -> Self {
        let http = artifact == Artifact::Component;
        Self { lab, artifact, arguments: Vec::new(), http, config: true, key: Some(KEY.to_owned()) }
    }

    /// Adds command line arguments.
    pub(super) fn arguments(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(|&argument| argument.to_owned()));
        self
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
        self.lab.next_run();
        let streams = ["stdin", "stdout", "stderr"].map(|name| self.lab.stream(name));
        let [stdin, stdout, stderr] = &streams;
        fs::write(stdin, input).with_context(|| format!("could not write `{}`", stdin.display()))?;

        let shell = self.lab.bench.shell()?;
        let wasmtime = &self.lab.bench.wasmtime;
        let mut command = cmd!(shell, "{wasmtime} run").args(self.wasmtime_arguments());
        // Inherited by name, so that even a key that opens nothing is on no command line.
        if let Some(key) = &self.key {
            command = command.env(KEY_VARIABLE, key);
        }

        let start = Instant::now();
        let status = child::run_between_files(command, [stdin, stdout, stderr], LIMIT, "run the guest")?;
        let wall = start.elapsed();
        let outcome = Outcome { exit: status.code(), stdout: text(stdout)?, stderr: text(stderr)?, wall };
        self.kept_the_key(&outcome)?;
        Ok(outcome)
    }

    fn wasmtime_arguments(&self) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = Vec::new();
        if self.http {
            arguments.extend(["-S", "http"].map(OsString::from));
        }
        if self.config {
            let mut grant = self.lab.granted().into_os_string();
            grant.push("::/config");
            arguments.extend(["--dir".into(), grant]);
        }
        if self.key.is_some() {
            arguments.extend(["--env", KEY_VARIABLE].map(OsString::from));
        }
        arguments.push(match self.artifact {
            Artifact::Component => self.lab.bench.shipped.component.clone().into(),
            Artifact::Wasip1 => self.lab.bench.shipped.wasip1.clone().into(),
        });
        arguments.extend(self.arguments.iter().map(OsString::from));
        arguments
    }

    /// Holds for every run: the key is nowhere that a user, a log or a backup could see it.
    fn kept_the_key(&self, outcome: &Outcome) -> Result<()> {
        let Some(key) = &self.key else { return Ok(()) };
        ensure!(!leaks(&outcome.stdout, key), "the key, or a part of it, is on stdout");
        ensure!(!leaks(&outcome.stderr, key), "the key, or a part of it, is on stderr");
        for name in self.lab.session_files()? {
            let session = text(&self.lab.granted().join("sessions").join(&name))?;
            ensure!(!leaks(&session, key), "the key, or a part of it, is in the session file `{name}`");
        }
        Ok(())
    }
}

fn text(path: &Path) -> Result<String> {
    let bytes = fs::read(path).with_context(|| format!("could not read `{}`", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether `text` holds [`LEAK`] characters in a row of `key`.
fn leaks(text: &str, key: &str) -> bool {
    let characters: Vec<char> = key.chars().collect();
    characters.windows(LEAK).any(|part| text.contains(&part.iter().collect::<String>()))
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
