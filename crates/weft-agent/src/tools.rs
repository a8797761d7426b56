//! The tools of an agent on this machine: the built-in ones and those of MCP servers, under the user's permissions.
//!
//! `clawft-tools` and `clawft-mcp` decide; this module performs. A call ends in a result for the model, whatever
//! goes wrong.

mod command;
mod fetch;

use std::{
    path::{Path, PathBuf},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

use clawft_mcp::Tool;
use clawft_tools::{
    Decision as Check, Declined, Outcome, Permission, Permissions, Settings, Toolbox,
    toolbox::{declined, line, preview},
};
use clawft_types::{
    ToolCall, ToolDefinition, ToolResult,
    config::mcp::{self, McpServer},
};

use crate::{
    blocking,
    error::Error,
    home::{ConfigFile, Home},
    mcp::McpServers,
    stop::Stop,
    workspace,
};

/// The decision about a call, which comes later: whether it is permitted, or `None` if nobody has answered.
pub type Decision = Pin<Box<dyn Future<Output = Option<bool>> + Send>>;

/// The user of an agent, as far as its tools are concerned. Each method may be called on any thread.
pub trait User: Send + Sync {
    /// Shows that a call begins: its name and most telling argument, in one line that is safe on a terminal.
    fn notice(&self, call: &str);

    /// Takes note of a call that begins, with its arguments.
    fn called(&self, _call: &ToolCall) {}

    /// Takes note of the result of a call.
    fn returned(&self, _call: &ToolCall, _result: &ToolResult) {}

    /// Asks for permission for a call whose effect `preview` shows, in lines that are safe on a terminal. Blocks
    /// until there is an answer. `None` if nobody can be asked.
    fn permits(&self, call: &str, preview: &str) -> Option<bool>;

    /// Does the same without blocking, for users who are not at a terminal. `None` if [`Self::permits`] is to be used.
    fn decides(&self, _call: &str, _preview: &str) -> Option<Decision> {
        None
    }

    /// Returns whether somebody can be asked. Without anybody, no commands are offered.
    fn is_present(&self) -> bool;

    /// Returns whether tools are offered whose calls need a permission. Without anybody, such a call is refused.
    fn may_be_asked(&self) -> bool {
        true
    }
}

/// Nobody, whom an agent without a user has: only tools are offered that the configuration allows without asking.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nobody;

impl User for Nobody {
    fn notice(&self, _call: &str) {}

    fn permits(&self, _call: &str, _preview: &str) -> Option<bool> {
        None
    }

    fn is_present(&self) -> bool {
        false
    }

    fn may_be_asked(&self) -> bool {
        false
    }
}

/// The tools of an agent.
pub struct Tools {
    toolbox: Arc<Mutex<Toolbox>>,
    permissions: Permissions,
    servers: McpServers,
    /// The clients of `fetch`, which refuse private addresses.
    fetcher: Option<fetch::Clients>,
    /// The directory in which commands run.
    directory: Option<PathBuf>,
    user: Arc<dyn User>,
}

impl Tools {
    /// Returns the tools that the configuration names; `None` if it names none. Files are reached below
    /// `workspace` only. Servers of tools share the connections of `client`. Nothing is connected or started.
    ///
    /// # Errors
    /// On invalid settings, and if the workspace cannot be used.
    pub fn new(
        client: &reqwest::Client,
        home: &Home,
        file: &ConfigFile,
        workspace: Option<&Path>,
        user: Arc<dyn User>,
    ) -> Result<Option<Tools>, Error> {
        let (settings, servers) = read_settings(file)?;
        if settings == Settings::default() && servers.is_empty() {
            return Ok(None);
        }
        let mut host = workspace::host(workspace, home)?;
        host.commands = user.is_present();
        Ok(Some(Tools {
            permissions: settings.permissions.clone(),
            servers: McpServers::new(client, &servers),
            fetcher: settings.fetch.as_ref().map(fetch::Clients::new).transpose()?,
            directory: workspace.map(Path::to_owned),
            toolbox: Arc::new(Mutex::new(Toolbox::new(settings, host))),
            user,
        }))
    }

    /// Checks what the configuration says about tools. Nothing is connected or started.
    ///
    /// # Errors
    /// On invalid settings.
    pub fn check(file: &ConfigFile) -> Result<(), Error> {
        read_settings(file).map(drop)
    }

    /// Returns the same tools with the notes of another home directory, and without a workspace: it would have to be
    /// guarded against the files of both. They share the servers.
    ///
    /// # Errors
    /// If the home directory cannot be used.
    pub(crate) fn at(&self, home: &Home) -> Result<Tools, Error> {
        let settings = lock(&self.toolbox).settings().clone();
        let mut host = workspace::host(None, home)?;
        host.commands = self.user.is_present();
        Ok(Tools {
            toolbox: Arc::new(Mutex::new(Toolbox::new(settings, host))),
            permissions: self.permissions.clone(),
            servers: self.servers.clone(),
            fetcher: self.fetcher.clone(),
            directory: None,
            user: Arc::clone(&self.user),
        })
    }

    /// Returns the same tools for another user, with the same notes and servers. Commands are offered as before.
    pub(crate) fn for_user(&self, user: Arc<dyn User>) -> Tools {
        Tools {
            toolbox: Arc::clone(&self.toolbox),
            permissions: self.permissions.clone(),
            servers: self.servers.clone(),
            fetcher: self.fetcher.clone(),
            directory: self.directory.clone(),
            user,
        }
    }

    /// Returns the definitions of the tools that are offered, and warnings for the user: a server that does not
    /// answer offers none.
    pub(crate) async fn offer(&self, stop: &Stop) -> (Vec<ToolDefinition>, Vec<String>) {
        let warnings = self.servers.list(stop).await;
        let asks = self.user.may_be_asked();
        let mut definitions = {
            let toolbox = lock(&self.toolbox);
            let mut definitions = toolbox.definitions();
            definitions.retain(|tool| asks || toolbox.allows(&tool.name));
            definitions
        };
        let foreign = self.servers.tools();
        let offered = foreign.into_iter().filter(|tool| match self.permission(tool) {
            Permission::Allow => true,
            Permission::Ask => asks,
            Permission::Deny => false,
        });
        definitions.extend(offered.map(|tool| tool.definition));
        (definitions, warnings)
    }

    /// Returns the name of a tool in permissions, for the user: the model has another one for the tools of servers.
    pub(crate) fn shown_name(&self, name: &str) -> String {
        shown_name(name, &self.servers.tools()).to_owned()
    }

    /// Performs a call. Dropping the future ends it.
    pub(crate) async fn perform(&self, call: ToolCall) -> ToolResult {
        let tools = self.servers.tools();
        self.user.notice(&line(&named(&call, &tools)));
        self.user.called(&call);
        let result = match tools.iter().find(|tool| tool.definition.name == call.name) {
            Some(tool) => self.call_server(&call, tool).await,
            None => self.call_own(&call).await,
        };
        self.user.returned(&call, &result);
        result
    }

    async fn call_server(&self, call: &ToolCall, tool: &Tool) -> ToolResult {
        let permitted = match self.permission(tool) {
            Permission::Allow => Ok(()),
            Permission::Ask => {
                let shown = named(call, std::slice::from_ref(tool));
                self.ask(&shown, preview(&shown)).await
            }
            Permission::Deny => Err(Declined::ByUser),
        };
        if let Err(reason) = permitted {
            return declined(call, reason);
        }
        match self.servers.call(call).await {
            Some(result) => result,
            None => failed(call, "the server no longer offers this tool"),
        }
    }

    async fn call_own(&self, call: &ToolCall) -> ToolResult {
        let decision = self.with_toolbox({
            let call = call.clone();
            move |toolbox| toolbox.check(&call)
        });
        match decision.await {
            Ok(Check::Allow) => {}
            Ok(Check::Ask(preview)) => {
                if let Err(reason) = self.ask(call, preview).await {
                    return declined(call, reason);
                }
            }
            Ok(Check::Refuse(result)) => return result,
            Err(error) => return failed(call, &error.to_string()),
        }
        let outcome = self.with_toolbox({
            let call = call.clone();
            move |toolbox| toolbox.start(&call)
        });
        match outcome.await {
            Ok(Outcome::Done(result)) => result,
            Ok(Outcome::Http(machine, request)) => match &self.fetcher {
                Some(clients) => fetch::perform(clients, *machine, request).await,
                None => failed(call, "the host does not grant this"),
            },
            Ok(Outcome::Command(text)) => command::run(call, &text, self.directory.as_deref()).await,
            Err(error) => failed(call, &error.to_string()),
        }
    }

    /// Ends the programs of MCP servers.
    pub async fn close(&self) {
        self.servers.close().await;
    }

    /// Returns the permission of a server's tool. The user did not write it, so the default is to ask.
    fn permission(&self, tool: &Tool) -> Permission {
        self.permissions.of(&tool.permission, Permission::Ask)
    }

    /// Asks the user, on another thread.
    async fn ask(&self, call: &ToolCall, preview: String) -> Result<(), Declined> {
        let user = Arc::clone(&self.user);
        let call = line(call);
        let answer = match user.decides(&call, &preview) {
            Some(decision) => Ok(decision.await),
            None => blocking::run(move || user.permits(&call, &preview)).await,
        };
        match answer {
            Ok(Some(true)) => Ok(()),
            Ok(None) => Err(Declined::NoTerminal),
            Ok(Some(false)) | Err(_) => Err(Declined::ByUser),
        }
    }

    /// Runs file operations on another thread.
    async fn with_toolbox<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Toolbox) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let toolbox = Arc::clone(&self.toolbox);
        blocking::run(move || work(&mut lock(&toolbox))).await
    }
}

/// Reads what the configuration says about tools, and about the servers of tools.
fn read_settings(file: &ConfigFile) -> Result<(Settings, Vec<McpServer>), Error> {
    file.part(|root| Ok((Settings::read(root.get("tools"))?, mcp::servers(root)?)))
}

/// Returns the call with the tool's name in permissions, which is the one that the user can write into rules.
fn named(call: &ToolCall, tools: &[Tool]) -> ToolCall {
    ToolCall {
        name: shown_name(&call.name, tools).to_owned(),
        ..call.clone()
    }
}

fn shown_name<'a>(name: &'a str, tools: &'a [Tool]) -> &'a str {
    let found = tools.iter().find(|tool| tool.definition.name == name);
    found.map_or(name, |tool| &tool.permission)
}

fn lock(toolbox: &Mutex<Toolbox>) -> std::sync::MutexGuard<'_, Toolbox> {
    toolbox.lock().unwrap_or_else(PoisonError::into_inner)
}

fn failed(call: &ToolCall, message: &str) -> ToolResult {
    ToolResult {
        id: call.id.clone(),
        content: message.to_owned(),
        is_error: true,
    }
}
