//! The context of a case: its directory, a release page, and the programs.

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result};
use builds::release_page::ReleasePage;
use serde_json::{Value, json};
use testkit::{KEY, KEY_VARIABLE, Outcome, TestContext, names};
use xshell::{Cmd, Shell, cmd};

use super::fixture::{Fixture, VERSION, on_drive};

/// The time limit of a program.
const LIMIT: Duration = Duration::from_secs(120);

/// The directory of files that are no evidence of a failure: releases, and systems.
pub(super) const UNSEEN: &str = "unseen";

/// The directories of programs that every system has.
pub(super) const PROGRAMS: &str = "/usr/bin:/bin";

/// The context of one case.
#[derive(Debug)]
pub(super) struct InstallContext<'a> {
    fixture: &'a Fixture,
    context: TestContext<'a>,
}

impl<'a> InstallContext<'a> {
    /// Makes the context of the case `name`.
    pub(super) fn new(fixture: &'a Fixture, name: &str) -> Result<Self> {
        let context = TestContext::new(&fixture.provider, fixture.directory(), name)?;
        fs::create_dir_all(context.path("home")).context("could not make a home directory")?;
        Ok(Self { fixture, context })
    }

    /// Returns the user's home directory, which is also that of weft.
    pub(super) fn home(&self) -> PathBuf {
        self.context.path("home")
    }

