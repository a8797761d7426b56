//! The MCP servers of a configuration: their tools, and calls of them over the network or to child processes.
//!
//! `clawft-mcp` decides what to send and reads the answers. This module adds the connections, the processes and
//! the clock.

pub(crate) mod environment;
mod http;
mod process;
mod stderr;
mod stdio;

use std::sync::{Arc, PoisonError, RwLock};

use clawft_mcp::{Catalog, McpError, Outcome, Tool};
use clawft_types::{
    ToolCall, ToolResult,
    config::mcp::{McpServer, McpTransport},
};
use reqwest::Client;
use tokio::{sync::Mutex, time::Instant};

use crate::{home::environment::variable, stop::Stop};

/// The servers of a configuration. It is cheap to clone; all clones share the servers, and each server performs
/// one operation at a time. Child processes end with the last clone.
#[derive(Clone)]
pub struct McpServers(Arc<Inner>);

struct Inner {
    servers: Vec<Arc<Server>>,
    /// The reasons why configured servers cannot be used at all.
    unusable: Vec<McpError>,
}

struct Server {
    connection: Mutex<Connection>,
    /// The tools as they were listed last, to be read during a call.
    tools: RwLock<Arc<[Tool]>>,
}

/// A server, and the time of its last list.
struct Connection {
    peer: Peer,
    listed: Option<Instant>,
}

enum Peer {
    Http(Box<http::Peer>),
    Stdio(Box<stdio::Peer>),
}

impl McpServers {
    /// Returns the servers of `config`, which share the connections of `client`. Nothing is connected or
    /// started. Environment variables are read here.
    pub fn new(client: &Client, config: &[McpServer]) -> McpServers {
        let peer = |config: &McpServer| {
            Ok(match config.transport {
                McpTransport::Http { .. } => {
                    Peer::Http(Box::new(http::Peer::new(client, config, &variable)?))
                }
                _ => Peer::Stdio(Box::new(stdio::Peer::new(config, &variable)?)),
            })
        };
        let (mut servers, mut unusable) = (Vec::new(), Vec::new());
        for config in config {
            match peer(config) {
                Ok(peer) => servers.push(Arc::new(Server {
                    connection: Mutex::new(Connection { peer, listed: None }),
                    tools: RwLock::new(Arc::new([])),
                })),
                Err(error) => unusable.push(error),
            }
        }
        McpServers(Arc::new(Inner { servers, unusable }))
    }

    /// Reads the lists of tools that are not known or may have changed, from all servers at once. Returns
    /// warnings for the user as sentence fragments: a server that does not answer offers no tools. A `stop`
    /// ends the wait.
    pub async fn list(&self, stop: &Stop) -> Vec<String> {
        let running: Vec<_> = self
            .0
            .servers
            .iter()
            .map(|server| {
                let server = Arc::clone(server);
                tokio::spawn(async move { server.list().await })
            })
            .collect();
        let mut warnings: Vec<_> = self.0.unusable.iter().map(ToString::to_string).collect();
        for task in running {
            let abort = task.abort_handle();
            tokio::select! {
                listed = task => warnings.extend(listed.unwrap_or_default()),
                () = stop.stopped() => abort.abort(),
            }
        }
        warnings
    }

    /// Returns the tools of all servers, as they were listed last.
    pub fn tools(&self) -> Vec<Tool> {
        let known = self.0.servers.iter().map(|server| server.tools());
        known.flat_map(|tools| tools.to_vec()).collect()
    }

    /// Calls the tool of a server that was listed under the name in `call`; `None` if there is none. A failure is
    /// a result with an error message. Dropping the future ends the call, and with it a child process.
    pub async fn call(&self, call: &ToolCall) -> Option<ToolResult> {
        let has = |server: &&Arc<Server>| {
            server
                .tools()
                .iter()
                .any(|tool| tool.definition.name == call.name)
        };
        let server = self.0.servers.iter().find(has)?;
        Some(server.call(call).await)
    }

    /// Ends all child processes: closes their standard input, and kills those that do not end in time.
    pub async fn close(&self) {
        for server in &self.0.servers {
            if let Peer::Stdio(peer) = &mut server.connection.lock().await.peer {
                peer.close().await;
            }
        }
    }
}

impl Server {
    fn tools(&self) -> Arc<[Tool]> {
        Arc::clone(&self.tools.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the list unless the known one can be used, and returns warnings.
    async fn list(&self) -> Vec<String> {
        let mut connection = self.connection.lock().await;
        let Connection { peer, listed } = &mut *connection;
        peer.settle().await;
        if listed.is_some_and(|time| peer.catalog().is_fresh(time.elapsed())) {
            return Vec::new();
        }
        *listed = None;
        let outcome = match peer {
            Peer::Http(peer) => peer.list().await,
            Peer::Stdio(peer) => peer.list().await,
        };
        *self.tools.write().unwrap_or_else(PoisonError::into_inner) = peer.catalog().tools().into();
        match outcome {
            Outcome::Listed(Err(error)) => vec![error.to_string()],
            _ => {
                *listed = Some(Instant::now());
                let name = peer.name().to_owned();
                let warnings = peer.catalog().warnings().iter();
                warnings
                    .map(|warning| format!("MCP server `{name}`: {warning}"))
                    .collect()
            }
        }
    }

    async fn call(&self, call: &ToolCall) -> ToolResult {
        let mut connection = self.connection.lock().await;
        let outcome = match &mut connection.peer {
            Peer::Http(peer) => peer.call(call).await,
            Peer::Stdio(peer) => peer.call(call).await,
        };
        match outcome {
            Outcome::Called(result) => result,
            Outcome::Listed(_) => ToolResult {
                id: call.id.clone(),
                content: "the call was not made".to_owned(),
                is_error: true,
            },
        }
    }
}

impl Peer {
    fn catalog(&self) -> &Catalog {
        match self {
            Peer::Http(peer) => peer.catalog(),
            Peer::Stdio(peer) => peer.catalog(),
        }
    }

    fn name(&self) -> &str {
        match self {
            Peer::Http(peer) => peer.name(),
            Peer::Stdio(peer) => peer.name(),
        }
    }

    /// Takes note of what a child process has written since the last operation.
    async fn settle(&mut self) {
        if let Peer::Stdio(peer) = self {
            peer.settle().await;
        }
    }
}
