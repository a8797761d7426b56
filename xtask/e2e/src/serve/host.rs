//! The hosts, and how each is started.

use std::path::Path;

use anyhow::Result;
use toolchain::Node;
use xshell::{Cmd, Shell, cmd};

use super::fixture::Fixture;

/// A host with a component.
#[derive(Debug)]
pub(super) struct Host {
    /// The beginning of the names of its cases.
    pub(super) case: &'static str,
    /// The name for readers.
    pub(super) title: &'static str,
    pub(super) program: Program,
    /// Whether it serves the component for WASI 0.3.
    pub(super) p3: bool,
    /// Whether it loads the component.
    pub(super) loads: bool,
}

/// The program of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Program {
    /// `wasmtime serve` of the release that begins with this number.
    Wasmtime(&'static str),
    /// `jco serve`.
    Jco,
}

const fn wasmtime(case: &'static str, title: &'static str, release: &'static str) -> Host {
    Host {
        case,
        title,
        program: Program::Wasmtime(release),
        p3: false,
        loads: true,
    }
}

/// All hosts, in the order of the page.
pub(super) const HOSTS: [Host; 7] = [
    wasmtime("wasmtime_36", "wasmtime serve 36", "36"),
    wasmtime("wasmtime_42", "wasmtime serve 42", "42"),
    wasmtime("wasmtime_49", "wasmtime serve 49", "49"),
    Host {
        case: "jco",
        title: "jco serve",
        program: Program::Jco,
        p3: false,
        loads: true,
    },
    Host {
        p3: true,
        loads: false,
        ..wasmtime("p3_wasmtime_36", "wasmtime serve 36", "36")
    },
    Host {
        p3: true,
        loads: false,
        ..wasmtime("p3_wasmtime_42", "wasmtime serve 42", "42")
    },
    Host {
        p3: true,
        ..wasmtime("p3_wasmtime_49", "wasmtime serve 49", "49")
    },
];

impl Host {
    /// Returns the command that serves `component` on `port` with these environment variables.
    pub(super) fn command<'a>(
        &self,
        shell: &'a Shell,
        fixture: &Fixture,
        component: &Path,
        port: u16,
        variables: &[(&str, String)],
    ) -> Result<Cmd<'a>> {
        Ok(match self.program {
            Program::Wasmtime(release) => {
                let program = fixture.wasmtime(release)?;
                // The values may be keys, so they are passed on by name, as documented.
                let names = variables.iter().flat_map(|(name, _)| ["--env", name]);
                let address = format!("127.0.0.1:{port}");
                cmd!(
                    shell,
                    "{program} serve -S cli --addr {address} {names...} {component}"
                )
            }
            Program::Jco => {
                let jco = toolchain::node(&fixture.project, Node::Embed)?.join("jco");
                let port = port.to_string();
                // Without workers, a request that waits keeps all others waiting.
                let workers = ["--isolate-requests", "worker", "--isolate-worker-pool-size", "4"];
                cmd!(
                    shell,
                    "node {jco} serve {component} --port {port} --host 127.0.0.1 {workers...}"
                )
            }
        }
        .envs(variables.iter().map(|(name, value)| (name, value))))
    }
}
