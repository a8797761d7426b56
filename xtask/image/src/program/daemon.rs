//! Docker's daemon, if this machine has one.

use anyhow::{Result, bail};
use devkit::{cmd, project::Project, ui};
use flags::Builder;
use xshell::{Shell, cmd};

/// The part of an engine's words about itself that says that it keeps images as registries do.
const CONTAINERD_STORE: &str = "io.containerd.snapshotter";

/// The builder for a user who did not name one. Said aloud, for the two make images of different digests.
pub(crate) fn choose(project: &Project) -> Result<Builder> {
    let (builder, reason) = match why_not(&project.shell()?)? {
        None => (Builder::Docker, "an engine answers; `--builder oci` would do without".to_owned()),
        Some(reason) => (Builder::Oci, reason),
    };
    let name = match builder {
        Builder::Docker => "docker",
        Builder::Oci => "oci",
    };
    ui::status("Using", &format!("the builder `{name}`: {reason}"));
    Ok(builder)
}

/// Makes sure that the engine can do what we ask of it.
pub(crate) fn ensure_ready(shell: &Shell) -> Result<()> {
    match why_not(shell)? {
        None => Ok(()),
        Some(reason) => bail!("the builder `docker` can't be used, but `--builder oci` can: {reason}"),
    }
}

/// Why the engine can't build our images, if it can't.
fn why_not(shell: &Shell) -> Result<Option<String>> {
    let Some(_engine) = ask(shell, &["version", "--format", "{{.Server.Version}}"])? else {
        return Ok(Some("no Docker engine answers".to_owned()));
    };
    let Some(builder) = ask(shell, &["buildx", "inspect"])? else {
        return Ok(Some("`docker` has no working `buildx`".to_owned()));
    };
    if driver(&builder) != Some("docker") {
        return Ok(None);
    }
    let store = ask(shell, &["info", "--format", "{{.DriverStatus}}"])?.unwrap_or_default();
    Ok((!store.contains(CONTAINERD_STORE)).then(|| {
        "the Docker engine's image store can't write OCI images; after `docker buildx create --use` it \
         need not, or have the engine use containerd's store"
            .to_owned()
    }))
}

/// The driver of a builder, as `docker buildx inspect` tells it.
fn driver(inspected: &str) -> Option<&str> {
    inspected.lines().find_map(|line| line.strip_prefix("Driver:")).map(str::trim)
}

/// What `docker` answers; `None` if it fails or is not there.
fn ask(shell: &Shell, words: &[&str]) -> Result<Option<String>> {
    match cmd::output(cmd!(shell, "docker {words...}"), "ask docker") {
        Ok(output) if output.status.success() => {
            Ok(Some(String::from_utf8_lossy(&output.stdout).into_owned()))
        }
        Ok(_) | Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_driver_is_read_out_of_what_buildx_tells() {
        let inspected =
            "Name:          default\nDriver:        docker\nLast Activity: 2026-01-01\n\nNodes:\n";
        assert_eq!(driver(inspected), Some("docker"));
        assert_eq!(driver("Name: x\nDriver:  docker-container\n"), Some("docker-container"));
        assert_eq!(driver(""), None);
    }
}