    /// Returns a path in the directory of the case.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.context.path(name)
    }

    /// Returns the directory of the checkout.
    pub(super) fn root(&self) -> &Path {
        &self.fixture.root
    }

    /// Returns a new shell.
    pub(super) fn shell(&self) -> Result<Shell> {
        self.fixture.shell()
    }

    /// Returns the directory of the release.
    pub(super) fn release(&self) -> Result<&Path> {
        self.fixture.release()
    }

    /// Serves the release.
    pub(super) fn page(&self) -> Result<ReleasePage> {
        ReleasePage::serve(self.release()?, VERSION)
    }

    /// Copies the release to a directory of this case, changes it, and serves it.
    pub(super) fn changed_page(&self, change: impl FnOnce(&Path) -> Result<()>) -> Result<ReleasePage> {
        let copy = self.path(UNSEEN).join("release");
        fs::create_dir_all(&copy)?;
        for name in names(self.release()?)? {
            fs::copy(self.release()?.join(&name), copy.join(&name))?;
        }
        change(&copy)?;
        ReleasePage::serve(&copy, VERSION)
    }

    /// Serves the release, but closes the connection after the first `most` bytes of a file.
    pub(super) fn interrupted_page(&self, most: usize) -> Result<ReleasePage> {
        ReleasePage::serve_part(self.release()?, VERSION, most)
    }

    /// Runs `install.sh` of the release for the release pages at `url`, with further `variables`.
    pub(super) fn install(&self, url: &str, variables: &[(&str, &str)]) -> Result<Outcome> {
        self.install_by(&["sh"], url, variables)
    }

    /// Installs with the shell in `words`. No other variables are set than those of a new user.
    pub(super) fn install_by(
        &self,
        words: &[&str],
        url: &str,
        variables: &[(&str, &str)],
    ) -> Result<Outcome> {
        let shell = self.shell()?;
        let script = self.release()?.join("install.sh");
        let (program, rest) = words.split_first().context("there is no shell")?;
        let mut command = cmd!(shell, "{program} {rest...} {script}")
            .env_clear()
            .env("PATH", PROGRAMS)
            .env("HOME", self.home())
            .env("WEFT_RELEASES", url);
        for (name, value) in variables {
            command = command.env(name, value);
        }
        self.run(command, "")
    }

    /// Returns a command that runs cargo-binstall with `words` and the variables of a new user. Nothing leaves this
    /// machine: the page at `url` is the proxy for all other hosts, and `cargo` replaces the one that would compile.
    pub(super) fn binstall<'s>(
        &self,
        shell: &'s Shell,
        words: &[&str],
        url: &str,
        cargo: &Path,
    ) -> Result<Cmd<'s>> {
        let program = self.fixture.binstall()?;
        // The page has no TLS.
        let options = ["--no-confirm", "--allow-insecure-http"];
        Ok(cmd!(shell, "{program} {options...} {words...}")
            .env_clear()
            .env("PATH", PROGRAMS)
            .env("HOME", self.home())
            .env("CARGO", cargo)
            .env("HTTPS_PROXY", url)
            .env("BINSTALL_DISABLE_TELEMETRY", "true"))
    }

    /// Runs `script` with `variables` in an empty system that has `files`, by their paths, and what rustup installed.
    /// `options` are variables of `enter.sh`.
    pub(super) fn run_in_empty_root(
        &self,
        files: &[(&str, &[u8])],
        variables: &[String],
        options: &[(&str, &str)],
        script: &str,
        limit: Duration,
    ) -> Result<Outcome> {
        let shell = self.shell()?;
        let mut words: Vec<&str> = variables.iter().map(String::as_str).collect();
        words.extend(["sh", "-c", script]);
        let copy = self.path(UNSEEN).join("empty");
        let command = self.fixture.empty_root(&shell, &copy, files, &words)?;
        let command = command.envs(options.iter().copied());
        self.context.run(command, b"", limit)
    }

    /// Runs `command` with `input` on its standard input.
    pub(super) fn run(&self, command: Cmd<'_>, input: &str) -> Result<Outcome> {
        self.context.run(command, input.as_bytes(), LIMIT)
    }

    /// Returns a configuration for answers of `scenario`.
    pub(super) fn config(&self, scenario: &str) -> Value {
        json!({
            "agents": { "model": "gpt-4o-mini" },
            "providers": { "providers": { "openai": {
                "api_base": self.context.api_base(scenario), "api_key_env": KEY_VARIABLE, "retries": 0,
            } } },
        })
    }

    /// Writes weft's configuration.
    pub(super) fn configure(&self, text: &str) -> Result<()> {
        fs::write(self.home().join("config.json"), text).context("could not write the configuration")
    }

    /// Runs `weft.exe` in wine with `arguments`, and `input` on its standard input.
    pub(super) fn weft_exe(&self, arguments: &[&str], input: &str) -> Result<Outcome> {
        let shell = self.shell()?;
        let command = self
            .fixture
            .weft_exe(&shell)?
            .args(arguments)
            .env("CLAWFT_HOME", on_drive(&self.home()))
            .env(KEY_VARIABLE, KEY)
            .env("NO_PROXY", "127.0.0.1");
        let outcome = self.run(command, input)?;
        // The processes of Windows itself, which wine starts beside the program, write to the same stream.
        let lines = outcome.stderr.split_inclusive('\n');
        let stderr = lines.filter(|line| !line.starts_with("wine: ")).collect();
        Ok(Outcome { stderr, ..outcome })
    }

    /// Copies an example, so that the case may change it.
    pub(super) fn example(&self, name: &str) -> Result<PathBuf> {
        let from = self.fixture.root.join("examples").join(name);
        let copy = self.path(name);
        fs::create_dir_all(&copy)?;
        for file in names(&from)? {
            fs::copy(from.join(&file), copy.join(&file))
                .with_context(|| format!("could not copy `{file}`"))?;
        }
        Ok(copy)
    }

    /// Returns the address under which this case's requests are answered by `scenario`.
    pub(super) fn api_base(&self, scenario: &str) -> String {
        self.context.api_base(scenario)
    }

    /// Adds `weft`, its home and its keys to the environment of `command`.
    pub(super) fn with_weft<'s>(&self, command: Cmd<'s>) -> Result<Cmd<'s>> {
        let programs = self.fixture.programs()?.to_owned();
        let others = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths([programs].into_iter().chain(env::split_paths(&others)))?;
        Ok(command
            .env("PATH", path)
            .env("CLAWFT_HOME", self.home())
            .env("OPENAI_API_KEY", KEY)
            .env("ANTHROPIC_API_KEY", KEY)
            .env_remove("CLAWFT_TOKEN")
            .env("NO_PROXY", "127.0.0.1"))
    }

    /// Returns the messages that the provider received last.
    pub(super) fn last_messages(&self) -> Result<Value> {
        Ok(self.last_request()?["messages"].clone())
    }

    /// Returns the body of the provider's last request.
    pub(super) fn last_request(&self) -> Result<Value> {
        let requests = self.context.requests()?;
        let last = requests.last().context("the provider received nothing")?;
        serde_json::from_str(&last.body).context("the request is not JSON")
    }

    /// Returns the names of the stored sessions' files.
    pub(super) fn session_files(&self) -> Result<Vec<String>> {
        let mut files = names(&self.home().join("sessions"))?;
        files.retain(|name| !name.starts_with('.'));
        Ok(files)
    }

    /// Returns the evidence of a case that failed: its files.
    pub(super) fn seen(&self) -> Vec<(String, String)> {
        self.context.evidence(UNSEEN)
    }
}
