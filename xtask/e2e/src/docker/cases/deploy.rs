//! The files in `docs/deploy/`: all match their schemas, and the compose files are run.

mod replicas;

use std::{fs, os::unix::fs::PermissionsExt as _};

use anyhow::{Result, ensure};
use testkit::KEY_VARIABLE;
use xshell::cmd;

use self::replicas::compose_file_of_replicas_keeps_all_turns;
use super::cases;
use crate::docker::{
    compose::Deployment,
    context::{Builder, ImageContext},
};

cases! {
    deploy:
    compose_file_of_replicas_keeps_all_turns,
    kubernetes_manifest_fits_its_schemas,
    kustomizations_fit_their_schemas,
    compose_file_fits_and_serves,
    compose_names_a_missing_or_unreadable_configuration,
}

fn kubernetes_manifest_fits_its_schemas(test: &ImageContext<'_>) -> Result<()> {
    let shell = test.shell()?;
    let root = &test.fixture.root;
    let validate = test.fixture.python.join("kubernetes-validate");
    let manifest = root.join("docs/deploy/kubernetes.yaml");
    let outcome = test.run(cmd!(shell, "{validate} --strict {manifest}"))?;
    ensure!(
        outcome.exit == Some(0),
        "docs/deploy/kubernetes.yaml does not hold: {}",
        outcome.stdout
    );
    Ok(())
}

fn kustomizations_fit_their_schemas(test: &ImageContext<'_>) -> Result<()> {
    let shell = test.shell()?;
    let root = &test.fixture.root;
    let python = test.fixture.python.join("python3");
    let validate = test.fixture.python.join("kubernetes-validate");
    let script = root.join("xtask/acceptance/kustomize.py");
    let directory = root.join("docs/deploy/kustomize");
    // `-B`: no compiled Python files are written into the checkout.
    let outcome = test.run(cmd!(shell, "{python} -B {script} {directory} {validate}"))?;
    ensure!(
        outcome.exit == Some(0),
        "docs/deploy/kustomize does not hold: {}{}",
        outcome.stdout,
        outcome.stderr
    );
    Ok(())
}

/// Writes the directory of the compose file of one gateway, without a configuration.
fn one_gateway<'t, 'f>(test: &'t ImageContext<'f>) -> Result<Deployment<'t, 'f>> {
    test.push(Builder::Oci, &["compose"])?;
    Deployment::new(test, "compose.yaml", &[], "compose", &[])
}

fn compose_file_fits_and_serves(test: &ImageContext<'_>) -> Result<()> {
    let deployment = one_gateway(test)?;
    // The file passes this variable on, and the check wants the key that the configuration names.
    let config = fs::read_to_string(test.configure()?)?.replace(KEY_VARIABLE, "OPENAI_API_KEY");
    fs::write(deployment.config(), config)?;
    deployment.succeeds(&["config", "--quiet"])?;
    let started = deployment.succeeds(&["up", "--detach"]);
    deployment.end(started.and_then(|_| deployment.is_ready()))
}

fn compose_names_a_missing_or_unreadable_configuration(test: &ImageContext<'_>) -> Result<()> {
    let deployment = one_gateway(test)?;
    let missing = deployment.compose(&["up", "--detach"])?;
    deployment.succeeds(&["down", "--volumes"])?;
    ensure!(missing.exit != Some(0), "it starts without a configuration");
    missing.said(&["config.json"])?;
    let config = deployment.config();
    ensure!(!config.exists(), "`{}` was made", config.display());
    fs::copy(test.configure()?, &config)?;
    let tried = refuses_unreadable_configuration(&deployment, "gateway", &[]);
    deployment.succeeds(&["down", "--volumes"])?;
    tried
}

/// Starts the deployment with a configuration that it cannot read, and `options` of `docker compose up`: that is an
/// error, and no container of `service` runs.
fn refuses_unreadable_configuration(
    deployment: &Deployment<'_, '_>,
    service: &str,
    options: &[&str],
) -> Result<()> {
    fs::set_permissions(deployment.config(), fs::Permissions::from_mode(0o600))?;
    let unreadable = deployment.compose(&[&["up", "--detach"], options].concat())?;
    let log = deployment.succeeds(&["logs", "check"])?;
    let running = deployment.succeeds(&["ps", "--quiet", service])?;
    ensure!(
        unreadable.exit != Some(0),
        "it starts with a file that it cannot read"
    );
    ensure!(
        log.contains("config.json") && log.to_lowercase().contains("permission denied"),
        "the log says `{log}`"
    );
    ensure!(running.trim().is_empty(), "a gateway runs");
    Ok(())
}
