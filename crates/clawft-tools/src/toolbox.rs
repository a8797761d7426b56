//! The tools of one turn: offered, checked, performed.

#[cfg(feature = "notes")]
use crate::notes;
use alloc::{borrow::ToOwned as _, boxed::Box, string::String, vec::Vec};
use core::mem;

use clawft_core::{HttpRequest, Method};
use clawft_types::{
    ToolCall, ToolDefinition, ToolResult, join,
    json::{self, JsonError, Node, Value},
    text::Ascii as _,
};

use crate::{
    definitions::{Need, TOOLS, Tool, Work},
    fetch::{self, Fetch},
    files::{Files, Identity},
    permissions::Permission,
    settings::{Settings, method},
    text::{beginning, number, show},
    workspace::{Fault, Guard, Lines, Workspace},
};

/// The maximum size of a preview in bytes.
const MAX_PREVIEW: usize = 16 * 1024;

/// The maximum length of a call in one line, in bytes.
const MAX_LINE: usize = 160;

/// The files of a platform.
pub type PlatformFiles = Box<dyn Files + Send>;

/// The grants of the host. Nothing that is missing here is offered.
#[derive(Default)]
pub struct Host {
    /// The workspace.
    pub workspace: Option<PlatformFiles>,
    /// The name of the workspace on the host, as an absolute path that the model may use: `/workspace`.
    pub root: String,
    /// The directory of the configuration, the sessions and the notes.
    pub home: Option<PlatformFiles>,
    /// Further files and directories that no tool may reach: a configuration file at another place.
    pub confidential: Vec<Identity>,
    /// Whether requests can be sent.
    pub http: bool,
    /// Whether commands can be run.
    pub commands: bool,
}

/// The decision about a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Perform the call with [`Toolbox::start`].
    Allow,
    /// Ask the user, and then call [`Toolbox::start`] or [`declined`]. The text shows the effect of
    /// the call, for files as a difference. It has several lines and is safe on a terminal.
    Ask(String),
    /// Do not perform the call: the model gets this result.
    Refuse(ToolResult),
}

/// The reason why a call that needs the user's permission is not performed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Declined {
    /// The user has declined it.
    ByUser,
    /// There is no terminal at which the user could be asked.
    NoTerminal,
}

/// The beginning of a call.
#[derive(Debug)]
pub enum Outcome {
    /// The call is over.
    Done(ToolResult),
    /// The platform sends the request and feeds the machine with the response.
    Http(Box<Fetch>, HttpRequest),
    /// The platform runs the command.
    Command(String),
}

/// The tools of one turn.
pub struct Toolbox {
    settings: Settings,
    host: Host,
    /// The rest of an error message.
    detail: String,
}

/// The state of a call after a step.
enum Acted {
    /// It may be performed without asking.
    Allowed,
    /// The preview, or the result.
    Text(String),
    Http(Box<Fetch>, HttpRequest),
}

impl Toolbox {
    /// Returns the tools that are configured and granted.
    pub fn new(settings: Settings, host: Host) -> Toolbox {
        Toolbox {
            settings,
            host,
            detail: String::new(),
        }
    }

    /// Returns the settings, for the permissions of other tools.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Returns the definitions of the tools that are offered.
    pub fn definitions(&self) -> Vec<ToolDefinition> {
        let fetch = self.settings.fetch.as_deref();
        let mut definitions = Vec::new();
        for tool in TOOLS {
            if self.is_offered(tool) {
                definitions.push(tool.definition(fetch));
            }
        }
        definitions
    }

    /// Returns whether this is the name of a built-in tool that is offered.
    pub fn offers(&self, name: &str) -> bool {
        TOOLS
            .iter()
            .any(|tool| tool.name == name && self.is_offered(tool))
    }

    /// Returns whether calls of a built-in tool are performed without asking.
    pub fn allows(&self, name: &str) -> bool {
        let permission = |tool: &Tool| self.settings.permissions.of(tool.name, tool.default);
        TOOLS
            .iter()
            .any(|tool| tool.name == name && permission(tool) == Permission::Allow)
    }

