//! A turn with its tools as one machine: every request, be it to the provider, of `fetch` or to an MCP server, leaves
//! through [`Next::Send`], and its response comes back through [`AgentTurn::feed`].
//!
//! ```text
//! new ─→ act ─→ Send ─→ feed … ─→ More | Text | Reasoning | Send | Act | Done | Failed
//!         ↑                                                       │
//!         └───────────────────────────────────────────────────────┘
//! ```
//!
//! Whoever drives it needs HTTP and a clock: the command, the functions for embedding hosts, and a host of the wasip1
//! module. Files are read and written by [`AgentTurn::act`] itself.

mod grants;

pub use grants::{WORKSPACE, host};

use std::{borrow::Cow, mem, time::Duration, vec};

use clawft_core::{Clock, Event, HttpRequest, Reply, Step, Turn, TurnError};
use clawft_mcp::{HttpServer, Outcome as McpOutcome, Step as McpStep};
use clawft_tools::{
    Decision, Declined, Fetch, FetchStep, Host, Outcome, Permission, Settings, Toolbox, toolbox::declined,
};
use clawft_types::{
    Config, Input, Session, ToolCall, ToolDefinition, ToolResult, Usage,
    config::mcp::{self, McpServer},
    json::{JsonError, Node},
};

use crate::env::WasiEnvironment;

/// The tools that a configuration names.
#[derive(Default)]
pub struct ToolConfig {
    /// The built-in ones and the permissions.
    pub settings: Settings,
    /// The MCP servers.
    pub servers: Vec<McpServer>,
}

impl ToolConfig {
    /// Reads `tools` of a configuration's `root`.
    ///
    /// # Errors
    /// On wrong types and values.
    pub fn read(root: Node<'_>) -> Result<ToolConfig, JsonError> {
        Ok(ToolConfig {
            settings: Settings::read(root.get("tools"))?,
            servers: mcp::servers(root)?,
        })
    }
}

/// Everything that a turn needs.
pub struct Setup {
    /// The configuration.
    pub config: Config,
    /// The tools of the configuration.
    pub tools: ToolConfig,
    /// The grants of the host for the built-in tools.
    pub host: Host,
    /// Tools that the embedding host performs itself. They go before others of the same name.
    pub host_tools: Vec<ToolDefinition>,
    /// The environment, for keys.
    pub env: WasiEnvironment,
    /// The stored conversation.
    pub session: Session,
    /// The user's message.
    pub input: Input,
    /// A random number, so that clients that failed together do not retry together.
    pub jitter: u32,
}

/// The next action of whoever drives the turn.
#[derive(Debug)]
pub enum Next {
    /// Wait for the time `after`, send this request, and feed its response. Drop a response that is being read.
    Send {
        /// The time to wait.
        after: Duration,
        /// The request.
        request: HttpRequest,
    },
    /// Read on and feed the next event.
    More,
    /// Show this text of the answer. Then feed the next event: an empty [`Event::Body`] returns what the same bytes
    /// have completed.
    Text(String),
    /// As [`Next::Text`], but the text is the model's reasoning.
    Reasoning(String),
    /// Drop a response that is being read, and call [`AgentTurn::act`].
    Act,
    /// Perform this call of a tool in [`Setup::host_tools`], and pass its result to [`AgentTurn::answer`].
    Call(ToolCall),
    /// The turn is over. Store the session and show the answer.
    Done(Box<Reply>),
    /// The turn is over without an answer. See [`AgentTurn::take_unfinished`].
    Failed(Box<TurnError>),
}

