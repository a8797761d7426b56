//! The tools of one turn: offered, checked, performed.

use crate::definitions::{Need, TOOLS, Tool};
use crate::fetch::{self, Fetch};
use crate::files::{Files, Identity};
use crate::notes;
use crate::permissions::Permission;
use crate::settings::{Settings, method};
use crate::text::{beginning, show};
use crate::workspace::{Edit, Guard, Lines, Search, Workspace, failed};
use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use clawft_core::{HttpRequest, Method};
use clawft_types::json::{self, JsonError, Node, Value};
use clawft_types::{ToolCall, ToolDefinition, ToolResult};

/// The maximum size of a preview in bytes, without a difference of files.
const MAX_PREVIEW: usize = 4096;

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
    /// Ask the user, and then call [`Toolbox::start`] or [`Toolbox::declined`]. The text shows the effect of
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
}

impl Toolbox {
    /// Returns the tools that are configured and granted.
    pub fn new(settings: Settings, host: Host) -> Toolbox {
        Toolbox { settings, host }
    }

    /// Returns the definitions of the tools that are offered.
    pub fn definitions(&self) -> Vec<ToolDefinition> {
        let fetch = self.settings.fetch.as_ref();
        self.offered().map(|tool| tool.definition(fetch)).collect()
    }

    /// Returns whether this is the name of a built-in tool that is offered.
    pub fn offers(&self, name: &str) -> bool {
        self.offered().any(|tool| tool.name == name)
    }

    /// Decides whether a call is performed. For a call that cannot succeed nobody is asked.
    pub fn check(&mut self, call: &ToolCall) -> Decision {
        match self.decide(call) {
            Ok(decision) => decision,
            Err(message) => Decision::Refuse(result(call, message, true)),
        }
    }

    /// Performs a call, or begins it. Whoever calls this has the user's permission if [`Self::check`] asks
    /// for it. Errors are results for the model.
    pub fn start(&mut self, call: &ToolCall) -> Outcome {
        match self.perform(call) {
            Ok(outcome) => outcome,
            Err(message) => Outcome::Done(result(call, message, true)),
        }
    }

    fn offered(&self) -> impl Iterator<Item = &'static Tool> {
        TOOLS
            .iter()
            .filter(|tool| self.is_granted(tool.need) && self.permission(tool) != Permission::Deny)
    }

    fn is_granted(&self, need: Need) -> bool {
        let Settings { files, fetch, .. } = &self.settings;
        match need {
            Need::Files => files.is_some() && self.host.workspace.is_some(),
            Need::Write => files.is_some_and(|files| files.write) && self.host.workspace.is_some(),
            Need::Fetch => fetch.is_some() && self.host.http,
            Need::Notes => self.settings.notes && self.host.home.is_some(),
            Need::Commands => self.settings.run_command && self.host.commands,
        }
    }

    fn permission(&self, tool: &Tool) -> Permission {
        self.settings.permissions.of(tool.name, tool.default)
    }

    /// Returns the tool that is called. The error message names those that are offered.
    fn find(&self, call: &ToolCall) -> Result<&'static Tool, String> {
        if let Some(tool) = self.offered().find(|tool| tool.name == call.name) {
            return Ok(tool);
        }
        let names: Vec<&str> = self.offered().map(|tool| tool.name).collect();
        Err([
            "there is no tool `",
            beginning(&call.name, 64),
            "`, known are: ",
            &names.join(", "),
        ]
        .concat())
    }

    fn decide(&mut self, call: &ToolCall) -> Result<Decision, String> {
        let tool = self.find(call)?;
        let document = arguments(call)?;
        let node = Node::root(&document);
        let mut permission = self.permission(tool);
        // A request that may change something is asked about, unless a rule is for it.
        if tool.need == Need::Fetch && fetch_arguments(node)?.method != Method::Get {
            permission = self.settings.permissions.of(tool.name, Permission::Ask);
        }
        if permission == Permission::Allow {
            return Ok(Decision::Allow);
        }
        let text = |key: &str| required(node, key);
        let preview = match tool.name {
            "write_file" => self.workspace()?.preview_write(text("path")?, text("content")?)?,
            "edit_file" => self.workspace()?.preview_edit(edit(node)?)?,
            "delete_file" => {
                let path = self.workspace()?.deletable(text("path")?)?;
                shown(&["deletes ", &path].concat())
            }
            _ => shown(&preview(call, node)),
        };
        Ok(Decision::Ask(preview))
    }

    fn perform(&mut self, call: &ToolCall) -> Result<Outcome, String> {
        let tool = self.find(call)?;
        let document = arguments(call)?;
        let node = Node::root(&document);
        let text = |key: &str| required(node, key);
        let optional = |key: &str| node.text_of(key).unwrap_or_default();
        let answer = match tool.name {
            "read_file" => self.workspace()?.read_file(text("path")?, lines(node)?),
            "list_files" => {
                let is_recursive = node.get("recursive").is_some_and(|flag| flag.flag() == Ok(true));
                self.workspace()?.list_files(optional("path"), is_recursive)
            }
            "search_files" => self.workspace()?.search_files(Search {
                path: optional("path"),
                text: optional("text"),
                name: optional("name"),
            }),
            "write_file" => self.workspace()?.write_file(text("path")?, text("content")?),
            "edit_file" => self.workspace()?.edit_file(edit(node)?),
            "delete_file" => self.workspace()?.delete_file(text("path")?),
            "remember" => notes::remember(self.home()?, text("key")?, text("text")?),
            "recall" => notes::recall(self.home()?, node.text_of("key")),
            "fetch" => {
                let settings = self.settings.fetch.as_ref().ok_or(NOT_GRANTED)?;
                let (fetch, request) = Fetch::begin(settings, &call.id, fetch_arguments(node)?)?;
                return Ok(Outcome::Http(Box::new(fetch), request));
            }
            _ => return Ok(Outcome::Command(text("command")?.to_owned())),
        };
        Ok(Outcome::Done(match answer {
            Ok(content) => result(call, content, false),
            Err(message) => result(call, message, true),
        }))
    }

    /// Returns the workspace for one call. What is confidential is found anew, because sessions are replaced
    /// while the turn runs.
    fn workspace(&mut self) -> Result<Workspace<'_>, String> {
        let guard = Guard::collect(self.host.home.as_deref_mut(), &self.host.confidential)
            .map_err(|fault| failed("inspect", "the configuration", fault))?;
        let files = self.host.workspace.as_deref_mut().ok_or(NOT_GRANTED)?;
        Ok(Workspace {
            files,
            guard,
            root: &self.host.root,
        })
    }

    fn home(&mut self) -> Result<&mut dyn Files, String> {
        match self.host.home.as_deref_mut() {
            Some(home) => Ok(home),
            None => Err(NOT_GRANTED.to_owned()),
        }
    }
}

