//! The stacks of a comparison, and how each is built.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use builds::{files, temporary};
use devkit::{cmd, project::Project};
use flags::HttpBackend;
use serde::Deserialize;
use toolchain::Node;
use xshell::cmd;

use super::{
    comparison::Verdict,
    trial::{MESSAGES, Trials},
};
use crate::wasm::{self, Source, Stages};

/// An HTTP stack that does the work.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stack {
    /// Name of the stack; for a crate, the crate's name.
    pub(super) name: &'static str,
    /// The sources of the component.
    source: Source,
    /// Whether it is the component that we ship.
    pub(super) ours: bool,
    /// Whether another optimiser shrinks it too.
    pub(super) by_others_too: bool,
}

/// The sample that does no work.
const FLOOR: Source = Source::Sample("hello");

/// All stacks.
pub(super) const STACKS: &[Stack] = &[
    Stack {
        name: "clawft",
        source: Source::Component(HttpBackend::Raw),
        ours: true,
        by_others_too: true,
    },
    Stack {
        name: "clawft, with wasi-http-client",
        source: Source::Component(HttpBackend::Client),
        ours: false,
        by_others_too: false,
    },
    Stack {
        name: "waki",
        source: Source::Sample("with-waki"),
        ours: false,
        by_others_too: false,
    },
    Stack {
        name: "wstd",
        source: Source::Sample("with-wstd"),
        ours: false,
        by_others_too: false,
    },
    Stack {
        name: "wasi-http-client",
        source: Source::Sample("with-wasi-http-client"),
        ours: false,
        by_others_too: false,
    },
    Stack {
        name: "hello world",
        source: FLOOR,
        ours: false,
        by_others_too: false,
    },
];

impl Stack {
    /// Returns the name, with the version if it is a crate.
    pub(super) fn title(&self) -> Result<String> {
        match self.source {
            FLOOR | Source::Component(_) => Ok(self.name.to_owned()),
            Source::Sample(_) => Ok(format!("{} {}", self.name, locked_version(self.name)?)),
        }
    }

    /// Builds and shrinks the component. Our own component is taken as it ships: it is built with names, so the
    /// order of its functions may differ.
    pub(super) fn build(&self, project: &Project) -> Result<Stages> {
        let stages = wasm::stages(project, self.source)?;
        if !self.ours {
            return Ok(stages);
        }
        let path = wasm::ensure_built(project)?.component;
        let shrunk = files::read(&path)?;
        Ok(Stages { shrunk, ..stages })
    }

    /// Runs `component` with a short message and the long ones.
    ///
    /// # Errors
    /// Fails if it cannot do its work even with the short message.
    pub(super) fn attempt(&self, trials: &Trials, component: &[u8]) -> Result<Vec<Verdict>> {
        if self.source == FLOOR {
            let printed = trials.greet(component)?;
            ensure!(printed == "Hello, world!\n", "it printed `{printed}`");
            return Ok(Vec::new());
        }
        let (verdict, said) = trials.attempt(component, 100)?;
        ensure!(
            verdict == Verdict::Works,
            "it does not do the work ({verdict}): {said}"
        );
        MESSAGES
            .iter()
            .map(|bytes| Ok(trials.attempt(component, *bytes)?.0))
            .collect()
    }
}

/// Returns the version of `package` in the samples' lock file.
fn locked_version(package: &str) -> Result<String> {
    #[derive(Deserialize)]
    struct Lock {
        package: Vec<Package>,
    }
    #[derive(Deserialize)]
    struct Package {
        name: String,
        version: String,
    }
    let lock: Lock = toml::from_str(include_str!("../../../../size-samples/Cargo.lock"))
        .context("could not read the samples' lock file")?;
    let mut packages = lock.package.into_iter();
    let found = packages.find(|locked| locked.name == package);
    Ok(found
        .with_context(|| format!("no sample depends on `{package}`"))?
        .version)
}

/// Returns `component` after jco's optimiser, and the name of that row. Without flags jco rejects rustc's output,
/// so it gets the features; the other flags are its defaults.
pub(super) fn by_jco(project: &Project, component: &[u8]) -> Result<(String, Vec<u8>)> {
    let jco = toolchain::node(project, Node::Jco)?.join("jco");
    let directory = temporary::directory()?;
    let (input, output) = (
        directory.path().join("in.wasm"),
        directory.path().join("out.wasm"),
    );
    fs::write(&input, component).with_context(|| format!("could not write `{}`", input.display()))?;
    let features = wasm::component_features()?;
    let features = features.iter().map(|feature| format!("--enable-{feature}"));
    let shell = project.shell()?;
    let flags = ["-Oz", "--low-memory-unused", "--strip-debug"];
    let run = cmd!(
        shell,
        "{jco} opt {input} -o {output} --quiet -- {flags...} {features...}"
    );
    cmd::run_quietly(run, "shrink the component with jco", 12)?;
    let version = cmd::read(cmd!(shell, "{jco} --version"), "ask jco for its version")?;
    let shrunk = files::read(&output)?;
    Ok((format!("clawft, by jco opt {}", version.trim()), shrunk))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_have_version_of_the_crate() {
        let titles: Vec<String> = STACKS.iter().map(|stack| stack.title().unwrap()).collect();
        assert!(
            titles.iter().any(|title| title.starts_with("waki 0.")),
            "{titles:?}"
        );
        assert!(locked_version("no-such-crate").is_err());
    }

    #[test]
    fn samples_have_profile_of_shipped_component() {
        let profile = |manifest: &str| {
            manifest.parse::<toml::Table>().unwrap()["profile"]
                .as_table()
                .unwrap()["release-wasm"]
                .clone()
        };
        let ours = profile(include_str!("../../../../../Cargo.toml"));
        assert_eq!(profile(include_str!("../../../../size-samples/Cargo.toml")), ours);
    }
}
