//! The client of one server, however its messages travel: what to send next, and what an answer means.

use alloc::{borrow::ToOwned as _, string::String, vec::Vec};
use core::{mem, time::Duration};

use clawft_core::Header;
use clawft_types::{
    ToolCall, ToolResult, join,
    json::{self, JsonError, Node},
    memory::NoMemory,
};

use crate::{
    catalog::{Catalog, Tool},
    content,
    error::McpError,
    limits::{MAX_PAGES, MAX_TOOLS},
    listing::Listing,
    message::{self, INITIALIZED, MODERN, Refusal, WITH_HANDSHAKE, lists_any},
    secrets::Secrets,
};

/// The result of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The list was read and is in the [`Catalog`]; or the reason why the server offers no tools, which is to
    /// be shown as a warning.
    Listed(Result<(), McpError>),
    /// The result of a call, for the model. A failure is a result as well.
    Called(ToolResult),
}

/// The revision that a server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Era {
    /// Not known yet. The newest one is tried.
    Unknown,
    /// The newest one.
    Modern,
    /// One with a handshake, which has not taken place.
    Handshake,
    /// This one, after the handshake.
    Session(&'static str),
}

/// The message whose answer is awaited, or that is to be sent next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Idle,
    /// `server/discover`, which shows whether a program speaks the newest revision.
    Discover,
    Initialize,
    /// The notification after `initialize`, which has no answer.
    Notify,
    /// The request of the operation itself.
    Work,
}

#[derive(Debug)]
pub(crate) enum Job {
    None,
    List(Listing),
    Call {
        /// The provider's id of the call.
        id: String,
        /// The server's name of the tool.
        name: String,
        /// A JSON object.
        arguments: String,
        /// The arguments that are sent as headers too.
        headers: Vec<Header>,
    },
}

/// The next step.
#[derive(Debug)]
pub(crate) enum Next {
    /// Send the message of the phase.
    Send,
    /// The operation is over.
    Done(Outcome),
}

#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) server: String,
    pub(crate) secrets: Secrets,
    /// The names of the tools to offer; `None` for all.
    wanted: Option<Vec<String>>,
    /// Whether messages travel over HTTP.
    http: bool,
    pub(crate) era: Era,
    pub(crate) phase: Phase,
    pub(crate) job: Job,
    /// The id of the last request.
    pub(crate) id: u32,
    /// Whether the handshake's server has tools at all.
    has_tools: bool,
    pub(crate) catalog: Catalog,
}

impl Client {
    pub(crate) fn new(server: &str, wanted: Option<Vec<String>>, secrets: Secrets, http: bool) -> Client {
        Client {
            server: server.to_owned(),
            secrets,
            wanted,
            http,
            era: Era::Unknown,
            phase: Phase::Idle,
            job: Job::None,
            id: 0,
            has_tools: true,
            catalog: Catalog::default(),
        }
    }

    /// Begins to read the list.
    pub(crate) fn list(&mut self) {
        self.job = Job::List(Listing::default());
        self.begin();
    }

    /// Begins a call, or returns the result of one that cannot be made.
    pub(crate) fn call(&mut self, call: &ToolCall) -> Result<(), ToolResult> {
        let refused = |content| ToolResult {
            id: call.id.clone(),
            content,
            is_error: true,
        };
        let Some(tool) = self.catalog.find(&call.name) else {
            return Err(refused(join!("there is no tool `", &call.name, "`")));
        };
        let (arguments, headers) = arguments(&call.arguments, tool)
            .map_err(|error| refused(join!("the arguments are not valid: ", &error.message())))?;
        self.job = Job::Call {
            id: call.id.clone(),
            name: tool.name.clone(),
            arguments,
            headers,
        };
        self.begin();
        Ok(())
    }

    /// Chooses the first message of the operation.
    pub(crate) fn begin(&mut self) {
        self.phase = match self.era {
            Era::Unknown if !self.http => Phase::Discover,
            Era::Handshake => Phase::Initialize,
            _ => Phase::Work,
        };
    }

