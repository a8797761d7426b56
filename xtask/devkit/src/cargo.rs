//! Calls of cargo, and the executables named in its messages.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use xshell::{Cmd, Shell, cmd};

use crate::cmd;

/// Returns a call of cargo's `command`, such as `build`, that fails rather than change `Cargo.lock`.
pub fn cargo<'s>(shell: &'s Shell, command: &str) -> Cmd<'s> {
    cmd!(shell, "cargo {command} --locked")
}

/// Runs `build`, a `cargo build` without a message format, and returns the path of the executable that it
/// made. `purpose` completes the sentence "could not …".
pub fn executable(build: Cmd<'_>, purpose: &str) -> Result<PathBuf> {
    let mut made = executables(build, purpose)?;
    Ok(made.pop().expect("there is at least one"))
}

/// Does the same for a build of one WebAssembly file, which is an executable or a library of the type `cdylib`.
pub fn artifact(build: Cmd<'_>, purpose: &str) -> Result<PathBuf> {
    let messages = cmd::read(
        build.args(["--message-format", "json-render-diagnostics"]),
        purpose,
    )?;
    let mut found = None;
    for line in messages.lines() {
        if let Some(artifact) = Artifact::parse(line)? {
            found = artifact.executable.or(artifact.wasm).or(found);
        }
    }
    found.with_context(|| format!("could not {purpose}: cargo named no WebAssembly file among what it built"))
}

/// Does the same for a build of several executables. Returns at least one, in the order in which they were
/// finished.
pub fn executables(build: Cmd<'_>, purpose: &str) -> Result<Vec<PathBuf>> {
    let messages = cmd::read(
        build.args(["--message-format", "json-render-diagnostics"]),
        purpose,
    )?;
    find_executables(&messages).with_context(|| format!("could not {purpose}"))
}

/// Returns the executables in cargo's messages, which are one JSON object per line.
fn find_executables(messages: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for line in messages.lines() {
        found.extend(Artifact::parse(line)?.and_then(|artifact| artifact.executable));
    }
    ensure!(!found.is_empty(), "cargo named no executable among what it built");
    Ok(found)
}

/// A message of cargo about a crate that it has compiled or found to be up to date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Artifact {
    /// The executable, if the crate is one.
    pub(crate) executable: Option<PathBuf>,
    /// The library as a WebAssembly file, if the crate is one.
    pub(crate) wasm: Option<PathBuf>,
    /// Whether it was up to date.
    pub(crate) fresh: bool,
}

impl Artifact {
    /// Parses a line of cargo's messages; returns `None` for another message.
    pub(crate) fn parse(line: &str) -> Result<Option<Self>> {
        let message: Value = serde_json::from_str(line).context("could not read cargo's messages")?;
        let member = |name: &str| message.get(name);
        if member("reason").and_then(Value::as_str) != Some("compiler-artifact") {
            return Ok(None);
        }
        let files = member("filenames").and_then(Value::as_array);
        let mut files = files
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(Path::new);
        Ok(Some(Self {
            executable: member("executable").and_then(Value::as_str).map(PathBuf::from),
            wasm: files
                .find(|path| path.extension().is_some_and(|it| it == "wasm"))
                .map(PathBuf::from),
            fresh: member("fresh").and_then(Value::as_bool).unwrap_or_default(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn build_without_executable_is_an_error() {
        let finished = r#"{"reason":"build-finished","success":true}"#;
        assert!(
            find_executables(finished)
                .unwrap_err()
                .to_string()
                .contains("no executable")
        );
    }

    #[test]
    fn reads_the_executables_among_messages() {
        let library = r#"{"reason":"compiler-artifact","executable":null,"fresh":true}"#;
        let program = r#"{"reason":"compiler-artifact","executable":"/target/debug/image","fresh":false}"#;
        let finished = r#"{"reason":"build-finished","success":true}"#;
        let messages = [library, program, finished].join("\n");
        assert_eq!(
            find_executables(&messages).unwrap(),
            [PathBuf::from("/target/debug/image")]
        );
        assert!(find_executables("warning: no JSON").is_err());
        let fresh = |line: &str| Artifact::parse(line).unwrap().map(|artifact| artifact.fresh);
        assert_eq!(
            [library, program, finished].map(fresh),
            [Some(true), Some(false), None]
        );
    }
}
