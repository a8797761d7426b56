//! The files in `docs/deploy/`: all match their schemas, and one of them is run.

use std::{fs, thread, time::Duration};

use anyhow::{Result, ensure};
use testkit::http;
use xshell::cmd;

use super::cases;
use crate::docker::{
    container::free_port,
    context::{Builder, ImageContext},
};

cases! {
    deploy:
    kubernetes_manifest_fits_its_schemas,
    compose_file_fits_and_serves,
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

fn compose_file_fits_and_serves(test: &ImageContext<'_>) -> Result<()> {
    test.push(Builder::Oci, &["compose"])?;
    let directory = test.path("deployed");
    fs::create_dir_all(&directory)?;
    fs::copy(
        test.fixture.root.join("docs/deploy/compose.yaml"),
        directory.join("compose.yaml"),
    )?;
    fs::copy(test.configure()?, directory.join("config.json"))?;
    let port = free_port()?;
    let (image, published) = (format!("{}:compose", test.image()), format!("127.0.0.1:{port}"));
    let settings = [("CLAWFT_IMAGE", image.as_str()), ("CLAWFT_PUBLISH", &published)];
    let settings = settings
        .iter()
        .chain(&[("OPENAI_API_KEY", "none"), ("CLAWFT_TOKEN", TOKEN)]);
    let settings: String = settings
        .map(|(name, value)| format!("{name}={value}\n"))
        .collect();
    fs::write(directory.join(".env"), settings)?;
    let (directory, project) = (directory.display().to_string(), format!("clawft-smoke-{port}"));
    let compose = |words: &[&str]| {
        test.docker_prints(
            &[
                &[
                    "compose",
                    "--project-directory",
                    &directory,
                    "--project-name",
                    &project,
                ],
                words,
            ]
            .concat(),
        )
    };
    compose(&["config", "--quiet"])?;
    let tried = compose(&["up", "--detach"]).and_then(|_| is_ready(&published));
    let log = compose(&["logs"])?;
    compose(&["down", "--volumes"])?;
    tried.map_err(|error| error.context(format!("its log says `{log}`")))
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