    /// Begins the operation anew with a handshake.
    pub(crate) fn begin_with_handshake(&mut self) {
        if let Job::List(listing) = &mut self.job {
            *listing = Listing::default();
        }
        self.era = Era::Handshake;
        self.phase = Phase::Initialize;
    }

    /// Returns whether the message to send is of the newest revision.
    pub(crate) fn is_modern(&self) -> bool {
        matches!(self.era, Era::Unknown | Era::Modern)
    }

    /// Returns the method of the message to send.
    pub(crate) fn method(&self) -> &'static str {
        match (self.phase, &self.job) {
            (Phase::Discover, _) => "server/discover",
            (Phase::Initialize, _) => "initialize",
            (Phase::Notify, _) => "notifications/initialized",
            (_, Job::Call { .. }) => "tools/call",
            _ => "tools/list",
        }
    }

    /// Returns the message of the phase.
    pub(crate) fn message(&mut self) -> Result<Vec<u8>, NoMemory> {
        if self.phase == Phase::Notify {
            return Ok(INITIALIZED.as_bytes().to_vec());
        }
        self.id = self.id.wrapping_add(1);
        if self.phase == Phase::Initialize {
            return Ok(message::initialize(self.id));
        }
        let (text, json) = match &self.job {
            _ if self.phase == Phase::Discover => (None, None),
            Job::Call { name, arguments, .. } => {
                (Some(("name", name)), Some(("arguments", arguments.as_str())))
            }
            Job::List(listing) => (listing.cursor.as_ref().map(|cursor| ("cursor", cursor)), None),
            Job::None => (None, None),
        };
        let text = text.map(|(key, text)| (key, text.as_str()));
        message::request(self.id, self.method(), self.is_modern(), text, json)
    }

    /// Goes on after the notification was sent.
    pub(crate) fn notified(&mut self) -> Next {
        self.phase = Phase::Work;
        if let (Job::List(_), false) = (&self.job, self.has_tools) {
            return self.listed();
        }
        Next::Send
    }

    /// Takes note of a notification.
    pub(crate) fn notice(&mut self, method: &str) {
        if method == "notifications/tools/list_changed" {
            self.catalog.fresh = Duration::ZERO;
        }
    }

    /// Takes the answer to the last request.
    pub(crate) fn answered(&mut self, answer: Result<Node<'_>, &Refusal>) -> Next {
        match (self.phase, answer) {
            (Phase::Discover, Ok(result)) => self.discovered(result),
            (Phase::Initialize, Ok(result)) => self.initialized(result),
            (Phase::Work, Ok(result)) => self.worked(result),
            (Phase::Discover, Err(refusal)) => self.fall_back(refusal),
            (Phase::Work, Err(refusal)) if self.era == Era::Unknown => self.fall_back(refusal),
            (_, Err(refusal)) => self.refused(refusal),
            (Phase::Idle | Phase::Notify, Ok(_)) => self.bad("it answers without being asked"),
        }
    }

    fn discovered(&mut self, result: Node<'_>) -> Next {
        let versions = result.get("supportedVersions");
        if versions.is_some_and(|versions| lists_any(versions, &[MODERN])) {
            self.era = Era::Modern;
            self.phase = Phase::Work;
        } else {
            self.begin_with_handshake();
        }
        Next::Send
    }

    fn fall_back(&mut self, refusal: &Refusal) -> Next {
        if !refusal.is_from_older_revision() {
            return self.refused(refusal);
        }
        self.begin_with_handshake();
        Next::Send
    }

    fn initialized(&mut self, result: Node<'_>) -> Next {
        let version = result.text_of("protocolVersion").unwrap_or_default();
        let Some(known) = WITH_HANDSHAKE.into_iter().find(|known| *known == version) else {
            return self.bad("it speaks no revision of MCP that is known here");
        };
        self.era = Era::Session(known);
        self.phase = Phase::Notify;
        self.has_tools = result
            .get("capabilities")
            .is_some_and(|offered| offered.get("tools").is_some());
        Next::Send
    }

    fn worked(&mut self, result: Node<'_>) -> Next {
        if self.era == Era::Unknown {
            self.era = Era::Modern;
        }
        match result.text_of("resultType") {
            None | Some("complete") => {}
            Some("input_required") => {
                return self.bad("it asks for input from the user, which is not supported");
            }
            Some(_) => return self.bad("its result is of a type that is not known here"),
        }
        let with_headers = self.http && self.era == Era::Modern;
        match &mut self.job {
            Job::List(listing) => {
                match listing.read(result, with_headers, self.wanted.as_deref(), &self.secrets) {
                    Ok(())
                        if listing.cursor.is_some()
                            && listing.pages < MAX_PAGES
                            && listing.tools.len() < MAX_TOOLS =>
                    {
                        Next::Send
                    }
                    Ok(()) => self.listed(),
                    Err(error) => self.bad(&error.message()),
                }
            }
            Job::Call { id, .. } => {
                let id = mem::take(id);
                let (content, is_error) = content::read(result);
                self.done(Outcome::Called(ToolResult {
                    id,
                    content,
                    is_error,
                }))
            }
            Job::None => self.bad("it answers without being asked"),
        }
    }

    /// Ends the list.
    fn listed(&mut self) -> Next {
        if let Job::List(listing) = mem::replace(&mut self.job, Job::None) {
            let kept = match self.era {
                Era::Session(_) if !self.http => Duration::MAX,
                Era::Modern => listing.fresh.unwrap_or_default(),
                _ => Duration::ZERO,
            };
            self.catalog = listing.finish(&self.server, self.wanted.as_deref(), kept);
        }
        self.done(Outcome::Listed(Ok(())))
    }

    fn refused(&mut self, refusal: &Refusal) -> Next {
        if refusal.is_header_mismatch() {
            self.catalog.fresh = Duration::ZERO;
        }
        let message = self.secrets.redact(&refusal.message);
        let cause = match message.as_str() {
            "" => "it refuses the request".to_owned(),
            message => join!("it refuses the request: ", message),
        };
        Next::Done(self.fail(cause))
    }

    /// Ends the operation because of an answer that `cause` describes. May quote the server.
    pub(crate) fn bad(&mut self, cause: &str) -> Next {
        let cause = self.secrets.redact(cause);
        Next::Done(self.fail(cause))
    }

    /// Ends the operation without success. `cause` holds no secrets.
    pub(crate) fn fail(&mut self, cause: String) -> Outcome {
        let error = McpError::new(&self.server, cause);
        self.phase = Phase::Idle;
        match mem::replace(&mut self.job, Job::None) {
            Job::Call { id, .. } => Outcome::Called(ToolResult {
                id,
                content: error.message(),
                is_error: true,
            }),
            job => {
                if let Job::List(_) = job {
                    self.catalog = Catalog::default();
                }
                Outcome::Listed(Err(error))
            }
        }
    }

    fn done(&mut self, outcome: Outcome) -> Next {
        self.phase = Phase::Idle;
        self.job = Job::None;
        Next::Done(outcome)
    }
}

/// Returns the arguments of a call as a JSON object in one line, and those that are sent as headers too. Some
/// models write nothing if a tool has no parameters.
fn arguments(text: &str, tool: &Tool) -> Result<(String, Vec<Header>), JsonError> {
    let text = if text.trim().is_empty() { "{}" } else { text };
    let document = json::parse(text.as_bytes())?;
    let root = Node::root(&document);
    root.object()?;
    let headers = tool
        .params
        .iter()
        .filter_map(|param| param.argument(root))
        .collect();
    Ok((root.to_json()?, headers))
}
