//! The mock provider as a child process, and the requests that it received.

use std::{
    net::{Ipv4Addr, SocketAddrV4},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use builds::files;
use devkit::{cargo, child::Guarded, project::Project, ui};
use serde::Deserialize;
use serde_json::Value;
use xshell::{Shell, cmd};

use crate::{
    message,
    test_host::{Certificate, TlsFront},
};

/// A running `mock-provider`. It ends when this is dropped, and also when this process dies, because its standard
/// input is a pipe from here.
#[derive(Debug)]
pub struct Provider {
    _process: Guarded,
    program: PathBuf,
    base: String,
    /// The address without TLS.
    plain: String,
    front: Option<TlsFront>,
    log: PathBuf,
}

/// A request in the provider's log.
#[derive(Debug, Deserialize)]
pub struct Request {
    /// Method, normally `POST`.
    pub method: String,
    /// Path, which begins with the scenario and the label.
    pub path: String,
    headers: Vec<(String, String)>,
    /// Body as text.
    pub body: String,
    /// Length of the body in bytes.
    pub body_length: usize,
}

impl Provider {
    /// Builds the mock provider and starts it on a free port. Requests are appended to `log`.
    pub fn start(project: &Project, log: &Path) -> Result<Self> {
        let shell = project.shell()?;
        ui::status("Building", "mock-provider");
        let build = cargo::cargo(&shell, "build").args(["--package", "mock-provider"]);
        let program = cargo::executable(build, "build mock-provider")?;
        Self::spawn(program, SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0), log)
    }

    /// Starts a second one on `address`, which is unused. Port 0 means any free one.
    pub fn another(&self, address: SocketAddrV4, log: &Path) -> Result<Self> {
        Self::spawn(self.program.clone(), address, log)
    }

    fn spawn(program: PathBuf, address: SocketAddrV4, log: &Path) -> Result<Self> {
        let shell = Shell::new().context("could not find the current directory")?;
        let host = address.ip().to_string();
        let port = address.port().to_string();
        let command = cmd!(shell, "{program} --host {host} --port {port} --log {log}");
        let (process, base) = Guarded::server(command, "mock-provider")?;
        ensure!(
            base.starts_with("http://"),
            "mock-provider printed `{base}` where its address should be"
        );
        Ok(Self {
            _process: process,
            program,
            plain: base.clone(),
            base,
            front: None,
            log: log.to_owned(),
        })
    }

    /// Makes later requests go through `front`.
    pub fn put_behind(&mut self, front: TlsFront) -> Result<()> {
        self.base = front.address(Certificate::Trusted)?;
        self.front = Some(front);
        Ok(())
    }

    /// Returns the TLS front of the provider.
    pub fn front(&self) -> Result<&TlsFront> {
        self.front
            .as_ref()
            .context("this case is about TLS, and the server is plain")
    }

    /// Returns the part of its address that [`Self::api_base`] begins with, and the same without TLS.
    pub fn addresses(&self) -> [&str; 2] {
        [&self.base, &self.plain]
    }

    /// Returns its port as text.
    pub fn port(&self) -> &str {
        self.base.rsplit(':').next().unwrap_or_default()
    }

    /// Returns the `api_base` under which requests are answered by `scenario` and logged under `label`.
    pub fn api_base(&self, scenario: &str, label: &str) -> String {
        format!("{}/{scenario}/{label}/v1", self.base)
    }

    /// Returns the requests that were logged under `label` or a label within it, in the order of their arrival.
    pub fn requests(&self, label: &str) -> Result<Vec<Request>> {
        // The provider makes the file when it starts, and writes each line before it answers the request.
        let log = files::read(&self.log)?;
        let lines = log
            .split_inclusive(|byte| *byte == b'\n')
            .filter(|line| line.ends_with(b"\n"));
        let ours = lines
            .filter(|line| is_labelled(line, label))
            .map(serde_json::from_slice);
        ours.collect::<Result<Vec<Request>, _>>()
            .context("could not read mock-provider's log")
    }
}

/// Returns whether a line of the log has `label` in its path. Lines are long and many, so most are not parsed as
/// JSON.
fn is_labelled(line: &[u8], label: &str) -> bool {
    let head = String::from_utf8_lossy(&line[..line.len().min(500)]);
    let Some((_, path)) = head.split_once(r#""path":"/"#) else {
        return false;
    };
    path.split_once('/')
        .and_then(|(_, path)| path.strip_prefix(label))
        .is_some_and(|rest| rest.starts_with('/'))
}

impl Request {
    /// Returns the value of the header `name`, in lower case; fails unless it was sent exactly once.
    pub fn header(&self, name: &str) -> Result<&str> {
        let mut values = self
            .headers
            .iter()
            .filter(|(known, _)| known == name)
            .map(|(_, value)| value.as_str());
        let value = values
            .next()
            .with_context(|| format!("the request has no header `{name}`"))?;
        ensure!(
            values.next().is_none(),
            "the request has the header `{name}` more than once"
        );
        Ok(value)
    }

    /// Returns whether the header `name`, in lower case, was sent.
    pub fn has_header(&self, name: &str) -> bool {
        self.headers.iter().any(|(known, _)| known == name)
    }

    /// Returns the body as JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.body).context("the request's body is not JSON")
    }

    /// Checks that the body has exactly these messages, as pairs of role and content.
    pub fn carries(&self, expected: &[(&str, &str)]) -> Result<()> {
        let found = self.messages()?;
        ensure!(
            message::same_messages(&found, expected),
            "the request carries {found:?}"
        );
        Ok(())
    }

    /// Returns the messages in the body as pairs of role and content.
    pub fn messages(&self) -> Result<Vec<(String, String)>> {
        message::messages(&self.json()?).context("the request's body holds no messages")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_belongs_to_its_label_and_outer_ones() {
        let line = br#"{"method":"POST","path":"/ok/a-case/inner/v1/messages","headers":[]}"#;
        assert!(is_labelled(line, "a-case") && is_labelled(line, "a-case/inner"));
        assert!(!is_labelled(line, "a") && !is_labelled(line, "ok") && !is_labelled(b"{}", "a"));
    }
}
