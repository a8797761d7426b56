//! A home directory with a configuration, `weft` run with it, and the server that all tests share.

use std::{
    fs,
    io::Write as _,
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

use clawft_types::Session;
use mock_provider::{RequestLog, Server};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The API key, which no output may hold.
pub(crate) const KEY: &str = "sk-secret-1234567890";

/// The longest time that a test waits for an event.
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(30);

pub(crate) struct Home {
    pub(crate) directory: TempDir,
}

/// The result of a run.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Home {
    /// Returns a home whose provider answers as `scenario` says, with a timeout of 2 seconds and one retry.
    pub(crate) fn new(scenario: &str) -> Self {
        let directory = TempDir::new().unwrap();
        let label = label(&directory);
        let base = format!("http://{}/{scenario}/{label}/v1", server().0);
        Self::at(directory, &base)
    }

    /// Returns a home whose provider is at `base`.
    pub(crate) fn with_base(base: &str) -> Self {
        Self::at(TempDir::new().unwrap(), base)
    }

    fn at(directory: TempDir, base: &str) -> Self {
        let home = Self { directory };
        let provider = json!({ "api_base": base, "api_key_env": "TEST_KEY", "timeout_secs": 2, "idle_timeout_secs": 2, "retries": 1 });
        home.configure(&json!({
            "agents": { "model": "a-model" },
            "providers": { "providers": { "openai": provider } },
        }));
        home
    }

    pub(crate) fn configure(&self, config: &Value) {
        fs::write(self.path("config.json"), config.to_string()).unwrap();
    }

    /// Returns the configuration.
    pub(crate) fn config(&self) -> Value {
        serde_json::from_slice(&fs::read(self.path("config.json")).unwrap()).unwrap()
    }

    /// Changes the configuration.
    pub(crate) fn edit(&self, change: impl FnOnce(&mut Value)) {
        let mut config = self.config();
        change(&mut config);
        self.configure(&config);
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Returns a call of `weft`. Chats use the session `default`, unless the arguments choose another one.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let chooses = |argument: &&str| matches!(*argument, "--session" | "-s" | "--continue" | "-c");
        let mut command = self.plain_command(arguments);
        if matches!(arguments.first(), Some(&"chat" | &"agent")) && !arguments.iter().any(chooses) {
            command.args(["--session", "default"]);
        }
        command
    }

    /// Returns a call of `weft` with these arguments only.
    #[expect(
        clippy::disallowed_methods,
        reason = "the tests run only the program of this package"
    )]
    pub(crate) fn plain_command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
        for variable in [
            "CLAWFT_LISTEN",
            "CLAWFT_TOKEN",
            "SSL_CERT_FILE",
            "NO_COLOR",
            "http_proxy",
            "HTTP_PROXY",
            "https_proxy",
            "HTTPS_PROXY",
            "all_proxy",
            "ALL_PROXY",
            "no_proxy",
            "NO_PROXY",
            "OPENAI_API_KEY",
            "OPENAI_BASE_URL",
            "ANTHROPIC_API_KEY",
            "CLAWFT_MODEL",
        ] {
            command.env_remove(variable);
        }
        command
            .args(arguments)
            .env("CLAWFT_HOME", self.directory.path())
            .env("TEST_KEY", KEY)
            .env("TERM", "xterm");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    #[expect(clippy::disallowed_methods, reason = "as above")]
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().expect("weft starts")
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, "")
    }

    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Run {
        Run::of(self.command(arguments), input)
    }

    /// Returns a stored session.
    pub(crate) fn session(&self, id: &str) -> Session {
        Session::parse(&fs::read(self.path(&format!("sessions/{id}.json"))).unwrap()).unwrap()
    }

    /// Returns the last request of this home, as the server has logged it.
    pub(crate) fn last_request(&self) -> Value {
        let log = fs::read_to_string(&server().1).unwrap();
        let line = log.lines().rfind(|line| line.contains(label(&self.directory)));
        serde_json::from_str(line.expect("a request")).unwrap()
    }

    /// Waits until the server has received this home's request.
    pub(crate) fn wait_for_request(&self) {
        let label = label(&self.directory);
        eventually(|| fs::read_to_string(&server().1).unwrap().contains(label));
    }
}

impl Run {
    /// Runs a call with this standard input.
    #[expect(clippy::disallowed_methods, reason = "as above")]
    pub(crate) fn of(mut command: Command, input: &str) -> Self {
        let mut child = command.stdin(Stdio::piped()).spawn().expect("weft starts");
        // A process that fails at once does not read its input.
        let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
        Self::from(child.wait_with_output().expect("weft ends"))
    }

    pub(crate) fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        let run = Self {
            code: output.status.code().expect("an exit code"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        };
        for said in [&run.stdout, &run.stderr] {
            assert!(!said.contains(&KEY[3..11]), "the key is in: {said}");
        }
        run
    }

    /// Returns the output of a run that succeeded and wrote nothing to standard error.
    pub(crate) fn result(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (0, ""), "{}", self.stdout);
        self.stdout
    }

    /// Returns the error output of a run that ended with `code` and printed nothing else.
    pub(crate) fn failure(self, code: i32) -> String {
        assert_eq!((self.code, self.stdout.as_str()), (code, ""), "{}", self.stderr);
        self.stderr
    }
}

/// Returns the name of the directory, by which the server's log tells the homes apart.
fn label(directory: &TempDir) -> &str {
    let name = directory.path().file_name().unwrap().to_str().unwrap();
    name.trim_start_matches('.')
}

/// Returns the address of the server of all tests, and the file of its requests.
fn server() -> &'static (SocketAddr, PathBuf) {
    static SERVER: OnceLock<(SocketAddr, PathBuf)> = OnceLock::new();
    SERVER.get_or_init(|| {
        let log = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("requests-{}", std::process::id()));
        let server = Server::bind(0, RequestLog::append_to(&log).unwrap()).unwrap();
        let address = server.address();
        thread::spawn(move || server.run());
        (address, log)
    })
}

/// Waits until `happened` returns true.
pub(crate) fn eventually(happened: impl Fn() -> bool) {
    let begun = Instant::now();
    while !happened() {
        assert!(begun.elapsed() < MAX_WAIT, "it did not happen");
        thread::sleep(Duration::from_millis(10));
    }
}
