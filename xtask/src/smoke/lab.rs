//! What a case works with: a folder of its own with a configuration, the guest, the server's log, and the session files.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::{
    bench::Bench,
    guest::{Artifact, Guest},
    host::Presented,
    outcome::{Outcome, excerpt},
    provider::Request,
    runner,
};

/// The variable that the key comes in.
pub(super) const KEY_VARIABLE: &str = "SMOKE_API_KEY";

/// The key. No eight characters in a row of it may ever be seen, and none of them occur by chance.
pub(super) const KEY: &str = "sk-Qx7LmVt2RzW9aYp4KdN8uJc5HbGe3FsT";

/// The name of the provider in the configuration, unless a case is about another.
pub(super) const PROVIDER: &str = "openai";

/// The other provider with a protocol of its own.
pub(super) const ANTHROPIC: &str = "anthropic";

/// A name for each protocol there is.
pub(super) const PROVIDERS: [&str; 2] = [PROVIDER, ANTHROPIC];

/// The name of the folder that the guest knows as `/config`, on this side.
pub(super) const GRANTED: &str = "config";

/// The name of the folder of locks, in that of the sessions.
pub(super) const LOCKS: &str = ".locks";

/// The names in a folder, sorted; none where there is no such folder.
pub(super) fn names(folder: &Path) -> std::io::Result<Vec<String>> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(Vec::new()) };
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names = names.collect::<std::io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

/// One case's place to work.
#[derive(Debug)]
pub(super) struct Lab<'a> {
    pub(super) bench: &'a Bench,
    /// The case's name as it can stand in a path; also the label of its requests in the server's log.
    label: String,
    /// Holds the folder that is granted to the guest, and the streams of every run.
    pub(super) folder: PathBuf,
    runs: AtomicU32,
}

impl<'a> Lab<'a> {
    /// Makes the folder for the case `name`.
    pub(super) fn new(bench: &'a Bench, name: &str) -> Result<Self> {
        Self::labelled(bench, label(name))
    }

    /// A place of its own inside this one, with a configuration and sessions of its own. What is seen of it is seen here too.
    pub(super) fn within(&self, name: &str) -> Result<Self> {
        Self::labelled(self.bench, format!("{}/{}", self.label, label(name)))
    }

    fn labelled(bench: &'a Bench, label: String) -> Result<Self> {
        let folder = bench.folder().join(&label);
        let lab = Self { bench, label, folder, runs: AtomicU32::new(0) };
        let granted = lab.granted();
        fs::create_dir_all(&granted).with_context(|| format!("could not make `{}`", granted.display()))?;
        Ok(lab)
    }

    /// The folder that the guest knows as `/config`.
    pub(super) fn granted(&self) -> PathBuf {
        self.folder.join(GRANTED)
    }

    /// Configures the guest to be answered by `scenario`, without retries, so that cases about something else are quick.
    pub(super) fn configure(&self, scenario: &str) -> Result<()> {
        self.configure_with(scenario, json!({ "retries": 0 }))
    }

    /// Configures the guest to be answered by `scenario`, with `options` of the provider beside what is needed.
    pub(super) fn configure_with(&self, scenario: &str, options: Value) -> Result<()> {
        self.configure_at(&self.bench.provider.api_base(scenario, &self.label), options)
    }

    /// Where chat completions are answered by `scenario`.
    pub(super) fn url(&self, scenario: &str) -> String {
        self.bench.provider.api_base(scenario, &self.label) + "/chat/completions"
    }

    /// Configures the guest to be answered well by a server that presents itself as told, without retries.
    pub(super) fn configure_presented(&self, presented: Presented) -> Result<()> {
        let provider = &self.bench.provider;
        let front = provider.front()?;
        let (trusted, other) = (front.address(Presented::Trusted)?, front.address(presented)?);
        let api_base = provider.api_base("ok", &self.label).replace(&trusted, &other);
        self.configure_at(&api_base, json!({ "retries": 0 }))
    }

    /// Configures the guest to ask at `api_base`, with `options` of the provider.
    pub(super) fn configure_at(&self, api_base: &str, options: Value) -> Result<()> {
        self.write_config(PROVIDER, api_base, options, json!({}))
    }

