//! The hosts, and how each is started.

use std::path::{Path, PathBuf};

use anyhow::Result;
use builds::on_demand::OnDemand;
use devkit::{cmd, project::Project};
use testkit::TEST_HOST;
use toolchain::Node;
use xshell::{Cmd, Shell, cmd};

use super::fixture::Fixture;

/// wasmCloud's runtime with a component.
const WASH_HOST: OnDemand = OnDemand {
    package: "wash-host",
    workspace: Some("xtask/wash-host"),
    profile: "wash-host",
    first_time: "wasmCloud's runtime, once for this machine: about 4 minutes on 2 cores",
    sources: &["xtask/wash-host"],
    prepare: |_| Ok(()),
};

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
    /// wasmtime as a library, in the test host.
    Embedded,
    /// wasmCloud's runtime.
    Wash,
}

const fn wasmtime(case: &'static str, title: &'static str, release: &'static str) -> Host {
    host(case, title, Program::Wasmtime(release))
}

const fn host(case: &'static str, title: &'static str, program: Program) -> Host {
    Host {
        case,
        title,
        program,
        p3: false,
        loads: true,
    }
}

/// All hosts, in the order of the page.
pub(super) const HOSTS: [Host; 10] = [
    wasmtime("wasmtime_36", "wasmtime serve 36", "36"),
    wasmtime("wasmtime_42", "wasmtime serve 42", "42"),
    wasmtime("wasmtime_49", "wasmtime serve 49", "49"),
    host("embedded", "wasmtime 48, embedded", Program::Embedded),
    host("wash", "wasmCloud's runtime", Program::Wash),
    host("jco", "jco serve", Program::Jco),
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
    Host {
        p3: true,
        ..host("p3_embedded", "wasmtime 48, embedded", Program::Embedded)
    },
];

impl Host {
    /// Compiles the host, if it is compiled on demand, and `component` into the file `compiled` for a host that takes
    /// nothing else. Returns the file that it serves.
    pub(super) fn prepare(&self, project: &Project, component: &Path, compiled: &Path) -> Result<PathBuf> {
        match self.program {
            Program::Embedded => {
                let shell = Shell::new()?;
                let program = TEST_HOST.ensure_built(project)?;
                let compile = cmd!(shell, "{program} compile -o {compiled} {component}");
                cmd::run(compile, "compile a component for the test host")?;
                return Ok(compiled.to_owned());
            }
            Program::Wash => drop(WASH_HOST.ensure_built(project)?),
            Program::Wasmtime(_) | Program::Jco => {}
        }
        Ok(component.to_owned())
    }

    /// Returns the command that serves `component` on `port` with these environment variables.
    pub(super) fn command<'a>(
        &self,
        shell: &'a Shell,
        fixture: &Fixture,
        component: &Path,
        port: u16,
        variables: &[(&str, String)],
    ) -> Result<Cmd<'a>> {
        // The values may be keys, so they are passed on by name, as documented.
        let names = variables.iter().flat_map(|(name, _)| ["--env", name]);
        let address = format!("127.0.0.1:{port}");
        Ok(match self.program {
            Program::Wasmtime(release) => {
                let program = fixture.wasmtime(release)?;
                cmd!(
                    shell,
                    "{program} serve -S cli --addr {address} {names...} {component}"
                )
            }
            Program::Embedded => {
                let program = TEST_HOST.ensure_built(&fixture.project)?;
                cmd!(shell, "{program} http {address} {names...} {component}")
            }
            Program::Wash => {
                let program = WASH_HOST.ensure_built(&fixture.project)?;
                cmd!(shell, "{program} {address} {names...} {component}")
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
