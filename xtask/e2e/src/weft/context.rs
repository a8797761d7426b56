//! The context of a case: a home directory with a configuration, the programs, the provider's log, and the session
//! files.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use builds::files;
use devkit::{cmd, project::Project};
use serde_json::{Value, json};
use testkit::{Gateway, KEY, KEY_VARIABLE, Outcome, Request, TestContext, contains_key, merged, names};
use xshell::{Cmd, Shell};

use super::fixture::Fixture;
use crate::guests::context::{ANTHROPIC, LOCKS, PROVIDER};

/// The token that clients present to a gateway that requires one. Like the key, no part of it may appear in any
/// output.
pub(crate) const TOKEN: &str = "tk-Vb3XyZq8MdLw5RfTn7HsKc2Pj9GuAe4E";

/// The time limit of a script or a command.
const LIMIT: Duration = Duration::from_secs(90);

/// The context of one case.
#[derive(Debug)]
pub(super) struct WeftContext<'a> {
    pub(super) fixture: &'a Fixture,
    context: TestContext<'a>,
}

impl<'a> WeftContext<'a> {
    /// Makes the context of the case `name`.
    pub(super) fn new(fixture: &'a Fixture, name: &str) -> Result<Self> {
        Self::of(
            fixture,
            TestContext::new(&fixture.provider, fixture.directory(), name)?,
        )
    }

    /// Makes a context inside this one, with its own home directory.
    pub(super) fn within(&self, name: &str) -> Result<Self> {
        Self::of(self.fixture, self.context.within(name)?)
    }

    fn of(fixture: &'a Fixture, context: TestContext<'a>) -> Result<Self> {
        let test = Self { fixture, context };
        let home = test.home();
        fs::create_dir_all(&home).with_context(|| format!("could not make `{}`", home.display()))?;
        Ok(test)
    }

    /// Returns weft's home directory.
    pub(super) fn home(&self) -> PathBuf {
        self.context.path("home")
    }

    /// Configures weft for answers of `scenario`, without retries.
    pub(super) fn configure(&self, scenario: &str) -> Result<()> {
        self.configure_with(scenario, json!({}), json!({}))
    }

    /// Configures weft for answers of `scenario`, with `options` of the provider and of the gateway.
    pub(super) fn configure_with(&self, scenario: &str, provider: Value, gateway: Value) -> Result<()> {
        self.configure_at(&self.context.api_base(scenario), provider, gateway)
    }

    /// Configures weft to send requests to `api_base`.
    pub(super) fn configure_at(&self, api_base: &str, provider: Value, gateway: Value) -> Result<()> {
        let agents = json!({ "model": "gpt-4o-mini", "stream": true });
        self.write_config(PROVIDER, api_base, agents, provider, gateway)
    }

    /// Configures weft for answers of `scenario` by the provider `name`, with `options` of the agent.
    pub(super) fn configure_as(&self, name: &str, scenario: &str, options: Value) -> Result<()> {
        let agents = merged(json!({ "model": "a-model" }), options);
        self.write_config(
            name,
            &self.context.api_base(scenario),
            agents,
            json!({}),
            json!({}),
        )
    }

    /// Configures weft for answers of `scenario` in Anthropic's protocol.
    pub(super) fn configure_anthropic(&self, scenario: &str) -> Result<()> {
        let api_base = self.context.api_base(scenario);
        let agents = json!({ "model": "gpt-4o-mini", "stream": true });
        self.write_config(ANTHROPIC, &api_base, agents, json!({}), json!({}))
    }

    fn write_config(
        &self,
        name: &str,
        api_base: &str,
        agents: Value,
        provider: Value,
        gateway: Value,
    ) -> Result<()> {
        let least = json!({ "api_base": api_base, "api_key_env": KEY_VARIABLE, "retries": 0 });
        let config = json!({
            "agents": agents,
            "providers": { "providers": { name: merged(least, provider) } },
            "gateway": merged(json!({ "listen": "127.0.0.1:0" }), gateway),
        });
        let path = self.home().join("config.json");
        fs::write(&path, format!("{config:#}"))
            .with_context(|| format!("could not write `{}`", path.display()))
    }

