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

/// No gateway takes longer until it is well, in an emulator on a busy machine neither.
const START: Duration = Duration::from_secs(60);

/// How often it is asked meanwhile.
const POLL: Duration = Duration::from_millis(200);

/// A running container. It is removed when this is dropped, with the volumes that have no name.
#[derive(Debug)]
pub(super) struct Container<'p> {
    test: &'p ImageContext<'p>,
    id: String,
    /// Host and port that the gateway answers at.
    pub(super) address: String,
}

impl<'p> Container<'p> {
    /// Runs `image` on `platform` with `options` of `docker run`, on the host's own network: there the model is.
    pub(super) fn start(
        test: &'p ImageContext<'p>,
        image: &str,
        platform: &str,
        options: &[&str],
    ) -> Result<Self> {
        let address = format!("127.0.0.1:{}", free_port()?);
        let listen = format!("CLAWFT_LISTEN={address}");
        let network = ["--network", "host", "--env", &listen];
        Self::run(test, image, platform, address.clone(), &[&network, options].concat())
    }

    /// Runs `image` as it is on the engine's `network`, with its port published at one of this machine's.
    pub(super) fn publish(
        test: &'p ImageContext<'p>,
        image: &str,
        network: &str,
        options: &[&str],
    ) -> Result<Self> {
        let address = format!("127.0.0.1:{}", free_port()?);
        let publish = format!("{address}:8080");
        let network = ["--network", network, "--publish", &publish];
        Self::run(test, image, "linux/amd64", address.clone(), &[&network, options].concat())
    }

    fn run(
        test: &'p ImageContext<'p>,
        image: &str,
        platform: &str,
        address: String,
        options: &[&str],
    ) -> Result<Self> {
        // As in the image, but for the first question: nobody wants to wait 30 s for that.
        let given =
            ["run", "--detach", "--pull", "always", "--platform", platform, "--health-interval", "1s"];
        let given = given.into_iter().chain(["--env", KEY_VARIABLE]);
        let words: Vec<&str> = given.chain(options.iter().copied()).chain([image]).collect();
        let id = test.docker_prints(&words)?;
        let container = Self { test, id, address };
        container.is_well()?;
        Ok(container)
    }

    /// Waits until the engine's own check of its health succeeds.
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

    /// Returns a field of its description by the engine.
    pub(super) fn inspect(&self, template: &str) -> Result<String> {
        self.test.docker_prints(&["inspect", "--format", template, &self.id])
    }

    /// Runs the program in it once more, with `words`.
    pub(super) fn exec(&self, words: &[&str]) -> Result<String> {
        self.test.docker_prints(&[&["exec", &self.id], words].concat())
    }

    /// The text of a file in it.
    pub(super) fn file(&self, path: &str) -> Result<String> {
        let (from, to) = (format!("{}:{path}", self.id), self.test.path("copied"));
        self.test.docker_prints(&["cp", &from, &to.display().to_string()])?;
        let text =
            fs::read_to_string(&to).with_context(|| format!("could not read `{path}` of the container"));
        // It may be a secret, and what is in the directory is shown where the case fails.
        fs::remove_file(&to)?;
        text
    }

    /// Returns its log.
    pub(super) fn log(&self) -> Result<String> {
        let outcome = self.test.docker(&["logs", &self.id])?;
        Ok(format!("{}{}", outcome.stdout, outcome.stderr).trim_end().to_owned())
    }

    /// Has the engine stop it, which it does in order and by itself.
    pub(super) fn stop(&self) -> Result<()> {
        self.test.docker_prints(&["stop", "--time", "15", &self.id])?;
        let code = self.inspect("{{.State.ExitCode}}")?;
        ensure!(code == "0", "told to stop, it ended with {code}");
        Ok(())
    }
}

impl Drop for Container<'_> {
    fn drop(&mut self) {
        // The case has its result; a container that cannot be removed does not change it.
        let _ = self.test.docker(&["rm", "--force", "--volumes", &self.id]);
    }
}

/// A port that nobody listens at just now.
pub(super) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("could not listen on loopback")?;
    Ok(listener.local_addr()?.port())
}