/// Something to tell the user.
#[derive(Debug, Clone, Copy)]
pub enum Report<'a> {
    /// A call begins.
    Call(&'a ToolCall),
    /// A call is over.
    Result(&'a ToolCall, &'a ToolResult),
    /// A warning, as a sentence fragment: a server that does not answer.
    Warning(&'a str),
}

/// Receives reports.
pub type Watch<'a> = &'a mut dyn FnMut(Report<'_>);

/// A turn with its tools.
pub struct AgentTurn {
    /// The beginning of the turn; `None` when it has begun.
    start: Option<Box<Setup>>,
    /// `None` until it has begun.
    turn: Option<Turn<'static>>,
    toolbox: Toolbox,
    servers: Vec<HttpServer>,
    /// The number of servers that were asked for their tools.
    listed: usize,
    /// The names of the host's own tools.
    host_tools: Vec<Cow<'static, str>>,
    /// The receiver of the next event.
    exchange: Exchange,
    /// The time at which the turn began.
    turn_begun: Duration,
    /// The time at which the operation of a server began.
    operation_begun: Duration,
    /// The calls that are still to be performed.
    calls: vec::IntoIter<ToolCall>,
    /// The call in progress.
    call: ToolCall,
    /// Its result, which was not reported yet.
    result: Option<ToolResult>,
    /// The results of the calls before it.
    results: Vec<ToolResult>,
    /// Warnings that were not reported yet.
    warnings: Vec<String>,
}

/// The receiver of a response.
enum Exchange {
    Model,
    Fetch(Box<Fetch>),
    /// The server with this number.
    Server(usize),
}

impl AgentTurn {
    /// Returns a turn that has not begun: call [`Self::act`]. Nothing is read or sent yet.
    pub fn new(mut setup: Setup) -> AgentTurn {
        let mut servers = Vec::new();
        let mut warnings = Vec::new();
        let variable = |name: &str| setup.env.get(name).map(str::to_owned);
        for config in &setup.tools.servers {
            match HttpServer::new(config, &variable) {
                Ok(server) => servers.push(server),
                Err(error) => warnings.push(error.message()),
            }
        }
        let settings = mem::take(&mut setup.tools.settings);
        let host = mem::take(&mut setup.host);
        AgentTurn {
            start: Some(Box::new(setup)),
            turn: None,
            toolbox: Toolbox::new(settings, host),
            servers,
            listed: 0,
            host_tools: Vec::new(),
            exchange: Exchange::Model,
            turn_begun: Duration::ZERO,
            operation_begun: Duration::ZERO,
            calls: Vec::new().into_iter(),
            call: ToolCall::default(),
            result: None,
            results: Vec::new(),
            warnings,
        }
    }

    /// Returns whether the next response is one for a tool, so that a failure of its request does not end the turn.
    pub fn is_for_tool(&self) -> bool {
        !matches!(self.exchange, Exchange::Model)
    }

    /// Does what needs no response: asks for tools, begins the turn, and performs calls, until something is to be sent
    /// or the turn is over. `clock` returns the time since the beginning.
    pub fn act(&mut self, clock: Clock<'_>, watch: Watch<'_>) -> Next {
        self.tell(watch);
        if let Some(start) = self.start.take() {
            return self.start(start, clock, watch);
        }
        while let Some(call) = self.calls.next() {
            watch(Report::Call(&call));
            self.call = call;
            if let Some(next) = self.perform(clock) {
                return next;
            }
            self.tell(watch);
        }
        self.exchange = Exchange::Model;
        let results = mem::take(&mut self.results);
        let begun = self.turn_begun;
        match &mut self.turn {
            Some(turn) => {
                let step = turn.resume(results, &|| clock().saturating_sub(begun));
                self.next(step)
            }
            None => Next::Failed(Box::new(TurnError::OutOfOrder)),
        }
    }

    /// Takes the result of a call of the host's own tool. The next step is [`Next::Act`].
    pub fn answer(&mut self, content: String, is_error: bool) {
        self.result = Some(ToolResult {
            id: self.call.id.clone(),
            content,
            is_error,
        });
    }

    /// Takes the next event of the response and returns the next step.
    pub fn feed(&mut self, event: Event<'_>, clock: Clock<'_>) -> Next {
        match (&mut self.exchange, &mut self.turn) {
            (Exchange::Fetch(fetch), _) => match fetch.feed(event) {
                FetchStep::More => Next::More,
                FetchStep::Send(request) => send(request),
                FetchStep::Done(result) => self.finished(result),
            },
            (Exchange::Server(number), _) => {
                let elapsed = clock().saturating_sub(self.operation_begun);
                let number = *number;
                match self.servers.get_mut(number) {
                    Some(server) => {
                        let step = server.feed(event, elapsed);
                        self.after_server(number, step)
                    }
                    None => Next::Act,
                }
            }
            (Exchange::Model, Some(turn)) => {
                let begun = self.turn_begun;
                let step = turn.feed(event, &|| clock().saturating_sub(begun));
                self.next(step)
            }
            (Exchange::Model, None) => Next::Failed(Box::new(TurnError::OutOfOrder)),
        }
    }

    /// Returns the token usage of all answers so far, if the provider sends it.
    pub fn usage(&self) -> Option<Usage> {
        self.turn.as_ref()?.usage()
    }

    /// Takes the session of a turn that failed after tools were called. `None` if there is nothing to store.
    pub fn take_unfinished(&mut self) -> Option<Session> {
        let turn = self.turn.as_mut()?;
        self.results.extend(self.result.take());
        if !self.results.is_empty() {
            // The model is not asked again, but the session holds the results.
            turn.resume(mem::take(&mut self.results), &|| Duration::ZERO);
        }
        turn.take_unfinished()
    }

    /// Reports what has happened since the last call.
    fn tell(&mut self, watch: Watch<'_>) {
        for warning in mem::take(&mut self.warnings) {
            watch(Report::Warning(&warning));
        }
        if let Some(result) = self.result.take() {
            watch(Report::Result(&self.call, &result));
            self.results.push(result);
        }
    }

    /// Asks the next server for its tools; if all were asked, begins the turn.
    fn start(&mut self, start: Box<Setup>, clock: Clock<'_>, watch: Watch<'_>) -> Next {
        while let Some(server) = self.servers.get_mut(self.listed) {
            let number = self.listed;
            self.listed += 1;
            self.operation_begun = clock();
            let step = server.list(Duration::ZERO);
            if let next @ Next::Send { .. } = self.after_server(number, step) {
                self.start = Some(start);
                return next;
            }
        }
        self.tell(watch);
        self.exchange = Exchange::Model;
        self.turn_begun = clock();
        let tools = self.definitions(start.host_tools);
        let env = start.env;
        let variable = |name: &str| env.get(name).map(str::to_owned);
        let config = Cow::Owned(start.config);
        match Turn::begin_with_tools(config, &variable, start.session, start.input, tools) {
            Ok((mut turn, request)) => {
                turn.set_jitter(start.jitter);
                self.turn = Some(turn);
                send(request)
            }
            Err(error) => Next::Failed(Box::new(error)),
        }
    }

    /// Returns the tools that are offered: `tools` of the host, and all others whose names are not taken.
    fn definitions(&mut self, mut tools: Vec<ToolDefinition>) -> Vec<ToolDefinition> {
        for tool in &tools {
            self.host_tools.push(tool.name.clone());
        }
        let mut others = self.toolbox.definitions();
        for server in &self.servers {
            for tool in server.catalog().tools() {
                if self.permission(&tool.permission) != Permission::Deny {
                    others.push(tool.definition.clone());
                }
            }
        }
        for tool in others {
            if !self.host_tools.contains(&tool.name) {
                tools.push(tool);
            }
        }
        tools
    }

    /// Returns the permission of a server's tool. The user did not write it, so the default is to ask.
    fn permission(&self, name: &str) -> Permission {
        self.toolbox.settings().permissions.of(name, Permission::Ask)
    }

    /// Begins the call. Returns `None` if it is over already.
    fn perform(&mut self, clock: Clock<'_>) -> Option<Next> {
        let call = &self.call;
        if self.host_tools.iter().any(|name| *name == call.name) {
            return Some(Next::Call(call.clone()));
        }
        for (number, server) in self.servers.iter_mut().enumerate() {
            let Some(tool) = server.catalog().find(&call.name) else {
                continue;
            };
            let permissions = &self.toolbox.settings().permissions;
            if permissions.of(&tool.permission, Permission::Ask) != Permission::Allow {
                self.result = Some(declined(call, Declined::NoTerminal));
                return None;
            }
            self.operation_begun = clock();
            let step = server.call(call, Duration::ZERO);
            let next = self.after_server(number, step);
            return self.result.is_none().then_some(next);
        }
        let result = match self.toolbox.check(call) {
            Decision::Refuse(result) => result,
            Decision::Ask(_) => declined(call, Declined::NoTerminal),
            Decision::Allow => match self.toolbox.start(call) {
                Outcome::Done(result) => result,
                Outcome::Http(fetch, request) => {
                    self.exchange = Exchange::Fetch(fetch);
                    return Some(send(request));
                }
                // Not offered.
                Outcome::Command(_) => declined(call, Declined::ByUser),
            },
        };
        self.result = Some(result);
        None
    }

    fn finished(&mut self, result: ToolResult) -> Next {
        self.result = Some(result);
        Next::Act
    }

    /// Returns the step that follows a step of the server with this number.
    fn after_server(&mut self, number: usize, step: McpStep) -> Next {
        match step {
            McpStep::More => Next::More,
            McpStep::Send(request) => {
                self.exchange = Exchange::Server(number);
                send(request)
            }
            McpStep::Done(McpOutcome::Called(result)) => self.finished(result),
            McpStep::Done(McpOutcome::Listed(listed)) => {
                match (listed, self.servers.get(number)) {
                    (Err(error), _) => self.warnings.push(error.message()),
                    (Ok(()), Some(server)) => {
                        for warning in server.catalog().warnings() {
                            let parts = ["MCP server `", server.name(), "`: ", warning];
                            self.warnings.push(parts.concat());
                        }
                    }
                    (Ok(()), None) => {}
                }
                Next::Act
            }
        }
    }

    /// Returns the step that follows a step of the model's turn.
    fn next(&mut self, step: Step) -> Next {
        match step {
            Step::More => Next::More,
            Step::Delta(text) => Next::Text(text),
            Step::Reasoning(text) => Next::Reasoning(text),
            Step::Send(request) => send(request),
            Step::Retry { after, request } => Next::Send { after, request },
            Step::Call(calls) => {
                self.calls = calls.into_iter();
                Next::Act
            }
            Step::Done(reply) => Next::Done(reply),
            Step::Failed(error) => Next::Failed(Box::new(error)),
        }
    }
}

/// Returns the step that sends `request` at once.
fn send(request: HttpRequest) -> Next {
    Next::Send {
        after: Duration::ZERO,
        request,
    }
}

#[cfg(test)]
mod tests;