    /// Adds `tools` to the current configuration.
    pub(super) fn offer_tools(&self, tools: Value) -> Result<()> {
        let path = self.home().join("config.json");
        let mut config: Value = serde_json::from_slice(&fs::read(&path)?)?;
        config["tools"] = tools;
        fs::write(&path, config.to_string()).context("could not write the configuration")
    }

    /// Starts a gateway for answers of `scenario`.
    pub(super) fn gateway(&self, scenario: &str) -> Result<Gateway> {
        self.configure(scenario)?;
        self.start()
    }

    /// Starts a gateway with the current configuration.
    pub(super) fn start(&self) -> Result<Gateway> {
        let shell = self.fixture.shell()?;
        Gateway::start(
            self.at_home(self.fixture.weft(&shell)).arg("gateway"),
            &self.log(),
        )
    }

    /// Starts a gateway with the current configuration that can write only tiny files.
    pub(super) fn start_without_room(&self) -> Result<Gateway> {
        let shell = self.fixture.shell()?;
        let command = self.fixture.weft_without_room(&shell);
        Gateway::start(self.at_home(command).arg("gateway"), &self.log())
    }

    /// Starts a gateway for answers of `scenario` that requires [`TOKEN`].
    pub(super) fn gateway_with_token(&self, scenario: &str) -> Result<Gateway> {
        self.configure(scenario)?;
        self.start_with_token()
    }

    /// Starts a gateway with the current configuration that requires [`TOKEN`].
    pub(super) fn start_with_token(&self) -> Result<Gateway> {
        let shell = self.fixture.shell()?;
        let command = self.at_home(self.fixture.weft(&shell)).env("CLAWFT_TOKEN", TOKEN);
        Gateway::start(command.arg("gateway"), &self.log())
    }

