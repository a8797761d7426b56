//! One host with its component, and the requests to it.

use std::{
    net::TcpListener,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use devkit::child::{Guarded, between_files};
use serde_json::{Map, Value, json};
use testkit::{KEY, KEY_VARIABLE, TestContext, http, http::Response};
use xshell::Shell;

use super::{fixture::Fixture, host::Host};

/// The token of the server.
pub(super) const TOKEN: &str = "the-token-of-the-server";

/// The provider's limits of time, in seconds.
const TIMEOUT: u32 = 3;

/// The time in which a host has to be ready. The first start compiles the component.
const START: Duration = Duration::from_secs(120);

/// One host with its component.
#[derive(Debug)]
pub(super) struct ServeContext<'a> {
    pub(super) fixture: &'a Fixture,
    host: &'static Host,
    context: TestContext<'a>,
}

/// A running host. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Server {
    _process: Guarded,
    /// Host and port.
    pub(super) address: String,
}

impl<'a> ServeContext<'a> {
    /// Makes the context of the case `name`.
    pub(super) fn new(fixture: &'a Fixture, host: &'static Host, name: &str) -> Result<Self> {
        Ok(Self {
            fixture,
            host,
            context: TestContext::new(&fixture.provider, fixture.directory(), name)?,
        })
    }

    /// Starts the host. Its default provider answers by `scenarios[0]`, and each scenario is a provider.
    pub(super) fn serve(&self, scenarios: &[&str]) -> Result<Server> {
        self.serve_patiently(scenarios, TIMEOUT)
    }

    /// Starts the host as [`serve`](Self::serve) does. Providers may be silent for `idle` seconds in a stream.
    pub(super) fn serve_patiently(&self, scenarios: &[&str], idle: u32) -> Result<Server> {
        let (mut process, address, stderr) = self.start(scenarios, idle)?;
        let begun = Instant::now();
        loop {
            if http::get(&address, "/healthz", None).is_ok_and(|response| response.status == 200) {
                return Ok(Server {
                    _process: process,
                    address,
                });
            }
            if process.has_ended()? {
                bail!("the host has ended, see `{}`", stderr.display());
            }
            ensure!(begun.elapsed() < START, "the host was not ready in time");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Returns what a host prints that does not load the component.
    pub(super) fn refusal(&self) -> Result<String> {
        let (mut process, _, stderr) = self.start(&["ok"], TIMEOUT)?;
        let status = process.ended_within(START)?;
        ensure!(
            status.is_some_and(|status| !status.success()),
            "the host loads the component"
        );
        Ok(String::from_utf8_lossy(&std::fs::read(stderr)?).into_owned())
    }

    fn start(&self, scenarios: &[&str], idle: u32) -> Result<(Guarded, String, PathBuf)> {
        let shell = Shell::new().context("could not find the current directory")?;
        shell.change_dir(self.context.directory());
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let variables = [
            ("CLAWFT_CONFIG", self.config(scenarios, idle)),
            ("CLAWFT_TOKEN", TOKEN.to_owned()),
            (KEY_VARIABLE, KEY.to_owned()),
        ];
        let component = self.fixture.component(self.host)?;
        let command = self
            .host
            .command(&shell, self.fixture, component, port, &variables)?
            // jco is killed, and removes nothing.
            .env("TMPDIR", self.fixture.directory());
        let [stdin, stdout, stderr] = self.context.streams();
        std::fs::write(&stdin, "")?;
        let streams = between_files([&stdin, &stdout, &stderr])?;
        let process = Guarded::spawn(command, streams, &format!("start {}", self.host.title))?;
        Ok((process, format!("127.0.0.1:{port}"), stderr))
    }

    fn config(&self, scenarios: &[&str], idle: u32) -> String {
        let provider = |scenario: &&str| {
            let provider = json!({
                "kind": "openai", "api_base": self.context.api_base(scenario), "api_key_env": KEY_VARIABLE,
                "timeout_secs": TIMEOUT, "idle_timeout_secs": idle, "retries": 0,
            });
            ((*scenario).to_owned(), provider)
        };
        let providers: Map<String, Value> = scenarios.iter().map(provider).collect();
        json!({ "agents": { "model": "m", "provider": scenarios[0] }, "providers": { "providers": providers } })
            .to_string()
    }

    /// Returns the context of the files and of the provider's log.
    pub(super) fn files(&self) -> &TestContext<'a> {
        &self.context
    }

    /// Returns the files of a failed case.
    pub(super) fn evidence(&self) -> Vec<(String, String)> {
        self.context.evidence("")
    }
}

impl Server {
    /// Asks a model for a chat completion of the message `text`.
    pub(super) fn chat(&self, model: &str, text: &str, stream: bool) -> Result<Response> {
        let body = json!({
            "model": model, "stream": stream, "messages": [{ "role": "user", "content": text }],
        });
        self.post("/v1/chat/completions", &body)
    }

    /// Sends a request with the token.
    pub(super) fn post(&self, path: &str, body: &Value) -> Result<Response> {
        http::post(&self.address, path, TOKEN, &body.to_string())
    }
}
