//! A server that is a program: each message is a line on its standard input or output.

mod lines;

use alloc::{
    borrow::ToOwned as _,
    format,
    string::{String, ToString as _},
    vec::Vec,
};
use core::{mem, time::Duration};

use clawft_types::{
    Secret, ToolCall,
    config::mcp::{McpServer, McpTransport},
    json::{self, Node},
};

use crate::{
    catalog::Catalog,
    client::{Client, Era, Next, Outcome, Phase},
    error::{McpError, late},
    limits::{MAX_RESPONSE, MAX_TOKEN},
    message::Incoming,
    secrets::{Secrets, resolve},
};
use lines::Lines;

/// The part of an operation's time that a program gets to show that it speaks the newest revision. Programs that
/// do not know the question may not answer at all.
const PROBE_PART: u32 = 3;

/// The next action of the platform. First of all it writes `write`.
#[derive(Debug)]
pub struct StdioStep {
    /// Whole lines for the program's standard input; nothing if it is empty.
    pub write: Vec<u8>,
    /// The action after that.
    pub then: StdioThen,
}

/// The next action after writing.
#[derive(Debug)]
pub enum StdioThen {
    /// End the program if it runs. Start it, and feed [`StdioEvent::Started`].
    Start,
    /// Read on and feed the next event, [`StdioEvent::TimedOut`] after this time.
    Read(Duration),
    /// The operation is over. The program runs on.
    Done(Outcome),
    /// There is no operation.
    Rest,
}

