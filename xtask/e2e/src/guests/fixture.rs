//! The fixture of all cases: the artifacts, the tools that run them, the mock provider, and a directory to work
//! in.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::OnceLock,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, bail};
use artifacts::Shipped;
use devkit::{cmd, project::Project};
use disk_shim::Effects;
use testkit::{Provider, TlsFront, WorkDirectory};
use toolchain::{Tool, Wasmtime};
use xshell::{Shell, cmd};

use super::{cases::Case, context::GuestContext, wamr::Wamr};
use crate::{harness::Options, report::Failure};

/// Everything that is prepared once, before the first case.
#[derive(Debug)]
pub(super) struct Fixture {
    /// The project, in whose cache further programs are.
    pub(super) project: Project,
    /// The artifacts under test.
    pub(super) shipped: Shipped,
    /// The component as it is shipped, whatever the host runs.
    pub(super) component: PathBuf,
    /// The runtime.
    pub(super) host: Host,
    /// The seed of the only answer of the hostile server; `None` for many.
    pub(super) seed: Option<u64>,
    /// The first seed of the hostile server, which differs in each run.
    pub(super) first_seed: u64,
    /// The wasm-tools command.
    pub(super) wasm_tools: PathBuf,
    /// The mock provider. It is declared before the directory, so that it ends before its log is removed.
    pub(super) provider: Provider,
    /// The component compiled by wasmtime, once that is needed.
    compiled: OnceLock<PathBuf>,
    directory: WorkDirectory,
}

impl Fixture {
    /// Starts everything that cases with the artifacts `shipped` on `host` need.
    pub(super) fn prepare(
        project: &Project,
        shipped: Shipped,
        host: Host,
        options: &Options,
    ) -> Result<Self> {
        let seed = options.seed;
        let directory = WorkDirectory::new(options.keep)?;
        let provider = Provider::start(project, &directory.path().join("requests.jsonl"))?;
        let wasm_tools = toolchain::tool(project, Tool::WasmTools)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let first_seed = now.as_secs() * 1000;
        let compiled = OnceLock::new();
        Ok(Self {
            component: shipped.component.clone(),
            project: project.clone(),
            shipped,
            host,
            seed,
            first_seed,
            wasm_tools,
            provider,
            compiled,
            directory,
        })
    }

    /// Replaces the host by the test host with the embedded component, and adds TLS in front of the provider.
    pub(super) fn embedded(mut self) -> Result<Self> {
        let shell = self.shell()?;
        let port = self.provider.port();
        self.provider
            .put_behind(TlsFront::start(&shell, &self.wasmtime()?.path, port)?)?;
        self.shipped.component = self.compiled()?.to_owned();
        Ok(self)
    }

    /// Returns the component compiled ahead of time. Cases with hundreds of runs use it, because compiling takes
    /// ten times as long as running.
    pub(super) fn compiled(&self) -> Result<&Path> {
        if let Some(compiled) = self.compiled.get() {
            return Ok(compiled);
        }
        let shell = self.shell()?;
        let wasmtime = &self.wasmtime()?.path;
        let component = &self.shipped.component;
        let directory = tempfile::tempdir_in(self.directory())
            .context("could not make a directory")?
            .keep();
        let compiled = directory.join("clawft.cwasm");
        cmd::run_quietly(
            cmd!(shell, "{wasmtime} compile -o {compiled} {component}"),
            "compile the component",
            20,
        )?;
        Ok(self.compiled.get_or_init(|| compiled))
    }

    /// Runs `case` in its own context.
    pub(super) fn attempt(&self, case: &Case) -> Result<(), Failure> {
        let test = GuestContext::new(self, case.name)?;
        (case.check)(&test).map_err(|error| Failure {
            error: error.context(format!("on {}", self.host)),
            seen: test.seen(),
        })
    }

    /// Returns effects on the disk and the clock of a host, with no effect yet.
    pub(super) fn effects(&self) -> Result<Effects> {
        self.directory.effects()
    }

    /// Returns the wasmtime command; fails if the host is another.
    fn wasmtime(&self) -> Result<&Wasmtime> {
        match &self.host {
            Host::Wasmtime(wasmtime) => Ok(wasmtime),
            Host::Wamr(_) => bail!("this case is about wasmtime, and runs on {}", self.host),
        }
    }

    /// Returns the directory that contains one directory for each case.
    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Returns a new shell for one thread: shells are not shared between threads.
    pub(super) fn shell(&self) -> Result<Shell> {
        self.directory.shell()
    }
}

/// A runtime for the artifacts.
#[derive(Clone, Debug)]
pub(super) enum Host {
    /// The wasmtime command, or a program of ours with the same options.
    Wasmtime(Wasmtime),
    /// WAMR.
    Wamr(Wamr),
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wasmtime(wasmtime) => write!(f, "wasmtime {}", wasmtime.version),
            Self::Wamr(wamr) => f.write_str(&wamr.name),
        }
    }
}
