//! The context of a case: a database, home directories, replicas, and the provider's log.

use std::{fs, path::PathBuf, time::Duration};

use anyhow::{Context as _, Result, ensure};
use builds::files;
use serde_json::json;
use testkit::{Gateway, KEY, KEY_VARIABLE, Outcome, Request, TestContext};
use xshell::{Cmd, Shell};

use super::{
    balancer::Balancer,
    database::{Database, PASSWORD},
    fixture::Fixture,
};
use crate::sessions;

/// The variable with the URL of the database.
const STORE_VARIABLE: &str = "CLAWFT_STORE_URL";

/// The time limit of a command.
const LIMIT: Duration = Duration::from_secs(90);

/// The context of one case.
#[derive(Debug)]
pub(super) struct ReplicasContext<'a> {
    pub(super) fixture: &'a Fixture,
    context: TestContext<'a>,
}

impl<'a> ReplicasContext<'a> {
    /// Makes the context of the case `name`.
    pub(super) fn new(fixture: &'a Fixture, name: &str) -> Result<Self> {
        Ok(Self {
            fixture,
            context: TestContext::new(&fixture.provider, fixture.directory(), name)?,
        })
    }

    /// Starts a database.
    pub(super) fn database(&self) -> Result<Database> {
        let mut database = self.stopped_database()?;
        database.run()?;
        Ok(database)
    }

    /// Makes a database that does not run yet.
    pub(super) fn stopped_database(&self) -> Result<Database> {
        let name = self.context.next("database");
        // Not in the directory of the case, whose files are the evidence if it fails.
        let directory = format!("{}-{name}", self.context.label());
        let directory = self.fixture.directory().join(directory);
        let log = self.context.path(&format!("{name}.log"));
        Database::stopped(&self.fixture.postgres, self.fixture.directory(), directory, log)
    }

    /// Starts nginx in front of `replicas`.
    pub(super) fn balancer(&self, replicas: &[String]) -> Result<Balancer> {
        Balancer::start(&self.fixture.nginx, replicas, &self.context.path("nginx"))
    }

    /// Makes the home directory `name`, with a configuration for answers of `scenario`.
    pub(super) fn home(&self, name: &str, scenario: &str, port: u16) -> Result<PathBuf> {
        let home = self.context.path(name);
        fs::create_dir_all(&home).with_context(|| format!("could not make `{}`", home.display()))?;
        let provider = |kind: &str| {
            json!({
                "kind": kind,
                "api_base": self.context.api_base(scenario),
                "api_key_env": KEY_VARIABLE,
                "retries": 0,
            })
        };
        let config = json!({
            "agents": { "provider": "openai", "model": "gpt-4o-mini", "stream": true },
            "providers": { "providers": {
                "openai": provider("openai"),
                "anthropic": provider("anthropic"),
            } },
            "gateway": { "listen": format!("127.0.0.1:{port}") },
        });
        fs::write(home.join("config.json"), format!("{config:#}"))
            .context("could not write a configuration")?;
        Ok(home)
    }

    /// Starts a replica with the home `name` on any port.
    pub(super) fn replica(&self, name: &str, scenario: &str, url: &str) -> Result<Gateway> {
        self.replica_at(name, scenario, url, 0)
    }

    /// Starts a gateway with the home `name` on any port, with the database at `url` if one is given, else with files.
    pub(super) fn replica_of(&self, name: &str, scenario: &str, url: Option<&str>) -> Result<Gateway> {
        self.start(name, scenario, url, 0)
    }

    /// Starts a replica with the home `name` on `port`.
    pub(super) fn replica_at(&self, name: &str, scenario: &str, url: &str, port: u16) -> Result<Gateway> {
        self.start(name, scenario, Some(url), port)
    }

    fn start(&self, name: &str, scenario: &str, url: Option<&str>, port: u16) -> Result<Gateway> {
        self.home(name, scenario, port)?;
        let shell = Shell::new()?;
        let command = self.command(&shell, name, url).arg("gateway");
        Gateway::start(command, &self.context.path(&format!("{name}.log")))
    }

    /// Returns the command of `weft` with the home `name`, and the URL if one is given.
    pub(super) fn command<'s>(&self, shell: &'s Shell, name: &str, url: Option<&str>) -> Cmd<'s> {
        let home = self.context.path(name);
        let command = self.fixture.weft(shell).env("CLAWFT_HOME", home);
        let command = command
            .env(KEY_VARIABLE, KEY)
            .env_remove("CLAWFT_LISTEN")
            .env_remove("CLAWFT_TOKEN");
        match url {
            Some(url) => command.env(STORE_VARIABLE, url),
            None => command.env_remove(STORE_VARIABLE),
        }
    }

    /// Runs `weft` with `arguments` and `input`.
    pub(super) fn weft(
        &self,
        name: &str,
        url: Option<&str>,
        arguments: &[&str],
        input: &str,
    ) -> Result<Outcome> {
        let shell = Shell::new()?;
        let command = self.command(&shell, name, url).args(arguments);
        self.context.run(command, input.as_bytes(), LIMIT)
    }

    /// Does the same, and returns what it printed; fails if it fails.
    pub(super) fn weft_prints(
        &self,
        name: &str,
        url: Option<&str>,
        arguments: &[&str],
        input: &str,
    ) -> Result<String> {
        let outcome = self.weft(name, url, arguments, input)?;
        ensure!(
            outcome.exit == Some(0),
            "`weft {}` ended with {:?}: {}",
            arguments.join(" "),
            outcome.exit,
            outcome.stderr
        );
        Ok(outcome.stdout)
    }

    /// Returns the requests that the provider received from this case.
    pub(super) fn requests(&self) -> Result<Vec<Request>> {
        self.context.requests()
    }

    /// Checks that the password of the database is in no log and no output.
    pub(super) fn kept_the_password(&self) -> Result<()> {
        for path in files::below(self.context.directory())? {
            let text = String::from_utf8_lossy(&fs::read(&path).unwrap_or_default()).into_owned();
            ensure!(
                !text.contains(PASSWORD),
                "the password is in `{}`",
                path.display()
            );
        }
        Ok(())
    }

    /// Returns the evidence of a case that failed: the logs.
    pub(super) fn seen(&self) -> Vec<(String, String)> {
        self.context.evidence("sessions")
    }
}

/// Sends a message, and returns the answer's text; fails unless the turn was stored.
pub(super) fn turn(gateway: &Gateway, id: &str, text: &str) -> Result<String> {
    turn_with(gateway, id, text, None)
}

/// Does the same with a key.
pub(super) fn turn_with(gateway: &Gateway, id: &str, text: &str, key: Option<&str>) -> Result<String> {
    sessions::turn(gateway.address(), id, text, key)
}

/// Returns the texts of a stored session.
pub(super) fn texts(address: &str, id: &str) -> Result<Vec<String>> {
    sessions::texts(address, id, None)
}
