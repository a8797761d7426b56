//! The context of a case: its own directory with a configuration, the guest, the provider's log, and the session
//! files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use testkit::{
    Certificate, Outcome, Request, SHOWN, TestContext, excerpt, merged, messages, names, same_messages,
};
pub(super) use testkit::{KEY, KEY_VARIABLE};

use super::{
    fixture::Fixture,
    guest::{Artifact, Guest},
};

/// The name of the provider in the configuration, unless a case is about another.
pub(crate) const PROVIDER: &str = "openai";

/// The name of the other provider, which has its own protocol.
pub(crate) const ANTHROPIC: &str = "anthropic";

/// A provider for each protocol.
pub(super) const PROVIDERS: [&str; 2] = [PROVIDER, ANTHROPIC];

/// The name on the host of the directory that the guest sees as `/config`.
pub(super) const GRANTED: &str = "config";

/// The name of the directory of locks, in the directory of sessions.
pub(crate) const LOCKS: &str = ".locks";

/// The context of one case.
#[derive(Debug)]
pub(super) struct GuestContext<'a> {
    pub(super) fixture: &'a Fixture,
    /// Its directory contains the one that is granted to the guest, and the streams of every run.
    context: TestContext<'a>,
}

impl<'a> GuestContext<'a> {
    /// Makes the context of the case `name`.
    pub(super) fn new(fixture: &'a Fixture, name: &str) -> Result<Self> {
        Self::of(
            fixture,
            TestContext::new(&fixture.provider, fixture.directory(), name)?,
        )
    }

    /// Makes a context inside this one, with its own configuration and sessions. Its evidence is part of this
    /// one's evidence.
    pub(super) fn within(&self, name: &str) -> Result<Self> {
        Self::of(self.fixture, self.context.within(name)?)
    }

    fn of(fixture: &'a Fixture, context: TestContext<'a>) -> Result<Self> {
        let test = Self { fixture, context };
        let granted = test.granted();
        fs::create_dir_all(&granted).with_context(|| format!("could not make `{}`", granted.display()))?;
        Ok(test)
    }