const NOT_GRANTED: &str = "the host does not grant this";

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

/// Returns a call in several lines: its name, and each argument.
fn preview(call: &ToolCall, node: Node<'_>) -> String {
    let mut text = call.name.clone();
    for (key, value) in node.as_members().into_iter().flatten() {
        let value = value.as_text().unwrap_or("…");
        text.push_str(&["\n", key, ": ", value].concat());
    }
    text
}

/// Returns text without characters that could deceive on a terminal, and cut if it is long.
fn shown(text: &str) -> String {
    let start = beginning(text, MAX_PREVIEW);
    let mut shown = String::new();
    for line in start.split('\n') {
        show(&mut shown, line);
        shown.push('\n');
    }
    if start.len() < text.len() {
        shown.push_str("…\n");
    }
    shown
}

/// Parses the arguments. Models write nothing for no arguments.
fn arguments(call: &ToolCall) -> Result<Value, String> {
    let text = match call.arguments.trim() {
        "" => "{}",
        text => text,
    };
    let document = json::parse(text.as_bytes()).map_err(malformed)?;
    Node::root(&document).object().map_err(malformed)?;
    Ok(document)
}

fn malformed(error: JsonError) -> String {
    ["malformed arguments: ", &error.to_string()].concat()
}

fn required<'a>(node: Node<'a>, key: &str) -> Result<&'a str, String> {
    node.require(key).and_then(Node::text).map_err(malformed)
}

fn edit<'a>(node: Node<'a>) -> Result<Edit<'a>, String> {
    Ok(Edit {
        path: required(node, "path")?,
        old: required(node, "old_text")?,
        new: required(node, "new_text")?,
    })
}

fn lines(node: Node<'_>) -> Result<Lines, String> {
    Ok(Lines {
        first: line_number(node, "start_line")?,
        last: line_number(node, "end_line")?,
    })
}

/// Reads a number. Models also write numbers as strings.
fn line_number(node: Node<'_>, key: &str) -> Result<Option<u64>, String> {
    let Some(value) = node.get(key) else {
        return Ok(None);
    };
    if let Some(number) = value.as_text().and_then(|text| text.parse().ok()) {
        return Ok(Some(number));
    }
    value.whole().map(Some).map_err(malformed)
}

fn fetch_arguments<'a>(node: Node<'a>) -> Result<fetch::Arguments<'a>, String> {
    Ok(fetch::Arguments {
        url: required(node, "url")?,
        method: node.text_of("method").map_or(Ok(Method::Get), method)?,
        body: node.text_of("body"),
        content_type: node.text_of("content_type"),
    })
}

fn result(call: &ToolCall, content: String, is_error: bool) -> ToolResult {
    ToolResult {
        id: call.id.clone(),
        content,
        is_error,
    }
}
