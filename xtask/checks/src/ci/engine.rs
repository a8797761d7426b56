//! Docker's engine for the steps that need it: the one that answers, or a temporary one from
//! `ci/docker-engine`.

use std::{env, env::consts::OS, path::Path};

use anyhow::{Result, bail};
use devkit::{cmd, project::Project, ui};
use xshell::{Cmd, Shell, cmd};

/// Starts an engine, exports its address, and replaces itself with the command in its arguments. Not `eval
/// "$(…)"`, which would continue after a failure.
const WITH_ENGINE: &str = r#"started=$(ci/docker-engine start); eval "$started"; exec "$0" "$@""#;

/// The origin of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Engine {
    /// The environment has one, with a registry.
    There,
    /// The step starts one, and stops it.
    Ours,
}

impl Engine {
    /// Finds the engine of this machine.
    ///
    /// # Errors
    /// Fails if none answers and this user cannot start one.
    pub(super) fn find(project: &Project) -> Result<Self> {
        let shell = project.shell()?;
        let answers = || {
            cmd::output(cmd!(shell, "docker version"), "ask docker for its version")
                .is_ok_and(|it| it.status.success())
        };
        if env::var_os("CLAWFT_TEST_REGISTRY").is_some() && answers() {
            return Ok(Self::There);
        }
        if OS == "linux" && cmd::read(cmd!(shell, "id -u"), "ask for the user's id")? == "0" {
            return Ok(Self::Ours);
        }
        bail!(
            "the steps `engine` and `dockerfile` need Docker, but no engine with a registry answers, and starting one needs root \
             on Linux: run this as root, have an engine of your own (the head of ci/docker-engine says how), or leave the steps \
             out with `cargo xtask ci --skip engine --skip dockerfile`"
        )
    }

    /// Returns the command of a step that needs the engine.
    pub(super) fn command<'s>(self, shell: &'s Shell, program: &Path, words: &[String]) -> Cmd<'s> {
        match self {
            Self::There => cmd!(shell, "{program} {words...}"),
            Self::Ours => cmd!(shell, "bash -euo pipefail -c {WITH_ENGINE} {program} {words...}"),
        }
    }

    /// Returns a guard that stops our engine when it is dropped.
    pub(super) fn guard(self, project: &Project) -> Guard<'_> {
        Guard {
            engine: self,
            project,
        }
    }
}

/// A guard that stops our engine, see [`Engine::guard`].
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
    cmd::run_quietly(
        cmd!(shell, "ci/docker-engine stop"),
        "stop the engine that was started",
        20,
    )
}