    /// Returns a path in the case's own directory.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.context.path(name)
    }

    /// Returns the directory that the guest sees as `/config`.
    pub(super) fn granted(&self) -> PathBuf {
        self.context.path(GRANTED)
    }

    /// Configures the guest for answers of `scenario`, without retries, so that cases about other things are fast.
    pub(super) fn configure(&self, scenario: &str) -> Result<()> {
        self.configure_with(scenario, json!({ "retries": 0 }))
    }

    /// Configures the guest for answers of `scenario`, with further `options` of the provider.
    pub(super) fn configure_with(&self, scenario: &str, options: Value) -> Result<()> {
        self.configure_at(&self.context.api_base(scenario), options)
    }

    /// Returns the address at which chat completions are answered by `scenario`.
    pub(super) fn url(&self, scenario: &str) -> String {
        self.context.api_base(scenario) + "/chat/completions"
    }

    /// Configures the guest for a server with this certificate, without retries.
    pub(super) fn configure_presented(&self, presented: Certificate) -> Result<()> {
        let provider = &self.fixture.provider;
        let front = provider.front()?;
        let (trusted, other) = (front.address(Certificate::Trusted)?, front.address(presented)?);
        let api_base = self.context.api_base("ok").replace(&trusted, &other);
        self.configure_at(&api_base, json!({ "retries": 0 }))
    }

    /// Configures the guest to send requests to `api_base`, with `options` of the provider.
    pub(super) fn configure_at(&self, api_base: &str, options: Value) -> Result<()> {
        self.write_config(PROVIDER, api_base, options, json!({}))
    }

    /// Configures the guest for answers of `scenario`, without retries, with `options` of the agent.
    pub(super) fn configure_agent(&self, scenario: &str, options: Value) -> Result<()> {
        self.configure_as(PROVIDER, scenario, json!({}), options)
    }

    /// Configures the guest for answers of `scenario` in the protocol of the provider `name`, without retries
    /// unless its options set them. The model is one that the provider could have.
    pub(super) fn configure_as(
        &self,
        name: &str,
        scenario: &str,
        provider: Value,
        agent: Value,
    ) -> Result<()> {
        let api_base = self.context.api_base(scenario);
        let model = if name == ANTHROPIC {
            "claude-sonnet-4-5"
        } else {
            "gpt-4o-mini"
        };
        let provider = merged(json!({ "retries": 0 }), provider);
        self.write_config(
            name,
            &api_base,
            provider,
            merged(json!({ "model": model }), agent),
        )
    }

    fn write_config(&self, name: &str, api_base: &str, provider: Value, agent: Value) -> Result<()> {
        let provider = merged(
            json!({ "api_base": api_base, "api_key_env": KEY_VARIABLE }),
            provider,
        );
        let agents = merged(json!({ "model": "gpt-4o-mini" }), agent);
        let config = json!({ "agents": agents, "providers": { "providers": { name: provider } } });
        self.write("config.json", format!("{config:#}").as_bytes())
    }

    /// Writes a file in the granted directory; `path` is relative to it.
    pub(super) fn write(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let path = self.granted().join(path);
        let write = || {
            fs::create_dir_all(path.parent().unwrap_or(Path::new("")))?;
            fs::write(&path, bytes)
        };
        write().with_context(|| format!("could not write `{}`", path.display()))
    }

    /// Returns the component, with everything granted that it may need. The methods of [`Guest`] remove grants.
    pub(super) fn component(&self) -> Guest<'_> {
        Guest::new(self, Artifact::Component)
    }

    /// Returns the component compiled ahead of time, with the same grants.
    pub(super) fn compiled(&self) -> Guest<'_> {
        Guest::new(self, Artifact::Compiled)
    }

    /// Returns the wasip1 module, with the same grants.
    pub(super) fn wasip1(&self) -> Guest<'_> {
        Guest::new(self, Artifact::Wasip1)
    }

    /// Runs the component with `message` on its standard input.
    pub(super) fn say(&self, message: &str) -> Result<Outcome> {
        self.component().say(message)
    }

    /// Returns the requests that the provider received from this case.
    pub(super) fn requests(&self) -> Result<Vec<Request>> {
        self.context.requests()
    }

    /// Returns the requests that the provider received from this case; fails if there are not `count`.
    pub(super) fn received(&self, count: usize) -> Result<Vec<Request>> {
        self.context.received(count)
    }

    /// Returns the only request that the provider received from this case.
    pub(super) fn request(&self) -> Result<Request> {
        Ok(self.received(1)?.remove(0))
    }

    /// Checks that the provider received nothing.
    pub(super) fn sent_nothing(&self) -> Result<()> {
        self.received(0).map(drop)
    }

    /// Checks that the file of the session `id` has exactly these pairs of role and content.
    pub(super) fn stored(&self, id: &str, turns: &[(&str, &str)]) -> Result<()> {
        let found = self.session(id)?;
        ensure!(
            same_messages(&found, turns),
            "the session file of `{id}` holds {found:?}"
        );
        Ok(())
    }

    /// Checks that there is no session file: a turn without an answer writes none.
    pub(super) fn stored_nothing(&self) -> Result<()> {
        let files = self.session_files()?;
        ensure!(files.is_empty(), "there are session files: {files:?}");
        Ok(())
    }

    /// Checks whether the file of the session `id` ends with an answer that is marked as incomplete.
    pub(super) fn stored_incomplete(&self, id: &str, incomplete: bool) -> Result<()> {
        let session = self.session_json(id)?;
        let last = session["messages"]
            .as_array()
            .and_then(|messages| messages.last());
        let last = last.context("the session file holds no messages")?;
        let found = last.get("incomplete").is_some_and(|mark| *mark == true);
        ensure!(
            found == incomplete,
            "the last message of the session file is {last}"
        );
        Ok(())
    }

    /// Returns the pairs of role and content in the file of the session `id`.
    pub(super) fn session(&self, id: &str) -> Result<Vec<(String, String)>> {
        messages(&self.session_json(id)?).context("the session file holds no messages")
    }

    pub(super) fn session_json(&self, id: &str) -> Result<Value> {
        let path = self.session_path(id);
        let bytes =
            fs::read(&path).with_context(|| format!("could not read the session file `{id}.json`"))?;
        serde_json::from_slice(&bytes).context("the session file is not JSON")
    }

    /// Returns the path of the session `id`.
    pub(super) fn session_path(&self, id: &str) -> PathBuf {
        self.granted().join(format!("sessions/{id}.json"))
    }

    /// Makes the directory of sessions a link to nowhere, which cannot be read or written even by root, who
    /// ignores the mode of a file.
    pub(super) fn make_sessions_unwritable(&self) -> Result<()> {
        #[cfg(unix)]
        std::os::unix::fs::symlink("nowhere/at/all", self.granted().join("sessions"))
            .context("could not make a link")?;
        Ok(())
    }

    /// Returns the names of the files in the directory of sessions, without the directory of locks; none if it
    /// does not exist.
    pub(super) fn session_files(&self) -> Result<Vec<String>> {
        let mut names =
            names(&self.granted().join("sessions")).context("could not list the session files")?;
        names.retain(|name| name != LOCKS);
        Ok(names)
    }

    /// Returns the directory of the sessions' locks.
    pub(super) fn locks_path(&self) -> PathBuf {
        self.granted().join("sessions").join(LOCKS)
    }

    /// Returns the names of the locks that guests hold, or have left.
    pub(super) fn locks(&self) -> Result<Vec<String>> {
        names(&self.locks_path()).context("could not list the locks")
    }

    /// Returns paths for the standard streams of another run, such as `run-2.stdout`.
    pub(super) fn streams(&self) -> [PathBuf; 3] {
        self.context.streams()
    }
}

impl GuestContext<'_> {
    /// Returns the evidence of a failed case, as pairs of a title and a text: the streams of every run, the
    /// requests received.
    pub(super) fn seen(&self) -> Vec<(String, String)> {
        let mut seen = self.context.evidence(GRANTED);
        for request in self.requests().unwrap_or_default() {
            let title = format!("received: {} {}", request.method, request.path);
            seen.push((title, excerpt(&request.body, SHOWN)));
        }
        seen
    }
}
