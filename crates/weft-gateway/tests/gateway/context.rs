//! A gateway with its own home directory, in front of a server whose answers the test chooses.

use std::{
    env, fs,
    io::{BufRead as _, BufReader, Read},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

use mock_provider::{Received, RequestLog, Server};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    client::{Request, Response},
    upstream::{GivenProvider, HeldProvider},
};

/// The provider's key, which only the provider may see.
pub(crate) const KEY: &str = "sk-lab-4f9Jq2LrT7xWvB1c";

/// The longest time that a test waits.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// The longest time for the process to end after two signals.
const ENDING: Duration = Duration::from_secs(10);

/// The variable that names the file for the counts of rustc's instrumentation.
const PROFILE: &str = "LLVM_PROFILE_FILE";

/// The options of a gateway.
pub(crate) struct GatewayOptions {
    scenario: String,
    /// The address of another provider than the one that plays scenarios.
    base: Option<String>,
    provider: Value,
    /// Further providers.
    others: Vec<(&'static str, Value)>,
    listen: &'static str,
    gateway: Value,
    tools: Value,
    timeout: u32,
    disk_full: bool,
    log_blocked: bool,
    variables: Vec<(&'static str, String)>,
}

/// A running gateway.
pub(crate) struct TestContext {
    child: Child,
    pub(crate) address: SocketAddr,
    home: TempDir,
    log: Log,
}

impl GatewayOptions {
    /// Puts it in front of a server that answers as `scenario` says.
    pub(crate) fn new(scenario: &str) -> GatewayOptions {
        GatewayOptions {
            scenario: scenario.to_owned(),
            base: None,
            provider: json!({}),
            others: Vec::new(),
            listen: "127.0.0.1:0",
            gateway: json!({}),
            tools: Value::Null,
            timeout: 10,
            disk_full: false,
            log_blocked: false,
            variables: Vec::new(),
        }
    }

    /// Puts it in front of a server that answers when it is told to.
    pub(crate) fn held(held: &HeldProvider) -> GatewayOptions {
        GatewayOptions {
            base: Some(held.base().to_owned()),
            ..GatewayOptions::new("ok")
        }
    }

    /// Puts it in front of a server that sends given bytes.
    pub(crate) fn given(given: &GivenProvider) -> GatewayOptions {
        GatewayOptions {
            base: Some(given.base().to_owned()),
            ..GatewayOptions::new("ok")
        }
    }

    /// Adds another provider.
    pub(crate) fn other(mut self, name: &'static str, given: &GivenProvider) -> GatewayOptions {
        self.others.push((name, json!({ "api_base": given.base() })));
        self
    }

    /// Adds another provider, which speaks Anthropic's dialect.
    pub(crate) fn anthropic(mut self, name: &'static str, given: &GivenProvider) -> GatewayOptions {
        let settings = json!({ "api_base": given.base(), "kind": "anthropic" });
        self.others.push((name, settings));
        self
    }

    /// Sets members of the provider.
    pub(crate) fn provider(self, provider: Value) -> GatewayOptions {
        GatewayOptions { provider, ..self }
    }

    pub(crate) fn listen(self, listen: &'static str) -> GatewayOptions {
        GatewayOptions { listen, ..self }
    }

    /// Sets the configuration's `gateway`.
    pub(crate) fn gateway(self, gateway: Value) -> GatewayOptions {
        GatewayOptions { gateway, ..self }
    }

    /// Sets the configuration's `tools`.
    pub(crate) fn tools(self, tools: Value) -> GatewayOptions {
        GatewayOptions { tools, ..self }
    }

    /// Sets the provider's `timeout_secs`.
    pub(crate) fn timeout(self, timeout: u32) -> GatewayOptions {
        GatewayOptions { timeout, ..self }
    }

    /// Allows no byte in any file.
    pub(crate) fn disk_full(self) -> GatewayOptions {
        GatewayOptions {
            disk_full: true,
            ..self
        }
    }

    /// Stops reading its log once it listens, until [`TestContext::unblock_log`].
    pub(crate) fn log_blocked(self) -> GatewayOptions {
        GatewayOptions {
            log_blocked: true,
            ..self
        }
    }

    /// Sets a variable in its environment.
    pub(crate) fn variable(mut self, name: &'static str, value: &str) -> GatewayOptions {
        self.variables.push((name, value.to_owned()));
        self
    }

    /// Starts it, and waits until it listens.
    pub(crate) fn start(self) -> TestContext {
        let home = tempfile::tempdir().expect("a directory");
        let requests = RequestLog::append_to(&home.path().join("requests")).expect("a log");
        let server = Server::bind(0, requests).expect("a port");
        let played = format!("http://{}/{}/v1", server.address(), self.scenario);
        thread::spawn(move || server.run());
        let mut provider = json!({
            "api_base": self.base.as_ref().unwrap_or(&played), "api_key_env": "TEST_KEY", "retries": 0,
            "timeout_secs": self.timeout,
        });
        for (key, value) in self.provider.as_object().expect("members") {
            provider[key] = value.clone();
        }
        let mut providers = json!({ "openai": provider });
        for (name, settings) in &self.others {
            providers[name] = settings.clone();
            providers[name]["retries"] = json!(0);
            providers[name]["timeout_secs"] = json!(self.timeout);
        }
        let config = json!({
            "agents": { "model": "test-model", "provider": "openai" },
            "providers": { "providers": providers },
            "gateway": self.gateway,
            "tools": self.tools,
        });
        fs::write(home.path().join("config.json"), config.to_string()).expect("a config");
        let mut child = self.program(&home);
        let log = Log::of(child.stderr.take().expect("a pipe"), self.log_blocked);
        let listening: Value =
            serde_json::from_str(&log.wait_for("\"event\":\"listening\"")).expect("a line of JSON");
        let address: SocketAddr = listening["address"]
            .as_str()
            .and_then(|text| text.parse().ok())
            .expect("an address");
        // A gateway that listens on all addresses is used on loopback.
        let address = SocketAddr::from(([127, 0, 0, 1], address.port()));
        TestContext {
            child,
            address,
            home,
            log,
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the tests run only the program of this package"
    )]
    fn program(&self, home: &TempDir) -> Child {
        let program = env!("CARGO_BIN_EXE_gateway-under-test");
        let mut command = if self.disk_full {
            // The gateway itself ignores the signal that comes with the limit.
            let mut shell = Command::new("/bin/sh");
            shell.args(["-c", "ulimit -f 0; exec \"$@\"", "sh", program]);
            shell
        } else {
            Command::new(program)
        };
        command.env_clear().env("CLAWFT_LISTEN", self.listen);
        command.env("CLAWFT_HOME", home.path()).env("TEST_KEY", KEY);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        // During a coverage measurement, the process stores its counts in that file. On a full disk they have
        // no room, and errors about them would appear in the log.
        let counts = env::var_os(PROFILE).map(|file| if self.disk_full { "/dev/null".into() } else { file });
        command.envs(counts.map(|file| (PROFILE, file)));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        command.spawn().expect("the program starts")
    }
}

impl TestContext {
    /// Starts a gateway with default options.
    pub(crate) fn new(scenario: &str) -> TestContext {
        GatewayOptions::new(scenario).start()
    }

    pub(crate) fn send(&self, request: Request) -> Response {
        request.send(self.address)
    }

    /// Sends `text` as the only message.
    pub(crate) fn say(&self, text: &str, stream: bool) -> Response {
        self.send(Request::chat(&message(text, stream)))
    }

    /// Sends `text` in a session.
    pub(crate) fn say_in(&self, session: &str, text: &str, stream: bool) -> Response {
        self.send(Request::chat(&message(text, stream)).header("x-clawft-session", session))
    }

    /// Returns the path of a file in the gateway's home.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Returns the stored session, once `enough` returns true for it.
    pub(crate) fn session(&self, id: &str, enough: impl Fn(&Value) -> bool) -> Value {
        let path = self.file(&format!("sessions/{id}.json"));
        let deadline = Instant::now() + MAX_WAIT;
        loop {
            let found = fs::read(&path)
                .ok()
                .and_then(|bytes| serde_json::from_slice(&bytes).ok());
            match found {
                Some(session) if enough(&session) => return session,
                found => assert!(Instant::now() < deadline, "{found:?}"),
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Returns the requests that the server behind the gateway has received.
    pub(crate) fn received(&self) -> Vec<Received> {
        let log = fs::read_to_string(self.file("requests")).expect("a log");
        log.lines()
            .map(|line| serde_json::from_str(line).expect("a line of JSON"))
            .collect()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id())
            .ok()
            .and_then(Pid::from_raw)
            .expect("a process");
        kill_process(id, signal).expect("a signal is sent");
    }

    /// Waits for a line of the log that contains `text`.
    pub(crate) fn logged(&self, text: &str) -> String {
        self.log.wait_for(text)
    }

    /// Continues to read the log.
    pub(crate) fn unblock_log(&self) {
        self.log.unblock();
    }

    /// Returns the log so far.
    pub(crate) fn log(&self) -> String {
        self.log.text()
    }

    /// Waits for the end of the process. Returns its status, the time that it took, and the log.
    pub(crate) fn end(mut self) -> (ExitStatus, Duration, String) {
        let (status, took) = self.ended();
        (status, took, self.log.whole())
    }

    /// Waits for the end of the process, and leaves the log unchanged.
    pub(crate) fn ended(&mut self) -> (ExitStatus, Duration) {
        let began = Instant::now();
        let status = self.ended_within(MAX_WAIT);
        let status = status.unwrap_or_else(|| panic!("the gateway does not end: {}", self.log.text()));
        (status, began.elapsed())
    }

    fn ended_within(&mut self, time: Duration) -> Option<ExitStatus> {
        let began = Instant::now();
        loop {
            match self.child.try_wait().expect("a status") {
                None if began.elapsed() < time => thread::sleep(Duration::from_millis(2)),
                status => return status,
            }
        }
    }

    /// Ends the process, if it still runs, with two signals. A killed process would not store its counts.
    fn stop(&mut self) {
        if self.ended_within(Duration::ZERO).is_some() {
            return;
        }
        self.signal(Signal::TERM);
        self.signal(Signal::INT);
        if self.ended_within(ENDING).is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Ends the process and searches its log for secrets, in every test.
impl Drop for TestContext {
    fn drop(&mut self) {
        self.stop();
        if thread::panicking() {
            eprintln!("{}", self.log.text());
            return;
        }
        let log = self.log.text();
        let token = fs::read_to_string(self.file("gateway-token")).unwrap_or_default();
        for line in log.lines() {
            assert!(serde_json::from_str::<Value>(line).is_ok(), "not JSON: {line}");
            assert!(!line.contains(KEY) && !line.contains("whisper"), "{line}");
            assert!(token.is_empty() || !line.contains(token.trim()), "{line}");
        }
    }
}

/// Returns the body of a request that says `text` to the agent. Every message contains `whisper`, which no log may
/// contain.
pub(crate) fn message(text: &str, stream: bool) -> Value {
    json!({ "model": "clawft", "messages": [{ "role": "user", "content": format!("whisper {text}") }], "stream": stream })
}

/// The output of a process on standard error.
#[derive(Clone, Default)]
struct Log(Arc<(Mutex<Written>, Condvar)>);

#[derive(Default)]
struct Written {
    text: String,
    /// Whether reading stops after the line about listening.
    blocked: bool,
    /// Whether there is nothing more to read.
    ended: bool,
}

impl Log {
    fn of(pipe: impl Read + Send + 'static, blocked: bool) -> Log {
        let log = Log::default();
        log.0.0.lock().expect("the log").blocked = blocked;
        let writer = log.clone();
        thread::spawn(move || {
            for line in BufReader::with_capacity(1024, pipe).lines().map_while(Result::ok) {
                let (written, change) = &*writer.0;
                let mut written = written.lock().expect("the log");
                written.text.push_str(&(line + "\n"));
                change.notify_all();
                let listens = written.text.contains("\"event\":\"listening\"");
                drop(change.wait_while(written, |written| listens && written.blocked));
            }
            writer.0.0.lock().expect("the log").ended = true;
            writer.0.1.notify_all();
        });
        log
    }

    fn unblock(&self) {
        self.0.0.lock().expect("the log").blocked = false;
        self.0.1.notify_all();
    }

    fn text(&self) -> String {
        self.0.0.lock().expect("the log").text.clone()
    }

    /// Returns the log of a process that has ended. Its last lines may still be in the pipe.
    fn whole(&self) -> String {
        let (written, change) = &*self.0;
        let written = written.lock().expect("the log");
        let comes = |written: &mut Written| !written.ended && !written.blocked;
        let waited = change.wait_timeout_while(written, MAX_WAIT, comes);
        waited.expect("the log").0.text.clone()
    }

    fn wait_for(&self, wanted: &str) -> String {
        let (written, change) = &*self.0;
        let found = |text: &String| text.lines().find(|line| line.contains(wanted)).map(str::to_owned);
        let written = written.lock().expect("the log");
        let waited = change.wait_timeout_while(written, MAX_WAIT, |written| found(&written.text).is_none());
        let (written, _) = waited.expect("the log");
        found(&written.text).unwrap_or_else(|| panic!("no line with `{wanted}`:\n{}", written.text))
    }
}
