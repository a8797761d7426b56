//! A gateway in a container.

use std::{
    fs,
    net::TcpListener,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use testkit::KEY_VARIABLE;

use super::context::ImageContext;

/// The maximum time until a gateway is healthy, even in an emulator on a busy machine.
const START: Duration = Duration::from_secs(60);

/// The interval of the requests meanwhile.
const POLL: Duration = Duration::from_millis(200);

/// A running container. When this is dropped, it is removed with its anonymous volumes.
#[derive(Debug)]
pub(super) struct Container<'p> {
    test: &'p ImageContext<'p>,
    id: String,
    /// Host and port of the gateway.
    pub(super) address: String,
}

impl<'p> Container<'p> {
    /// Runs `image` on `platform` with `options` of `docker run`, on the host's own network, where the mock
    /// provider is.
    pub(super) fn start(
        test: &'p ImageContext<'p>,
        image: &str,
        platform: &str,
        options: &[&str],
    ) -> Result<Self> {
        let address = format!("127.0.0.1:{}", free_port()?);
        let listen = format!("CLAWFT_LISTEN={address}");
        let network = ["--network", "host", "--env", &listen];
        Self::run(
            test,
            image,
            platform,
            address.clone(),
            &[&network, options].concat(),
        )
    }

    /// Runs `image` without changes on the engine's `network`, with its port published at one of this machine.
    pub(super) fn publish(
        test: &'p ImageContext<'p>,
        image: &str,
        network: &str,
        options: &[&str],
    ) -> Result<Self> {
        let address = format!("127.0.0.1:{}", free_port()?);
        let publish = format!("{address}:8080");
        let network = ["--network", network, "--publish", &publish];
        Self::run(
            test,
            image,
            "linux/amd64",
            address.clone(),
            &[&network, options].concat(),
        )
    }

    fn run(
        test: &'p ImageContext<'p>,
        image: &str,
        platform: &str,
        address: String,
        options: &[&str],
    ) -> Result<Self> {
        // The image's health check, with a shorter delay before the first request than its 30 s.
        let given = [
            "run",
            "--detach",
            "--pull",
            "always",
            "--platform",
            platform,
            "--health-interval",
            "1s",
        ];
        let given = given.into_iter().chain(["--env", KEY_VARIABLE]);
        let words: Vec<&str> = given.chain(options.iter().copied()).chain([image]).collect();
        let id = test.docker_prints(&words)?;
        let container = Self { test, id, address };
        container.is_well()?;
        Ok(container)
    }

    /// Waits until the engine's health check succeeds.
    fn is_well(&self) -> Result<()> {
        let deadline = Instant::now() + START;
        loop {
            let state = self.inspect("{{.State.Status}} {{.State.Health.Status}}")?;
            match state.as_str() {
                "running healthy" => return Ok(()),
                "running starting" if Instant::now() < deadline => thread::sleep(POLL),
                _ => bail!("the container is `{state}`; its log says `{}`", self.log()?),
            }
        }
    }

    /// Returns a field of the engine's description of the container.
    pub(super) fn inspect(&self, template: &str) -> Result<String> {
        self.test
            .docker_prints(&["inspect", "--format", template, &self.id])
    }

    /// Runs the program in the container once more, with `words`.
    pub(super) fn exec(&self, words: &[&str]) -> Result<String> {
        self.test.docker_prints(&[&["exec", &self.id], words].concat())
    }

    /// Returns the text of a file in the container.
    pub(super) fn file(&self, path: &str) -> Result<String> {
        let from = format!("{}:{path}", self.id);
        let to = self.test.path("copied");
        self.test
            .docker_prints(&["cp", &from, &to.display().to_string()])?;
        let text =
            fs::read_to_string(&to).with_context(|| format!("could not read `{path}` of the container"));
        // It may be a secret, and failed cases show the files in the directory.
        fs::remove_file(&to)?;
        text
    }

    /// Returns its log.
    pub(super) fn log(&self) -> Result<String> {
        let outcome = self.test.docker(&["logs", &self.id])?;
        Ok(format!("{}{}", outcome.stdout, outcome.stderr)
            .trim_end()
            .to_owned())
    }

    /// Makes the engine stop it, and checks that it ends by itself and without an error.
    pub(super) fn stop(&self) -> Result<()> {
        self.test.docker_prints(&["stop", "--time", "15", &self.id])?;
        let code = self.inspect("{{.State.ExitCode}}")?;
        ensure!(code == "0", "asked to stop, it ended with {code}");
        Ok(())
    }
}

impl Drop for Container<'_> {
    fn drop(&mut self) {
        // The result of the case does not change if its container cannot be removed.
        let _ = self.test.docker(&["rm", "--force", "--volumes", &self.id]);
    }
}

/// Returns a port that is currently unused.
pub(super) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("could not listen on loopback")?;
    Ok(listener.local_addr()?.port())
}
