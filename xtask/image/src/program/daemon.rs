//! Docker's daemon, if this machine has one.

use anyhow::{Result, bail};
use devkit::{cmd, project::Project, ui};
use flags::Builder;
use xshell::{Shell, cmd};

/// The part of an engine's description that shows that it stores images as registries do.
const CONTAINERD_STORE: &str = "io.containerd.snapshotter";

/// Returns the default builder, and prints which it is, because the images of the two have different digests.
pub(crate) fn choose(project: &Project) -> Result<Builder> {
    let (builder, reason) = match why_not(&project.shell()?)? {
        None => (
            Builder::Docker,
            "an engine answers; `--builder oci` would do without".to_owned(),
        ),
        Some(reason) => (Builder::Oci, reason),
    };
    let name = match builder {
        Builder::Docker => "docker",
        Builder::Oci => "oci",
    };
    ui::status("Using", &format!("the builder `{name}`: {reason}"));
    Ok(builder)
}

/// Checks that the engine can build our images.
pub(crate) fn ensure_ready(shell: &Shell) -> Result<()> {
    match why_not(shell)? {
        None => Ok(()),
        Some(reason) => bail!("the builder `docker` cannot be used, but `--builder oci` can: {reason}"),
    }
}

/// Returns the reason why the engine cannot build our images, if it cannot.
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
        "the Docker engine's image store cannot write OCI images; after `docker buildx create --use` it \
         need not, or have the engine use containerd's store"
            .to_owned()
    }))
}

/// Returns the driver of a builder, from the output of `docker buildx inspect`.
fn driver(inspected: &str) -> Option<&str> {
    inspected
        .lines()
        .find_map(|line| line.strip_prefix("Driver:"))
        .map(str::trim)
}

/// Returns the output of `docker`; `None` if it fails or does not exist.
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
    fn reads_driver_from_buildx_output() {
        let inspected =
            "Name:          default\nDriver:        docker\nLast Activity: 2026-01-01\n\nNodes:\n";
        assert_eq!(driver(inspected), Some("docker"));
        assert_eq!(
            driver("Name: x\nDriver:  docker-container\n"),
            Some("docker-container")
        );
        assert_eq!(driver(""), None);
    }
}
