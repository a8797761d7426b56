//! The context of one client: a gateway in front of the mock provider, and the run of the script.

use std::{
    fs,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use testkit::{Gateway, KEY, KEY_VARIABLE, Outcome, TestContext};
use xshell::{Cmd, Shell};

use super::{
    client::Client,
    fixture::Fixture,
    record::{Found, Use},
};

/// The time limit of a script. Some libraries take half a minute to load on a busy machine.
const LIMIT: Duration = Duration::from_secs(540);

/// Held while packages are fetched: clients run at the same time.
static FETCHING: Mutex<()> = Mutex::new(());

/// The context of one client.
#[derive(Debug)]
pub(super) struct ClientContext<'a> {
    pub(super) fixture: &'a Fixture,
    context: TestContext<'a>,
}

impl<'a> ClientContext<'a> {
    /// Makes the context of the case `name`.
    pub(super) fn new(fixture: &'a Fixture, name: &str) -> Result<Self> {
        Ok(Self {
            fixture,
            context: TestContext::new(&fixture.provider, fixture.directory(), name)?,
        })
    }

    /// Returns a shell in the directory of this case.
    pub(super) fn shell(&self) -> Result<Shell> {
        let shell = Shell::new().context("could not find the current directory")?;
        shell.change_dir(self.context.directory());
        Ok(shell)
    }

    /// Runs the client's uses through a gateway.
    pub(super) fn run(&self, client: &Client) -> Result<Found> {
        let shell = self.shell()?;
        let gateway = self.gateway(&shell, None)?;
        let command = {
            let _fetching = FETCHING.lock().unwrap_or_else(PoisonError::into_inner);
            self.fixture.script(&shell, client)?
        };
        let url = gateway.url();
        let log = self.fixture.log();
        let label = self.context.label();
        let command = command
            .args([url])
            .arg(log)
            .arg(label)
            .arg(client.package)
            .env("HOME", self.context.directory())
            .env("NO_PROXY", "127.0.0.1");
        let outcome = self.run_program(command)?;
        ensure!(
            outcome.exit == Some(0),
            "{} ended with exit code {:?}: {}",
            client.script,
            outcome.exit,
            outcome.stderr.trim_end().lines().last().unwrap_or_default()
        );
        found(&outcome.stdout)
    }

    /// Runs a program to its end.
    pub(super) fn run_program(&self, command: Cmd<'_>) -> Result<Outcome> {
        self.context.run(command, b"", LIMIT)
    }

    /// Starts a gateway for a provider of each kind, and for one whose model calls no tools. If there is a `token`,
    /// clients have to present it.
    pub(super) fn gateway(&self, shell: &Shell, token: Option<&str>) -> Result<Gateway> {
        let provider = |kind: &str, scenario: &str| {
            json!({
                "kind": kind,
                "api_base": self.context.api_base(scenario),
                "api_key_env": KEY_VARIABLE,
                "retries": 0,
            })
        };
        let config = json!({
            "agents": { "provider": "openai", "model": "echo" },
            "providers": { "providers": {
                "openai": provider("openai", "capable"),
                "anthropic": provider("anthropic", "capable"),
                "plain": provider("openai", "ok"),
            } },
            "gateway": {
                "listen": "127.0.0.1:0",
                "models": {
                    "claude": "anthropic/claude-opus-4",
                    "claude-reason": "anthropic/reason",
                    "plain": "plain/gpt-4o-mini",
                },
            },
        });
        let home = self.context.path("home");
        fs::create_dir_all(&home).with_context(|| format!("could not make `{}`", home.display()))?;
        fs::write(home.join("config.json"), format!("{config:#}"))
            .context("could not write a configuration")?;
        let command = self
            .fixture
            .weft(shell)
            .arg("gateway")
            .env("CLAWFT_HOME", &home)
            .env(KEY_VARIABLE, KEY)
            .env_remove("CLAWFT_LISTEN");
        let command = match token {
            Some(token) => command.env("CLAWFT_TOKEN", token),
            None => command.env_remove("CLAWFT_TOKEN"),
        };
        Gateway::start(command, &self.context.path("gateway.log"))
    }

    /// Returns the evidence of a case that failed: its files.
    pub(super) fn seen(&self) -> Vec<(String, String)> {
        self.context.evidence("home")
    }
}

/// Reads the lines that a script printed: the client's version, and each use.
fn found(printed: &str) -> Result<Found> {
    let mut lines = printed.lines();
    let first: Value = serde_json::from_str(lines.next().unwrap_or_default())
        .context("the first line of a script is the client's version as JSON")?;
    let Some(version) = first["version"].as_str() else {
        bail!("the first line of a script is `{first}`, which has no version")
    };
    let uses = lines
        .map(|line| serde_json::from_str::<Use>(line).with_context(|| format!("a script printed `{line}`")));
    Ok(Found {
        version: version.to_owned(),
        uses: uses.collect::<Result<_>>()?,
    })
}
