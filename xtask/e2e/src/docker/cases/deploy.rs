//! The files in `docs/deploy/`: all match their schemas, and one of them is run.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf, thread, time::Duration};

use anyhow::{Result, ensure};
use testkit::{KEY_VARIABLE, Outcome, http};
use xshell::cmd;

use super::cases;
use crate::docker::{
    container::free_port,
    context::{Builder, ImageContext},
};

cases! {
    deploy:
    kubernetes_manifest_fits_its_schemas,
    kustomizations_fit_their_schemas,
    compose_file_of_replicas_fits,
    compose_file_fits_and_serves,
    compose_names_a_missing_or_unreadable_configuration,
}

fn kubernetes_manifest_fits_its_schemas(test: &ImageContext<'_>) -> Result<()> {
    let (shell, root) = (test.shell()?, &test.fixture.root);
    let (validate, manifest) = (
        test.fixture.python.join("kubernetes-validate"),
        root.join("docs/deploy/kubernetes.yaml"),
    );
    let outcome = test.run(cmd!(shell, "{validate} --strict {manifest}"))?;
    ensure!(
        outcome.exit == Some(0),
        "docs/deploy/kubernetes.yaml does not hold: {}",
        outcome.stdout
    );
    Ok(())
}

fn kustomizations_fit_their_schemas(test: &ImageContext<'_>) -> Result<()> {
    let (shell, root) = (test.shell()?, &test.fixture.root);
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

fn compose_file_of_replicas_fits(test: &ImageContext<'_>) -> Result<()> {
    let directory = test.path("replicas");
    fs::create_dir_all(&directory)?;
    for file in ["compose-replicas.yaml", "proxy.conf"] {
        fs::copy(
            test.fixture.root.join("docs/deploy").join(file),
            directory.join(file),
        )?;
    }
    fs::copy(test.configure()?, directory.join("config.json"))?;
    let secrets = format!("OPENAI_API_KEY=none\nCLAWFT_TOKEN={TOKEN}\nPOSTGRES_PASSWORD=none\n");
    fs::write(directory.join(".env"), secrets)?;
    let file = directory.join("compose-replicas.yaml").display().to_string();
    let outcome = test.docker(&["compose", "--file", &file, "config", "--quiet"])?;
    ensure!(
        outcome.exit == Some(0),
        "docs/deploy/compose-replicas.yaml does not hold: {}",
        outcome.stderr
    );
    Ok(())
}

/// A directory with the compose file, as users deploy it.
struct Deployment<'t, 'f> {
    test: &'t ImageContext<'f>,
    directory: PathBuf,
    project: String,
    published: String,
}

impl<'t, 'f> Deployment<'t, 'f> {
    /// Writes the directory, without a configuration.
    fn new(test: &'t ImageContext<'f>) -> Result<Self> {
        test.push(Builder::Oci, &["compose"])?;
        let directory = test.path("deployed");
        fs::create_dir_all(&directory)?;
        fs::copy(
            test.fixture.root.join("docs/deploy/compose.yaml"),
            directory.join("compose.yaml"),
        )?;
        let port = free_port()?;
        let (image, published) = (format!("{}:compose", test.image()), format!("127.0.0.1:{port}"));
        let settings = [
            ("CLAWFT_IMAGE", image.as_str()),
            ("CLAWFT_PUBLISH", &published),
            ("OPENAI_API_KEY", "none"),
            ("CLAWFT_TOKEN", TOKEN),
        ];
        let settings: String = settings.map(|(name, value)| format!("{name}={value}\n")).concat();
        fs::write(directory.join(".env"), settings)?;
        Ok(Self {
            test,
            directory,
            project: format!("clawft-smoke-{port}"),
            published,
        })
    }

    /// Runs `docker compose` with `words`.
    fn compose(&self, words: &[&str]) -> Result<Outcome> {
        let directory = self.directory.display().to_string();
        let place = [
            "compose",
            "--project-directory",
            &directory,
            "--project-name",
            &self.project,
        ];
        self.test.docker(&[&place, words].concat())
    }

    /// Runs `docker compose`, which has to succeed, and returns what it prints.
    fn succeeds(&self, words: &[&str]) -> Result<String> {
        let outcome = self.compose(words)?;
        ensure!(
            outcome.exit == Some(0),
            "`docker compose {}` failed: {}",
            words.join(" "),
            outcome.stderr
        );
        Ok(outcome.stdout)
    }
}

fn compose_file_fits_and_serves(test: &ImageContext<'_>) -> Result<()> {
    let deployment = Deployment::new(test)?;
    // The file passes this variable on, and the check wants the key that the configuration names.
    let config = fs::read_to_string(test.configure()?)?.replace(KEY_VARIABLE, "OPENAI_API_KEY");
    fs::write(deployment.directory.join("config.json"), config)?;
    deployment.succeeds(&["config", "--quiet"])?;
    let started = deployment.succeeds(&["up", "--detach"]);
    let tried = started.and_then(|_| is_ready(&deployment.published));
    let log = deployment.succeeds(&["logs"])?;
    deployment.succeeds(&["down", "--volumes"])?;
    tried.map_err(|error| error.context(format!("its log says `{log}`")))
}

fn compose_names_a_missing_or_unreadable_configuration(test: &ImageContext<'_>) -> Result<()> {
    let deployment = Deployment::new(test)?;
    let missing = deployment.compose(&["up", "--detach"])?;
    deployment.succeeds(&["down", "--volumes"])?;
    ensure!(missing.exit != Some(0), "it starts without a configuration");
    missing.said(&["config.json"])?;
    let config = deployment.directory.join("config.json");
    ensure!(!config.exists(), "`{}` was made", config.display());
    fs::copy(test.configure()?, &config)?;
    fs::set_permissions(&config, fs::Permissions::from_mode(0o600))?;
    let unreadable = deployment.compose(&["up", "--detach"])?;
    let log = deployment.succeeds(&["logs", "check"])?;
    let gateway = deployment.succeeds(&["ps", "--quiet", "gateway"]);
    deployment.succeeds(&["down", "--volumes"])?;
    ensure!(
        unreadable.exit != Some(0),
        "it starts with a file that it cannot read"
    );
    ensure!(
        log.contains("config.json") && log.to_lowercase().contains("permission denied"),
        "the log says `{log}`"
    );
    ensure!(gateway?.trim().is_empty(), "a gateway runs");
    Ok(())
}

/// The token that the compose file passes to the gateway.
const TOKEN: &str = "tk-Hd4KqW8zVb2NfYx6RmTs9LcJpGe7Ua3X";

/// Waits until a gateway at `address` answers a client with the token.
fn is_ready(address: &str) -> Result<()> {
    let status = |token| http::get(address, "/v1/models", token).map(|response| response.status);
    for _ in 0..100 {
        if let Ok(status) = status(Some(TOKEN)) {
            ensure!(status == 200, "with the token it answers {status}");
            break;
        }
        thread::sleep(Duration::from_millis(200));
    }
    let without = status(None)?;
    ensure!(without == 401, "without a token it answers {without}");
    Ok(())
}