    /// Adds this context's home and the provider's key to the environment of `command`, and removes variables of
    /// ours that would change its behaviour.
    pub(super) fn at_home<'s>(&self, command: Cmd<'s>) -> Cmd<'s> {
        let command = command.env("CLAWFT_HOME", self.home()).env(KEY_VARIABLE, KEY);
        [
            "CLAWFT_LISTEN",
            "CLAWFT_TOKEN",
            "HTTP_PROXY",
            "http_proxy",
            "ALL_PROXY",
            "all_proxy",
        ]
        .into_iter()
        .fold(command, |command, name| command.env_remove(name))
    }

    /// Returns the path of the next gateway's log.
    fn log(&self) -> PathBuf {
        self.context
            .path(&format!("{}.log", self.context.next("gateway")))
    }

    /// Runs `weft` with `arguments`, and `input` on its standard input.
    pub(super) fn weft(&self, arguments: &[&str], input: &str) -> Result<Outcome> {
        let shell = self.fixture.shell()?;
        self.run(self.at_home(self.fixture.weft(&shell).args(arguments)), input)
    }

    /// Runs the binary for the other architecture with `arguments`, and `input` on its standard input.
    pub(super) fn foreign(&self, arguments: &[&str], input: &str) -> Result<Outcome> {
        let shell = self.fixture.shell()?;
        self.run(self.at_home(self.fixture.foreign(&shell)?.args(arguments)), input)
    }

    /// Starts a gateway of the binary for the other architecture, with the current configuration.
    pub(super) fn start_foreign(&self) -> Result<Gateway> {
        let shell = self.fixture.shell()?;
        Gateway::start(
            self.at_home(self.fixture.foreign(&shell)?).arg("gateway"),
            &self.log(),
        )
    }

    /// Runs `case` of one of our scripts with the input `given`. Its findings are the error.
    pub(super) fn script(&self, name: &str, case: &str, given: Value) -> Result<()> {
        let shell = self.fixture.shell()?;
        let command = self
            .fixture
            .script(&shell, name)
            .arg(case)
            .env("NO_PROXY", "127.0.0.1");
        let outcome = self.run(command, &given.to_string())?;
        if outcome.exit != Some(0) {
            let last = outcome
                .stderr
                .trim_end()
                .lines()
                .last()
                .unwrap_or("it printed nothing");
            bail!("{name}.py {case}: {last}");
        }
        Ok(())
    }

    /// Returns the path of `weft`.
    pub(super) fn program(&self) -> &Path {
        self.fixture.program()
    }

    /// Returns the path of tmux.
    pub(super) fn tmux(&self) -> &Path {
        &self.fixture.tmux
    }

    /// Returns the directory of pictures, which remain after the run.
    pub(super) fn screenshots(&self) -> Result<&Path> {
        let screenshots = &self.fixture.screenshots;
        fs::create_dir_all(screenshots)
            .with_context(|| format!("could not make `{}`", screenshots.display()))?;
        Ok(screenshots)
    }

    /// Runs `case` of the script about a gateway's page in a browser; screenshots are named after `case`.
    pub(super) fn page(&self, case: &str, gateway: &Gateway) -> Result<()> {
        let screenshots = self.screenshots()?;
        let given = json!({
            "url": gateway.url(),
            "chromium": self.fixture.chromium,
            "axe": self.fixture.page_packages.join("node_modules/axe-core/axe.min.js"),
            "screenshots": screenshots,
            "token": TOKEN,
        });
        self.script("page", case, given)
    }

    /// Runs `command` with `input` on its standard input.
    pub(super) fn run(&self, command: Cmd<'_>, input: &str) -> Result<Outcome> {
        self.context.run(command, input.as_bytes(), LIMIT)
    }

    /// Returns the requests that the provider received from this case.
    pub(super) fn requests(&self) -> Result<Vec<Request>> {
        self.context.requests()
    }

    /// Stores the session `id` with `messages`.
    pub(super) fn store_session(&self, id: &str, messages: &[Value]) -> Result<()> {
        let called = messages.iter().any(|message| message["role"] == "tool");
        let session = json!({ "version": if called { 2 } else { 1 }, "id": id, "messages": messages });
        let directory = self.home().join("sessions");
        fs::create_dir_all(&directory)
            .with_context(|| format!("could not make `{}`", directory.display()))?;
        let path = directory.join(format!("{id}.json"));
        fs::write(&path, session.to_string()).with_context(|| format!("could not write `{}`", path.display()))
    }

    /// Returns the stored session `id`.
    pub(super) fn session(&self, id: &str) -> Result<Value> {
        let path = self.home().join(format!("sessions/{id}.json"));
        let bytes = fs::read(&path).with_context(|| format!("could not read the session `{id}`"))?;
        serde_json::from_slice(&bytes).with_context(|| format!("the session `{id}` is torn"))
    }

    /// Returns the files in the directory of sessions, and the locks as `.locks/NAME`.
    pub(super) fn session_files(&self) -> Result<Vec<String>> {
        let sessions = self.home().join("sessions");
        let mut files = names(&sessions)?;
        files.retain(|name| name != LOCKS);
        files.extend(
            names(&sessions.join(LOCKS))?
                .iter()
                .map(|name| format!("{LOCKS}/{name}")),
        );
        Ok(files)
    }

    /// Checks that neither the key nor the token is in a log, a session or any output.
    pub(super) fn kept_the_key(&self) -> Result<()> {
        for path in files::below(self.context.directory())? {
            let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
            for (secret, what) in [(KEY, "key"), (TOKEN, "token")] {
                let found = contains_key(&text, secret);
                ensure!(!found, "the {what}, or a part of it, is in `{}`", path.display());
            }
        }
        Ok(())
    }

    /// Returns the evidence of a case that failed: its files.
    pub(super) fn seen(&self) -> Vec<(String, String)> {
        self.context.evidence("sessions")
    }

    /// Returns the project, in whose cache further programs are.
    pub(super) fn project(&self) -> &Project {
        &self.fixture.project
    }

    /// Returns a new shell.
    pub(super) fn shell(&self) -> Result<Shell> {
        self.fixture.shell()
    }

    /// Sends the process `id` a `signal`, such as `TERM`.
    pub(super) fn signal(&self, id: u32, signal: &str) -> Result<()> {
        let shell = self.shell()?;
        let id = id.to_string();
        cmd::run(xshell::cmd!(shell, "kill -{signal} {id}"), "send a signal")
    }
}
