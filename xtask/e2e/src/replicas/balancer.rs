//! nginx in front of replicas.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::Path,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use devkit::child::Guarded;
use xshell::{Shell, cmd};

/// The longest time to start.
const LIMIT: Duration = Duration::from_secs(20);

/// The configuration of nginx.
const CONFIG: &str = include_str!("nginx.conf");

/// A running nginx. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Balancer {
    _process: Guarded,
    address: String,
}

impl Balancer {
    /// Starts `nginx` in front of `replicas`, addresses with ports, with its files in `directory`.
    pub(super) fn start(nginx: &Path, replicas: &[String], directory: &Path) -> Result<Self> {
        let shell = Shell::new()?;
        let port = free_port()?;
        fs::create_dir_all(directory).context("could not make the directory of nginx")?;
        let servers: Vec<String> = replicas
            .iter()
            .map(|address| format!("server {address} max_fails=0;"))
            .collect();
        let config = CONFIG
            .replace("DIRECTORY", &directory.display().to_string())
            .replace("PORT", &port.to_string())
            .replace("SERVERS", &servers.join("\n        "));
        let file = directory.join("nginx.conf");
        fs::write(&file, config).context("could not write the configuration of nginx")?;
        let command = cmd!(shell, "{nginx} -p {directory} -c {file}");
        let streams = [Stdio::null(), Stdio::null(), Stdio::inherit()];
        let mut process = Guarded::spawn(command, streams, "start nginx")?;
        let address = format!("127.0.0.1:{port}");
        let deadline = Instant::now() + LIMIT;
        while TcpStream::connect(&address).is_err() {
            ensure!(!process.has_ended()?, "nginx ended");
            ensure!(Instant::now() < deadline, "nginx does not listen");
            thread::sleep(Duration::from_millis(10));
        }
        Ok(Self {
            _process: process,
            address,
        })
    }

    /// Returns its address.
    pub(super) fn address(&self) -> &str {
        &self.address
    }
}

/// Returns a port that nobody uses at this moment.
pub(super) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("could not find a free port")?;
    Ok(listener.local_addr()?.port())
}