    /// Decides whether a call is performed. For a call that cannot succeed nobody is asked.
    pub fn check(&mut self, call: &ToolCall) -> Decision {
        match self.act(call, true) {
            Ok(Acted::Text(preview)) if PREVIEWS => Decision::Ask(shown(&preview)),
            Ok(Acted::Text(_)) => Decision::Ask(String::new()),
            Ok(_) => Decision::Allow,
            Err(fault) => Decision::Refuse(self.failed(call, fault)),
        }
    }

    /// Performs a call, or begins it. Whoever calls this has the user's permission if [`Self::check`] asks
    /// for it. Errors are results for the model.
    pub fn start(&mut self, call: &ToolCall) -> Outcome {
        match self.act(call, false) {
            Ok(Acted::Text(content)) => Outcome::Done(result(call, content, false)),
            Ok(Acted::Http(fetch, request)) => Outcome::Http(fetch, request),
            Ok(Acted::Allowed) => Outcome::Command(argument(call, "command")),
            Err(fault) => Outcome::Done(self.failed(call, fault)),
        }
    }

    /// Returns the result of a call that failed.
    fn failed(&mut self, call: &ToolCall, fault: Fault) -> ToolResult {
        let content = [fault, &mem::take(&mut self.detail)].concat();
        result(call, content, true)
    }

    fn is_offered(&self, tool: &Tool) -> bool {
        self.is_granted(tool.need)
            && self.settings.permissions.of(tool.name, tool.default) != Permission::Deny
    }

    fn is_granted(&self, need: Need) -> bool {
        let Settings { files, fetch, .. } = &self.settings;
        match need {
            Need::Files => files.is_some() && self.host.workspace.is_some(),
            Need::Write => files.is_some_and(|files| files.write) && self.host.workspace.is_some(),
            Need::Fetch => fetch.is_some() && self.host.http,
            #[cfg(feature = "notes")]
            Need::Notes => self.settings.notes && self.host.home.is_some(),
            Need::Commands => self.settings.run_command && self.host.commands,
        }
    }