    /// Configures the guest to be answered by `scenario`, without retries, with `options` of the agent.
    pub(super) fn configure_agent(&self, scenario: &str, options: Value) -> Result<()> {
        self.configure_as(PROVIDER, scenario, json!({}), options)
    }

    /// Configures the guest to be answered by `scenario` as the provider `name` would, without retries unless its options
    /// say otherwise. The model is one that the provider could have.
    pub(super) fn configure_as(
        &self,
        name: &str,
        scenario: &str,
        provider: Value,
        agent: Value,
    ) -> Result<()> {
        let api_base = self.bench.provider.api_base(scenario, &self.label);
        let model = if name == ANTHROPIC { "claude-sonnet-4-5" } else { "gpt-4o-mini" };
        let provider = with(json!({ "retries": 0 }), provider);
        self.write_config(name, &api_base, provider, with(json!({ "model": model }), agent))
    }

    fn write_config(&self, name: &str, api_base: &str, provider: Value, agent: Value) -> Result<()> {
        let provider = with(json!({ "api_base": api_base, "api_key_env": KEY_VARIABLE }), provider);
        let agents = with(json!({ "model": "gpt-4o-mini" }), agent);
        let config = json!({ "agents": agents, "providers": { "providers": { name: provider } } });
        self.write("config.json", format!("{config:#}").as_bytes())
    }

    /// Puts a file into the granted folder; `path` is relative to it.
    pub(super) fn write(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let path = self.granted().join(path);
        let write = || {
            fs::create_dir_all(path.parent().unwrap_or(Path::new("")))?;
            fs::write(&path, bytes)
        };
        write().with_context(|| format!("could not write `{}`", path.display()))
    }

    /// The component, with everything granted that it may want. What is not wanted is taken away again.
    pub(super) fn component(&self) -> Guest<'_> {
        Guest::new(self, Artifact::Component)
    }

    /// The component compiled ahead of time, likewise.
    pub(super) fn compiled(&self) -> Guest<'_> {
        Guest::new(self, Artifact::Compiled)
    }

    /// The wasip1 module, likewise.
    pub(super) fn wasip1(&self) -> Guest<'_> {
        Guest::new(self, Artifact::Wasip1)
    }

    /// Gives the component `message` on its standard input.
    pub(super) fn say(&self, message: &str) -> Result<Outcome> {
        self.component().say(message)
    }

    /// What the server received from this case.
    pub(super) fn requests(&self) -> Result<Vec<Request>> {
        self.bench.provider.requests(&self.label)
    }

    /// What the server received from this case; an error where that is not `count` requests.
    pub(super) fn received(&self, count: usize) -> Result<Vec<Request>> {
        let requests = self.requests()?;
        ensure!(requests.len() == count, "the server received {} requests, expected {count}", requests.len());
        Ok(requests)
    }

    /// The one request that the server received from this case.
    pub(super) fn request(&self) -> Result<Request> {
        Ok(self.received(1)?.remove(0))
    }

    /// Nothing reached the server.
    pub(super) fn sent_nothing(&self) -> Result<()> {
        self.received(0).map(drop)
    }

    /// The file of the session `id` holds these pairs of role and content.
    pub(super) fn stored(&self, id: &str, turns: &[(&str, &str)]) -> Result<()> {
        let found = self.session(id)?;
        ensure!(same(&found, turns), "the session file of `{id}` holds {found:?}");
        Ok(())
    }

    /// There is no session file: a turn without an answer leaves none.
    pub(super) fn stored_nothing(&self) -> Result<()> {
        let files = self.session_files()?;
        ensure!(files.is_empty(), "there are session files: {files:?}");
        Ok(())
    }

    /// The file of the session `id` ends with an answer that is marked as incomplete, or with one that is not.
    pub(super) fn stored_incomplete(&self, id: &str, incomplete: bool) -> Result<()> {
        let session = self.session_json(id)?;
        let last = session["messages"].as_array().and_then(|messages| messages.last());
        let last = last.context("the session file holds no messages")?;
        let found = last.get("incomplete").is_some_and(|mark| *mark == true);
        ensure!(found == incomplete, "the last message of the session file is {last}");
        Ok(())
    }

    /// The pairs of role and content in the file of the session `id`.
    pub(super) fn session(&self, id: &str) -> Result<Vec<(String, String)>> {
        messages(&self.session_json(id)?).context("the session file holds no messages")
    }

    fn session_json(&self, id: &str) -> Result<Value> {
        let path = self.session_path(id);
        let bytes =
            fs::read(&path).with_context(|| format!("could not read the session file `{id}.json`"))?;
        serde_json::from_slice(&bytes).context("the session file is not JSON")
    }

    /// The file of the session `id`.
    pub(super) fn session_path(&self, id: &str) -> PathBuf {
        self.granted().join(format!("sessions/{id}.json"))
    }

    /// Makes the folder of sessions a link to nowhere: there is nothing to read, and nowhere to write, for root neither,
    /// whom a file's mode would not stop.
    pub(super) fn make_sessions_unwritable(&self) -> Result<()> {
        #[cfg(unix)]
        std::os::unix::fs::symlink("nowhere/at/all", self.granted().join("sessions"))
            .context("could not make a link")?;
        Ok(())
    }

    /// The files in the folder of sessions by name, without the folder of locks; none where there is no such folder.
    pub(super) fn session_files(&self) -> Result<Vec<String>> {
        let mut names =
            names(&self.granted().join("sessions")).context("could not list the session files")?;
        names.retain(|name| name != LOCKS);
        Ok(names)
    }

    /// The folder of the sessions' locks.
    pub(super) fn locks_path(&self) -> PathBuf {
        self.granted().join("sessions").join(LOCKS)
    }

    /// The locks that guests hold, or have left, by name.
    pub(super) fn locks(&self) -> Result<Vec<String>> {
        names(&self.locks_path()).context("could not list the locks")
    }

    /// Files for the standard streams of another run, such as `run-2.stdout`.
    pub(super) fn streams(&self) -> [PathBuf; 3] {
        let run = self.runs.fetch_add(1, Ordering::Relaxed) + 1;
        ["stdin", "stdout", "stderr"].map(|name| self.folder.join(format!("run-{run}.{name}")))
    }
}

