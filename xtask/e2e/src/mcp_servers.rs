//! The MCP servers of others that `weft` and the component are tried with.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use devkit::{
    child::{Guarded, between_files},
    project::Project,
};
use serde_json::{Value, json};
use toolchain::{Node, Python};
use xshell::{Cmd, Shell, cmd};

/// The time for a server to listen, on a busy machine.
const START: Duration = Duration::from_secs(60);

/// Held while packages are fetched: cases run at the same time.
static FETCHING: Mutex<()> = Mutex::new(());

/// The programs of the servers.
#[derive(Debug)]
pub(crate) struct Servers {
    /// The directory of the programs from npm.
    node: PathBuf,
    /// The interpreter that has the SDK for Python.
    python: PathBuf,
    script: PathBuf,
}

/// A running server behind a URL. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    _process: Guarded,
    pub(crate) url: String,
    log: PathBuf,
}

impl Servers {
    /// Finds the servers, which are fetched if necessary.
    pub(crate) fn find(project: &Project) -> Result<Self> {
        let _fetching = FETCHING.lock();
        Ok(Self {
            node: toolchain::node(project, Node::Mcp)?,
            python: toolchain::python(project, Python::Mcp)?.join("python3"),
            script: project.root.join("xtask/acceptance/mcp_server.py"),
        })
    }

    /// Returns the configuration of the reference server as a child process.
    pub(crate) fn everything(&self) -> Value {
        json!({"command": self.node.join("mcp-server-everything"), "args": ["stdio"], "timeout_secs": 60})
    }

    /// Returns the configuration of the server of files below `directory`.
    pub(crate) fn files(&self, directory: &Path) -> Value {
        json!({"command": self.node.join("mcp-server-filesystem"), "args": [directory], "timeout_secs": 60})
    }

    /// Returns the configuration of a server of the SDK for Python as a child process.
    pub(crate) fn python(&self) -> Value {
        json!({"command": self.python, "args": ["-B", self.script, "stdio"], "timeout_secs": 60})
    }

    /// Returns the configuration of a server of an older SDK for Python as a child process.
    pub(crate) fn older(&self, project: &Project) -> Result<Value> {
        let _fetching = FETCHING.lock();
        let mut server = self.python();
        server["command"] = json!(toolchain::python(project, Python::McpOlder)?.join("python3"));
        Ok(server)
    }

    /// Starts the reference server behind a URL, with its log in the file `log`.
    pub(crate) fn start_everything(&self, shell: &Shell, log: &Path) -> Result<Server> {
        let program = self.node.join("mcp-server-everything");
        let port = free_port()?;
        let command = cmd!(shell, "{program} streamableHttp").env("PORT", port.to_string());
        Server::start(command, port, log)
    }

    /// Starts a server of the SDK for Python behind a URL, with its log in the file `log`.
    pub(crate) fn start_python(&self, shell: &Shell, log: &Path) -> Result<Server> {
        let python = &self.python;
        let script = &self.script;
        let port = free_port()?.to_string();
        let command = cmd!(shell, "{python} -B {script} http {port}");
        Server::start(command, port.parse()?, log)
    }

    /// Starts a web server of the files in `directory`, with its log in the file `log`. Its URL has no path.
    pub(crate) fn start_web(&self, shell: &Shell, directory: &Path, log: &Path) -> Result<Server> {
        let python = &self.python;
        let port = free_port()?.to_string();
        let command = cmd!(
            shell,
            "{python} -u -m http.server {port} --bind 127.0.0.1 --directory {directory}"
        );
        let mut server = Server::start(command, port.parse()?, log)?;
        server.url = format!("http://127.0.0.1:{port}");
        Ok(server)
    }
}

impl Server {
    fn start(command: Cmd<'_>, port: u16, log: &Path) -> Result<Self> {
        let streams = between_files([Path::new("/dev/null"), &log.with_extension("out"), log])?;
        let mut process = Guarded::spawn(command, streams, "start an MCP server")?;
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            ensure!(!process.has_ended()?, "the MCP server ended before it listened");
            ensure!(
                begun.elapsed() < START,
                "the MCP server does not listen after {} s",
                START.as_secs()
            );
            thread::sleep(Duration::from_millis(20));
        }
        Ok(Self {
            _process: process,
            url: format!("http://127.0.0.1:{port}/mcp"),
            log: log.to_owned(),
        })
    }

    /// Returns how often `text` is in its log.
    pub(crate) fn logged(&self, text: &str) -> Result<usize> {
        let logged = |path: &Path| -> Result<usize> {
            let log = fs::read_to_string(path).context("could not read the log of an MCP server")?;
            Ok(log.matches(text).count())
        };
        Ok(logged(&self.log)? + logged(&self.log.with_extension("out"))?)
    }
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("could not listen on loopback")?;
    Ok(listener.local_addr()?.port())
}

/// Returns a configuration of a child process whose output is also written to the file `log`.
pub(crate) fn logged(server: &Value, log: &Path) -> Value {
    const SCRIPT: &str = "log=$1; shift; \"$@\" | tee \"$log\"";
    let mut arguments = vec![
        json!("-c"),
        json!(SCRIPT),
        json!("sh"),
        json!(log),
        server["command"].clone(),
    ];
    arguments.extend(server["args"].as_array().cloned().unwrap_or_default());
    let mut changed = server.clone();
    changed["command"] = json!("sh");
    changed["args"] = Value::Array(arguments);
    changed
}