    /// Returns the tool that is called. The error message names those that are offered.
    fn find(&mut self, call: &ToolCall) -> Result<&'static Tool, Fault> {
        let mut names = String::new();
        for tool in TOOLS {
            if !self.is_offered(tool) {
                continue;
            }
            if tool.name == call.name {
                return Ok(tool);
            }
            names.push(' ');
            names.push_str(tool.name);
        }
        self.detail = names;
        Err("there is no such tool, known are:")
    }

    /// Checks a call; makes its preview if the user has to be asked, or performs it.
    fn act(&mut self, call: &ToolCall, is_check: bool) -> Result<Acted, Fault> {
        let tool = self.find(call)?;
        let document = self.parsed(call, tool)?;
        let node = Node::root(&document);
        // Required ones are there.
        let text = |key: &str| node.text_of(key).unwrap_or_default();
        let method = match text("method") {
            "" => Method::Get,
            name => method(&name.to_ascii_uppercase()).ok_or("unknown method")?,
        };
        if is_check {
            // A request that may change something is asked about, unless a rule is for it.
            let default = if method == Method::Get {
                tool.default
            } else {
                Permission::Ask
            };
            if self.settings.permissions.of(tool.name, default) == Permission::Allow {
                return Ok(Acted::Allowed);
            }
            if !PREVIEWS {
                return Ok(Acted::Text(String::new()));
            }
        }
        let path = text("path");
        let answer = match tool.work {
            Work::Write => self.workspace()?.write_file(path, text("content"), is_check),
            Work::Edit => {
                let mut workspace = self.workspace()?;
                workspace.edit_file(path, text("old_text"), text("new_text"), is_check)
            }
            Work::Delete => self.workspace()?.delete_file(path, is_check),
            Work::Fetch => {
                let (fetch, request) = self.fetch(call, node, method)?;
                if !is_check {
                    return Ok(Acted::Http(Box::new(fetch), request));
                }
                Ok(preview(call))
            }
            _ if is_check => Ok(preview(call)),
            Work::Read => {
                let first = self.line_number(node, "start_line")?;
                let last = self.line_number(node, "end_line")?;
                self.workspace()?.read_file(path, Lines { first, last })
            }
            Work::List => {
                let is_recursive = self.flag(node, "recursive")?;
                self.workspace()?.list_files(path, is_recursive)
            }
            #[cfg(feature = "search")]
            Work::Search => self.workspace()?.search_files(path, text("text"), text("name")),
            #[cfg(feature = "notes")]
            Work::Remember => notes::remember(self.home()?, text("key"), text("text")),
            #[cfg(feature = "notes")]
            Work::Recall => notes::recall(self.home()?, text("key")),
            Work::Run => return Ok(Acted::Allowed),
        };
        answer.map(Acted::Text)
    }

    /// Checks a call of `fetch`, and returns the machine with its request.
    fn fetch(&self, call: &ToolCall, node: Node<'_>, method: Method) -> Result<(Fetch, HttpRequest), Fault> {
        let text = |key: &str| node.text_of(key).unwrap_or_default();
        // Models also write a body in JSON as it is.
        let body = match node.get("body") {
            Some(body) if body.as_text().is_none() => body.to_json().ok(),
            _ => None,
        };
        let arguments = fetch::Arguments {
            url: text("url").trim_ascii(),
            method,
            body: body.as_deref().or(node.text_of("body")),
            content_type: text("content_type"),
        };
        let settings = self.settings.fetch.as_ref().ok_or(NOT_GRANTED)?;
        Fetch::begin(settings, &call.id, arguments)
    }

    /// Parses the arguments and checks that the required ones are there, and that texts are texts.
    fn parsed(&mut self, call: &ToolCall, tool: &Tool) -> Result<Value, Fault> {
        let document = arguments(call).map_err(|error| self.malformed(&error))?;
        let node = Node::root(&document);
        let found = node.object().and_then(|()| {
            let mut required = tool.required.iter();
            required.try_for_each(|key| node.require(key)?.text().map(drop))?;
            let mut optional = TEXTS.iter().filter_map(|key| node.get(key));
            optional.try_for_each(|value| value.text().map(drop))
        });
        found.map_err(|error| self.malformed(&error))?;
        Ok(document)
    }

    fn malformed(&mut self, error: &JsonError) -> Fault {
        self.detail = error.message();
        "malformed arguments: "
    }

    /// Reads a number. Models also write numbers as strings, and some servers write `2.0`.
    fn line_number(&mut self, node: Node<'_>, key: &str) -> Result<Option<u64>, Fault> {
        let Some(value) = node.get(key) else {
            return Ok(None);
        };
        let written = match value.as_text() {
            Some(text) => text.to_owned(),
            None => value.to_json().unwrap_or_default(),
        };
        match written.strip_suffix(".0").unwrap_or(&written).parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => value.whole().map(Some).map_err(|error| self.malformed(&error)),
        }
    }

    /// Reads a flag. Models also write flags as strings.
    fn flag(&mut self, node: Node<'_>, key: &str) -> Result<bool, Fault> {
        let Some(value) = node.get(key) else {
            return Ok(false);
        };
        match value.as_text() {
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Some(text) if text.is_empty() || text.eq_ignore_ascii_case("false") => Ok(false),
            _ => value.flag().map_err(|error| self.malformed(&error)),
        }
    }

    /// Returns the workspace for one call. What is confidential is found anew, because sessions are replaced
    /// while the turn runs.
    fn workspace(&mut self) -> Result<Workspace<'_>, Fault> {
        let guard = Guard::collect(self.host.home.as_deref_mut(), &self.host.confidential)?;
        let files = self.host.workspace.as_deref_mut().ok_or(NOT_GRANTED)?;
        Ok(Workspace {
            files,
            guard,
            root: &self.host.root,
            detail: &mut self.detail,
            is_lacking: false,
        })
    }

    #[cfg(feature = "notes")]
    fn home(&mut self) -> Result<&mut dyn Files, Fault> {
        match self.host.home.as_deref_mut() {
            Some(home) => Ok(home),
            None => Err(NOT_GRANTED),
        }
    }
}