impl Lab<'_> {
    /// What there is to see where the case failed, as pairs of a title and a text: the streams of every run, the requests
    /// received. What cannot be read is not worth a second error.
    pub(super) fn seen(&self) -> Vec<(String, String)> {
        let mut seen = runner::files_in(&self.folder, GRANTED).unwrap_or_default();
        for request in self.requests().unwrap_or_default() {
            let title = format!("received: {} {}", request.method, request.path);
            seen.push((title, excerpt(&request.body, runner::SHOWN)));
        }
        seen
    }
}

/// The pairs of role and content in `messages` of a request or a session.
pub(super) fn messages(value: &Value) -> Option<Vec<(String, String)>> {
    let text = |message: &Value, key: &str| message.get(key)?.as_str().map(str::to_owned);
    let pair = |message: &Value| Some((text(message, "role")?, text(message, "content")?));
    value.get("messages")?.as_array()?.iter().map(pair).collect()
}

/// Whether `found` is `expected`.
pub(super) fn same(found: &[(String, String)], expected: &[(&str, &str)]) -> bool {
    found.iter().map(|(role, content)| (role.as_str(), content.as_str())).eq(expected.iter().copied())
}

/// The object `base` with the members of the object `more`, which win.
pub(super) fn with(mut base: Value, more: Value) -> Value {
    if let (Value::Object(base), Value::Object(more)) = (&mut base, more) {
        base.extend(more);
    }
    base
}

/// `name` in lower case with a dash for everything but letters and digits.
pub(super) fn label(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_can_stand_in_a_path() {
        assert_eq!(label("a 300 KB message, byte for byte"), "a-300-kb-message-byte-for-byte");
        assert_eq!(label("`garbage`?"), "garbage");
    }

    #[test]
    fn messages_are_pairs_or_nothing() {
        let pairs = messages(&json!({ "messages": [{ "role": "user", "content": "hi", "more": 1 }] }));
        assert_eq!(pairs, Some(vec![("user".to_owned(), "hi".to_owned())]));
        assert_eq!(messages(&json!({ "messages": [{ "role": "user" }] })), None);
        assert_eq!(messages(&json!([])), None);
    }
}
