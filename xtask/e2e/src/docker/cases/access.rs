//! A registry that requires a login, and the ways in which Docker stores credentials.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use testkit::Outcome;

use super::cases;
use crate::docker::context::{ImageContext, failed};

cases! {
    access:
    tells_how_to_log_in,
    uses_login_of_docker_configuration,
    uses_login_of_credential_helper,
}

/// The user and the password of `ci/docker-engine`, and both as a header of basic authentication.
const USER: (&str, &str) = ("tester", "of no use elsewhere");
const ENCODED: &str = "dGVzdGVyOm9mIG5vIHVzZSBlbHNld2hlcmU=";

/// Pushes one image to the locked registry, with a Docker configuration that has these `credentials`.
fn push(
    test: &ImageContext<'_>,
    name: &str,
    configuration: &serde_json::Value,
    path: &Path,
) -> Result<Outcome> {
    let directory = test.path(name);
    fs::create_dir_all(&directory)?;
    fs::write(directory.join("config.json"), configuration.to_string())?;
    let image = test.locked_image();
    let binaries = test.fixture.binaries.display().to_string();
    let words = [
        "--push",
        "--platform",
        "linux/amd64",
        "--builder",
        "oci",
        "--image",
        &image,
        "--binaries",
        &binaries,
    ];
    let shell = test.shell()?;
    let command = test.command(&shell, &words).env("DOCKER_CONFIG", &directory);
    let old = std::env::var("PATH").context("there is no PATH")?;
    let outcome = test.run(command.env("PATH", format!("{}:{old}", path.display())))?;
    ensure!(
        !format!("{}{}", outcome.stdout, outcome.stderr).contains(USER.1),
        "the password was printed"
    );
    Ok(outcome)
}

fn tells_how_to_log_in(test: &ImageContext<'_>) -> Result<()> {
    let registry = &test.fixture.engine.locked;
    let outcome = push(test, "empty", &json!({}), &test.path("bin"))?;
    failed(
        &outcome,
        &[&format!(
            "not logged in to `{registry}`: run `docker login {registry}`"
        )],
    )?;
    let wrong = json!({ "auths": { registry: { "auth": "dGVzdGVyOndyb25n" } } });
    let outcome = push(test, "wrong", &wrong, &test.path("bin"))?;
    failed(&outcome, &[&format!("`{registry}` does not let this login")])?;
    ensure!(!test.digests().exists(), "a digest was recorded");
    Ok(())
}

fn uses_login_of_docker_configuration(test: &ImageContext<'_>) -> Result<()> {
    let login = json!({ "auths": { &test.fixture.engine.locked: { "auth": ENCODED } } });
    let outcome = push(test, "login", &login, &test.path("bin"))?;
    ensure!(outcome.exit == Some(0), "the push failed");
    Ok(())
}

fn uses_login_of_credential_helper(test: &ImageContext<'_>) -> Result<()> {
    let bin = test.path("bin");
    fs::create_dir_all(&bin)?;
    let helper = bin.join("docker-credential-smoke");
    let answer = json!({ "Username": USER.0, "Secret": USER.1 });
    fs::write(&helper, format!("#!/bin/sh\nread -r server\necho '{answer}'\n"))?;
    #[cfg(unix)]
    fs::set_permissions(&helper, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let login = json!({ "credHelpers": { &test.fixture.engine.locked: "smoke" } });
    let outcome = push(test, "helped", &login, &bin)?;
    ensure!(outcome.exit == Some(0), "the push failed");
    Ok(())
}