/// Whether a call that the user is asked about has a preview: WebAssembly hosts have no terminal to ask at.
const PREVIEWS: bool = cfg!(not(target_family = "wasm"));

/// The arguments that are texts, and not required by every tool that has them.
const TEXTS: [&str; 6] = ["path", "text", "name", "key", "method", "content_type"];

const NOT_GRANTED: Fault = "the host does not grant this";

/// Returns the result for a call that was not permitted.
pub fn declined(call: &ToolCall, reason: Declined) -> ToolResult {
    let cause = match reason {
        Declined::ByUser => {
            "the user has declined this call: do not repeat it, go on without it or ask the user"
        }
        Declined::NoTerminal => {
            "this tool needs the user's permission, and there is no terminal to ask at: go on without it. The user can permit it in the configuration, with `tools.permissions`"
        }
    };
    result(call, cause.to_owned(), true)
}

/// Returns a call in one line that is safe on a terminal, for logs: the name and the most telling argument.
pub fn line(call: &ToolCall) -> String {
    let mut line = String::new();
    show(&mut line, &call.name);
    let Ok(document) = arguments(call) else {
        return line;
    };
    let node = Node::root(&document);
    let argument = ["path", "url", "command", "key", "text"]
        .into_iter()
        .find_map(|key| node.text_of(key));
    if let Some(argument) = argument {
        line.push(' ');
        let start = beginning(argument, MAX_LINE);
        show(&mut line, start);
        if start.len() < argument.len() {
            line.push('…');
        }
    }
    line
}

/// Returns a call in several lines that are safe on a terminal, to ask the user: the name, and each argument. For
/// a call of any tool, also of another one than those here.
pub fn preview(call: &ToolCall) -> String {
    let mut text = call.name.clone();
    match arguments(call) {
        Ok(document) => add_arguments(&mut text, Node::root(&document)),
        Err(_) => text.push_str(&join!("\n", &call.arguments)),
    }
    shown(&text)
}

/// Appends each argument. JSON may hide a text behind escapes, so all strings are written without them.
fn add_arguments(text: &mut String, node: Node<'_>) {
    for (key, value) in node.each_member() {
        text.push_str(&join!("\n", key, ": "));
        match value.as_text() {
            Some(value) => text.push_str(value),
            None => text.push_str(&value.to_json().unwrap_or_default()),
        }
    }
}

/// Returns text without characters that could deceive on a terminal, and cut if it is long.
fn shown(text: &str) -> String {
    let start = beginning(text, MAX_PREVIEW);
    let mut shown = String::new();
    for line in start.trim_end_matches('\n').pieces(b'\n') {
        show(&mut shown, line);
        shown.push('\n');
    }
    if start.len() < text.len() {
        shown.push_str(&join!("… ", &number(text.len() - start.len()), " more bytes\n"));
    }
    shown
}

/// Parses the arguments. Models write nothing for no arguments.
fn arguments(call: &ToolCall) -> Result<Value, JsonError> {
    let text = call.arguments.trim_ascii();
    json::parse(if text.is_empty() { b"{}" } else { text.as_bytes() })
}

/// Returns an argument that is a string; an empty one if it is missing.
fn argument(call: &ToolCall, key: &str) -> String {
    let Ok(document) = arguments(call) else {
        return String::new();
    };
    let node = Node::root(&document);
    node.text_of(key).unwrap_or_default().to_owned()
}

fn result(call: &ToolCall, content: String, is_error: bool) -> ToolResult {
    ToolResult {
        id: call.id.clone(),
        content,
        is_error,
    }
}
