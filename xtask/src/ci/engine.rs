//! Docker's engine for the one step that needs it: the one that answers or, for as long as the step takes, one of
//! `ci/docker-engine`.

use std::{env, env::consts::OS, path::Path};

use anyhow::{Result, bail};
use devkit::{cmd, project::Project, ui};
use xshell::{Cmd, Shell, cmd};

/// Starts an engine, tells the rest of the line where it is, and becomes that. Not `eval "$(…)"`, which would go on after a
/// failure.
const WITH_ENGINE: &str = r#"started=$(ci/docker-engine start); eval "$started"; exec "$0" "$@""#;

/// Where the engine comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Engine {
    /// The environment names one, with a registry.
    There,
    /// We start one, and end it.
    Ours,
}

impl Engine {
    /// The engine of this machine.
    ///
    /// # Errors
    /// None answers, and this user can't start one.
    pub(super) fn find(project: &Project) -> Result<Self> {
        let shell = project.shell()?;
        let answers =
            || cmd::output(cmd!(shell, "docker version"), "ask docker").is_ok_and(|it| it.status.success());
        if env::var_os("CLAWFT_TEST_REGISTRY").is_some() && answers() {
            return Ok(Self::There);
        }
        if OS == "linux" && cmd::read(cmd!(shell, "id -u"), "ask who we are")? == "0" {
            return Ok(Self::Ours);
        }
        bail!(
            "the step `engine` runs images, no engine with a registry answers, and to start one takes root on Linux: run this \
             as root, have an engine of your own (the head of ci/docker-engine says how), or leave the step out with \
             `--skip engine`"
        )
    }

    /// The command of a step that needs the engine.
    pub(super) fn command<'s>(self, shell: &'s Shell, program: &Path, words: &[String]) -> Cmd<'s> {
        match self {
            Self::There => cmd!(shell, "{program} {words...}"),
            Self::Ours => cmd!(shell, "bash -euo pipefail -c {WITH_ENGINE} {program} {words...}"),
        }
    }

    /// Something that ends our engine when it is dropped, whatever happened.
    pub(super) fn guard(self, project: &Project) -> Guard<'_> {
        Guard { engine: self, project }
    }
}

/// See [`Engine::guard`].
#[derive(Debug)]
pub(super) struct Guard<'p> {
    engine: Engine,
    project: &'p Project,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if self.engine == Engine::Ours
            && let Err(error) = stop(self.project)
        {
            ui::warn(&format!("{error:#}"));
        }
    }
}

fn stop(project: &Project) -> Result<()> {
    let shell = project.shell()?;
    cmd::run_quietly(cmd!(shell, "ci/docker-engine stop"), "end the engine that was started", 20)
}