/// Events that the platform reports.
#[derive(Debug, Clone, Copy)]
pub enum StdioEvent<'a> {
    /// The program was started.
    Started,
    /// The next bytes of its standard output, split anywhere.
    Output(&'a [u8]),
    /// The program has ended or cannot be started, for this reason: a sentence fragment.
    Ended(&'a str),
    /// The time to wait is over.
    TimedOut,
}

/// A server that is a program.
#[derive(Debug)]
pub struct StdioServer {
    client: Client,
    command: String,
    args: Vec<String>,
    env: Vec<(String, Secret)>,
    timeout: Duration,
    /// Whether the program runs.
    running: bool,
    lines: Lines,
    /// The number of further bytes that are accepted in this operation.
    room: usize,
    /// Lines to write.
    write: Vec<u8>,
}

impl StdioServer {
    /// Returns the client of a program. `env` reads an environment variable. Fails if one is not set, or if the
    /// server is no program.
    pub fn new(config: &McpServer, env: &dyn Fn(&str) -> Option<String>) -> Result<StdioServer, McpError> {
        let name = &config.name;
        let McpTransport::Stdio {
            command,
            args,
            env: variables,
        } = &config.transport
        else {
            return Err(McpError::new(name, "it is no program".to_owned()));
        };
        let env = resolve(name, variables, env)?;
        let secrets = Secrets::new(&env, "");
        Ok(StdioServer {
            client: Client::new(name, config.tools.clone(), secrets, false),
            command: command.clone(),
            args: args.clone(),
            env,
            timeout: config.timeout,
            running: false,
            lines: Lines::default(),
            room: 0,
            write: Vec::new(),
        })
    }

    /// Returns the program to start.
    pub fn command(&self) -> &str {
        &self.command
    }

    /// Returns the program's arguments.
    pub fn args(&self) -> &[String] {
        &self.args
    }

    /// Returns the configured variables of the program's environment.
    pub fn env(&self) -> &[(String, Secret)] {
        &self.env
    }

    /// Returns the server's name.
    pub fn name(&self) -> &str {
        &self.client.server
    }

    /// Returns the tools as they were listed last.
    pub fn catalog(&self) -> &Catalog {
        &self.client.catalog
    }

    /// Begins to read the list of the tools. `elapsed` is the time since the operation began.
    pub fn list(&mut self, elapsed: Duration) -> StdioStep {
        self.client.list();
        self.begin(elapsed)
    }

    /// Begins a call of one of the listed tools.
    pub fn call(&mut self, call: &ToolCall, elapsed: Duration) -> StdioStep {
        match self.client.call(call) {
            Ok(()) => self.begin(elapsed),
            Err(result) => self.step(StdioThen::Done(Outcome::Called(result))),
        }
    }

    /// Takes note that the platform has ended the program, also in the middle of an operation.
    pub fn ended_by_platform(&mut self) {
        self.running = false;
        self.client.phase = Phase::Idle;
        self.write.clear();
    }

    fn begin(&mut self, elapsed: Duration) -> StdioStep {
        self.room = MAX_RESPONSE;
        if self.running {
            self.send(elapsed)
        } else {
            self.step(StdioThen::Start)
        }
    }

    /// Takes the next event and returns the next step. `elapsed` is the time since the operation began.
    ///
    /// Output that the program has written between two operations may be fed before [`Catalog::is_fresh`] is
    /// asked: it may tell that its list has changed.
    pub fn feed(&mut self, event: StdioEvent<'_>, elapsed: Duration) -> StdioStep {
        if self.client.phase == Phase::Idle {
            return self.rest(event);
        }
        match event {
            StdioEvent::Started => self.started(elapsed),
            StdioEvent::Output(bytes) => self.read(bytes, elapsed),
            StdioEvent::Ended(cause) => self.ended(cause),
            StdioEvent::TimedOut => self.timed_out(elapsed),
        }
    }

    /// Takes an event between two operations.
    fn rest(&mut self, event: StdioEvent<'_>) -> StdioStep {
        match event {
            StdioEvent::Output(bytes) if bytes.len() <= self.room => {
                self.room -= bytes.len();
                self.drain(bytes);
            }
            StdioEvent::Output(_) | StdioEvent::Ended(_) => self.running = false,
            StdioEvent::Started | StdioEvent::TimedOut => {}
        }
        self.step(StdioThen::Rest)
    }

    fn started(&mut self, elapsed: Duration) -> StdioStep {
        self.running = true;
        self.lines = Lines::default();
        if matches!(self.client.era, Era::Session(_)) {
            self.client.era = Era::Handshake;
        }
        self.client.begin();
        self.send(elapsed)
    }

    fn read(&mut self, mut bytes: &[u8], elapsed: Duration) -> StdioStep {
        if bytes.len() > self.room {
            self.running = false;
            return self.stop(format!("it writes more than {MAX_RESPONSE} bytes"));
        }
        self.room -= bytes.len();
        loop {
            let line = match self.lines.next(&mut bytes) {
                Ok(Some(line)) => line,
                Ok(None) => break,
                Err(error) => return self.stop(error.to_string()),
            };
            match self.message(line) {
                // Lines after the answer are read as well: they may hold notifications.
                Some(Next::Done(outcome)) => {
                    self.drain(bytes);
                    return self.step(StdioThen::Done(outcome));
                }
                Some(Next::Send) => {
                    if let Some(step) = self.send_message() {
                        return step;
                    }
                }
                None => {}
            }
        }
        self.wait(elapsed)
    }

    /// Reads what has arrived together with the end of an operation.
    fn drain(&mut self, mut bytes: &[u8]) {
        while let Ok(Some(line)) = self.lines.next(&mut bytes) {
            self.message(line);
        }
    }

    /// Reads one message. Lines that are none are skipped, because many programs write other things too.
    fn message(&mut self, line: Vec<u8>) -> Option<Next> {
        let document = json::parse_owned(line).ok()?;
        match Incoming::read(Node::root(&document), self.client.id) {
            Incoming::Answer(answer) if self.client.phase != Phase::Idle => {
                return Some(self.client.answered(answer.as_ref().map(|node| *node)));
            }
            Incoming::Notification(method) => self.client.notice(method),
            Incoming::Request { id, method } => self.answer(id, method),
            Incoming::Answer(_) | Incoming::Other => {}
        }
        None
    }

    /// Answers a request of the program.
    fn answer(&mut self, id: Node<'_>, method: &str) {
        let Some(id) = id.to_json().ok().filter(|id| id.len() <= MAX_TOKEN) else {
            return;
        };
        let answer = if method == "ping" {
            r#","result":{}}"#
        } else {
            r#","error":{"code":-32601,"message":"Method not found"}}"#
        };
        self.write_line(&[r#"{"jsonrpc":"2.0","id":"#, &id, answer]);
    }

    fn write_line(&mut self, parts: &[&str]) {
        for part in parts {
            self.write.extend_from_slice(part.as_bytes());
        }
        self.write.push(b'\n');
    }

    fn send(&mut self, elapsed: Duration) -> StdioStep {
        self.send_message().unwrap_or_else(|| self.wait(elapsed))
    }

    /// Adds the message of the phase to what is written. Returns a step if that ends the operation.
    fn send_message(&mut self) -> Option<StdioStep> {
        loop {
            match self.client.message() {
                Ok(message) => self.write.extend_from_slice(&message),
                Err(error) => return Some(self.stop(error.to_string())),
            }
            self.write.push(b'\n');
            if self.client.phase != Phase::Notify {
                return None;
            }
            if let Next::Done(outcome) = self.client.notified() {
                return Some(self.step(StdioThen::Done(outcome)));
            }
        }
    }

    /// Waits for the next event.
    fn wait(&mut self, elapsed: Duration) -> StdioStep {
        let time = if self.client.phase == Phase::Discover {
            self.timeout / PROBE_PART
        } else {
            self.timeout
        };
        match time.saturating_sub(elapsed) {
            Duration::ZERO => self.timed_out(elapsed),
            left => self.step(StdioThen::Read(left)),
        }
    }

    fn timed_out(&mut self, elapsed: Duration) -> StdioStep {
        if self.client.phase == Phase::Discover && elapsed < self.timeout {
            self.client.begin_with_handshake();
            return self.send(elapsed);
        }
        if self.client.phase == Phase::Work {
            let id = self.client.id.to_string();
            let method = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"#;
            self.write_line(&[method, &id, "}}"]);
        }
        self.stop(late(self.timeout))
    }

    fn ended(&mut self, cause: &str) -> StdioStep {
        self.running = false;
        self.write.clear();
        if self.client.phase == Phase::Discover {
            // Some programs end when they are asked anything before the handshake.
            self.client.begin_with_handshake();
            return self.step(StdioThen::Start);
        }
        let cause = self.client.secrets.redact(cause);
        self.stop(cause)
    }

    /// Ends the operation without success.
    fn stop(&mut self, cause: String) -> StdioStep {
        let outcome = self.client.fail(cause);
        self.step(StdioThen::Done(outcome))
    }

    fn step(&mut self, then: StdioThen) -> StdioStep {
        StdioStep {
            write: mem::take(&mut self.write),
            then,
        }
    }
}
