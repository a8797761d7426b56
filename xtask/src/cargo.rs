//! Cargo's answers: what a build made, as cargo's own messages tell it.

use std::{io::Cursor, path::PathBuf};

use anyhow::{Context as _, Result};
use cargo_metadata::Message;
use xshell::{Cmd, cmd};

use crate::{cmd, project::Project, ui};

/// A program of this workspace that few commands need and that takes long to compile: it is built when it is needed, and
/// kept in the cache, where every checkout finds it. What is fresh there, cargo decides.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OnDemand {
    /// The package, and the program in it.
    pub(crate) package: &'static str,
    /// The profile that it is built with.
    pub(crate) profile: &'static str,
    /// What the first time builds and how long that takes, for whoever waits.
    pub(crate) first_time: &'static str,
}

impl OnDemand {
    /// The path of the program, which is compiled if need be.
    pub(crate) fn ensure_built(&self, project: &Project) -> Result<PathBuf> {
        let Self { package, profile, first_time } = self;
        let target = project.cache_folder("build")?;
        if !target.join(profile).join(package).exists() {
            ui::status("Building", first_time);
        }
        let shell = project.shell()?;
        let build = cmd!(shell, "cargo build --package {package} --profile {profile} --target-dir {target}")
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS");
        executable(build, &format!("build {package}"))
    }
}

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
