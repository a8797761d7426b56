//! The context of a case: its own directory, in which it runs programs, and its part of the provider's log.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use devkit::child::{Guarded, between_files};
use xshell::Cmd;

use crate::{
    directory::text_files,
    outcome::Outcome,
    provider::{Provider, Request},
};

/// The directory of one case, and its part of the provider's log.
#[derive(Debug)]
pub struct TestContext<'a> {
    provider: &'a Provider,
    label: String,
    directory: PathBuf,
    runs: AtomicU32,
}

impl<'a> TestContext<'a> {
    /// Makes the directory of the case `name` below `parent`.
    pub fn new(provider: &'a Provider, parent: &Path, name: &str) -> Result<Self> {
        let label = label(name);
        let directory = parent.join(&label);
        fs::create_dir_all(&directory)
            .with_context(|| format!("could not make `{}`", directory.display()))?;
        Ok(Self {
            provider,
            label,
            directory,
            runs: AtomicU32::new(0),
        })
    }

    /// Makes a context inside this one. Its files and its requests belong to this one too.
    pub fn within(&self, name: &str) -> Result<Self> {
        let inner = Self::new(self.provider, &self.directory, name)?;
        Ok(Self {
            label: format!("{}/{}", self.label, inner.label),
            ..inner
        })
    }

    /// Returns the case's name in a form for paths, which is also the label of its requests in the provider's log.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Returns the directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Returns a path in the directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Returns the `api_base` under which this case's requests are answered by `scenario`.
    pub fn api_base(&self, scenario: &str) -> String {
        self.provider.api_base(scenario, &self.label)
    }

    /// Returns the requests that the provider received from this case.
    pub fn requests(&self) -> Result<Vec<Request>> {
        self.provider.requests(&self.label)
    }

    /// Returns the requests that the provider received from this case; fails if there are not `count`.
    pub fn received(&self, count: usize) -> Result<Vec<Request>> {
        let requests = self.requests()?;
        ensure!(
            requests.len() == count,
            "the server received {} requests, expected {count}",
            requests.len()
        );
        Ok(requests)
    }

    /// Returns a name that this case has not used yet, such as `run-2`.
    pub fn next(&self, what: &str) -> String {
        format!("{what}-{}", self.runs.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Returns paths for the standard streams of another run, such as `run-2.stdout`.
    pub fn streams(&self) -> [PathBuf; 3] {
        let run = self.next("run");
        ["stdin", "stdout", "stderr"].map(|name| self.path(&format!("{run}.{name}")))
    }

    /// Runs `command` with `input` on its standard input, at most for `limit`. The input is not stored, because it
    /// may contain a key.
    pub fn run(&self, command: Cmd<'_>, input: &[u8], limit: Duration) -> Result<Outcome> {
        let [stdin, stdout, stderr] = self.streams();
        fs::write(&stdin, input).with_context(|| format!("could not write `{}`", stdin.display()))?;
        let start = Instant::now();
        let streams = between_files([&stdin, &stdout, &stderr])?;
        let status = Guarded::spawn(command, streams, "run a program")?.wait(limit)?;
        let wall = start.elapsed();
        fs::remove_file(&stdin)?;
        let text = |path| -> Result<String> { Ok(String::from_utf8_lossy(&fs::read(path)?).into_owned()) };
        Ok(Outcome {
            exit: status.code(),
            stdout: text(&stdout)?,
            stderr: text(&stderr)?,
            wall,
        })
    }

    /// Returns the files of a failed case, as pairs of a path and a text, except those in directories called
    /// `hidden`. Unreadable files are left out, because the failure itself matters more.
    pub fn evidence(&self, hidden: &str) -> Vec<(String, String)> {
        text_files(&self.directory, hidden).unwrap_or_default()
    }
}

/// Returns the names in a directory, sorted; none if the directory does not exist.
pub fn names(directory: &Path) -> io::Result<Vec<String>> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Ok(Vec::new());
    };
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names = names.collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

/// Returns `name` in lower case with a dash for everything but letters and digits.
pub fn label(name: &str) -> String {
    let words = name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_labels_for_paths() {
        assert_eq!(
            label("a 300 KB message, byte for byte"),
            "a-300-kb-message-byte-for-byte"
        );
        assert_eq!(label("`garbage`?"), "garbage");
    }
}
