//! `weft mcp`: the tools of the configured MCP servers, and a call of one of them, to try a configuration.

use clawft_mcp::Tool;
use clawft_types::{ToolCall, config::mcp, json::Writer};
use tokio::{runtime::Builder, signal::ctrl_c};
use weft_agent::{Agent, ConfigFile, Error, Fault, Home, McpServers, Stop};

use super::{
    args::{Mcp, McpAction},
    exit::Exit,
    nearest::nearest,
    print_line,
    terminal::{self, Sanitizer, print},
};

impl Mcp {
    pub(crate) fn run(self, home: &Home) -> Result<Exit, Error> {
        let config = ConfigFile::read(home)?.part(mcp::servers)?;
        if config.is_empty() {
            return Err(Error::other(
                "no MCP server is configured: `tools.mcp` in the configuration lists them",
            ));
        }
        let servers = McpServers::new(Agent::new(home)?.client(), &config);
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime =
            runtime.map_err(|error| Error::other(format!("cannot wait for the network: {error}")))?;
        runtime.block_on(async {
            let done = tokio::select! {
                done = self.action.run(&servers) => done,
                Ok(()) = ctrl_c() => Err(Fault::Stopped.into()),
            };
            servers.close().await;
            done
        })
    }
}

impl McpAction {
    async fn run(self, servers: &McpServers) -> Result<Exit, Error> {
        let warnings = servers.list(&Stop::new()).await;
        terminal::warn(&warnings);
        let tools = servers.tools();
        match self {
            McpAction::List { json } => {
                if json {
                    print_line(to_json(&tools))?;
                } else {
                    print(&Sanitizer::for_output().text(&lines(&tools)))?;
                }
                Ok(if warnings.is_empty() {
                    Exit::Success
                } else {
                    Exit::Failure
                })
            }
            McpAction::Call { tool, arguments } => call(servers, &tools, &tool, arguments).await,
        }
    }
}

/// Calls the tool that has `name` in permissions or for the model.
async fn call(servers: &McpServers, tools: &[Tool], name: &str, arguments: String) -> Result<Exit, Error> {
    let named = |tool: &&Tool| tool.permission == name || tool.definition.name == name;
    let Some(tool) = tools.iter().find(named) else {
        return Err(unknown(tools, name));
    };
    let call = ToolCall {
        id: String::new(),
        name: tool.definition.name.to_string(),
        arguments,
        extra: String::new(),
    };
    let Some(result) = servers.call(&call).await else {
        return Err(Error::other("the server of this tool is gone"));
    };
    print(&(Sanitizer::for_output().text(&result.content).into_owned() + "\n"))?;
    Ok(if result.is_error {
        Exit::Failure
    } else {
        Exit::Success
    })
}

/// Returns the error for a name that no tool has, with the one that is meant: that of a tool without its server, or one
/// that differs little.
fn unknown(tools: &[Tool], name: &str) -> Error {
    let bare = format!(".{name}");
    let names = || tools.iter().map(|tool| &*tool.permission);
    let meant = names()
        .find(|known| known.ends_with(&bare))
        .or_else(|| nearest(name, names()));
    let meant = meant.map_or_else(String::new, |known| format!(", perhaps `{known}` is meant"));
    Error::other(format!(
        "there is no tool `{name}`: `weft mcp list` prints them{meant}"
    ))
}

/// The length of a description in the list, in characters.
const SHOWN: usize = 80;

/// Returns a line for each tool: its name in permissions, and the beginning of its description.
fn lines(tools: &[Tool]) -> String {
    let width = tools
        .iter()
        .map(|tool| tool.permission.len())
        .max()
        .unwrap_or_default();
    let line = |tool: &Tool| {
        let description = tool
            .definition
            .description
            .trim()
            .lines()
            .next()
            .unwrap_or_default();
        let shown: String = description.chars().take(SHOWN).collect();
        let rest = if shown.len() < description.len() {
            "…"
        } else {
            ""
        };
        let line = format!("{:width$}  {shown}{rest}", tool.permission);
        line.trim_end().to_owned() + "\n"
    };
    tools.iter().map(line).collect()
}

fn to_json(tools: &[Tool]) -> Writer {
    let mut writer = Writer::default();
    writer.array(tools, |writer, tool| {
        writer.object(|object| {
            object.text_member("name", &tool.permission);
            object.text_member("model_name", &tool.definition.name);
            object.text_member("description", &tool.definition.description);
            object.literal_member("parameters", &tool.definition.parameters);
        });
    });
    writer
}
