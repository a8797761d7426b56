//! Cargo's answers: what a build made, as cargo's own messages tell it.

use std::{io::Cursor, path::PathBuf};

use anyhow::{Context as _, Result};
use cargo_metadata::Message;
use xshell::Cmd;

use crate::cmd;

/// Runs `build`, a `cargo build` without a message format, and returns the path of the executable that it made.
/// `purpose` completes the sentence "could not …".
pub(crate) fn executable(build: Cmd<'_>, purpose: &str) -> Result<PathBuf> {
    let messages = cmd::read(build.args(["--message-format", "json-render-diagnostics"]), purpose)?;
    find_executable(&messages).with_context(|| format!("could not {purpose}"))
}

/// The executable among cargo's messages, one JSON object a line.
fn find_executable(messages: &str) -> Result<PathBuf> {
    let mut found = None;
    for message in Message::parse_stream(Cursor::new(messages)) {
        if let Message::CompilerArtifact(artifact) = message.context("could not read cargo's messages")? {
            found = artifact.executable.or(found);
        }
    }
    found.map(Into::into).context("cargo named no executable among what it built")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_without_an_executable_is_an_error() {
        let finished = r#"{"reason":"build-finished","success":true}"#;
        assert!(find_executable(finished).unwrap_err().to_string().contains("no executable"));
    }
}
