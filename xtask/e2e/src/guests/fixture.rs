//! The fixture of all cases: the artifacts, the tools that run them, the server, and a directory to work in.

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
    /// The artifacts under test.
    pub(super) shipped: Shipped,
    /// The runtime.
    pub(super) host: Host,
    /// The one answer that the hostile server is to give, if it is not to give a thousand.
    pub(super) seed: Option<u64>,
    /// Where the answers of the hostile server begin; another place in each run.
    pub(super) first_seed: u64,
    /// The wasm-tools command.
    pub(super) wasm_tools: PathBuf,
    /// The server that plays the model. Declared before the directory, so that it has ended when its log is removed.
    pub(super) provider: Provider,
    /// The component as wasmtime compiled it, once that is needed.
    compiled: OnceLock<PathBuf>,
    directory: WorkDirectory,
}

impl Fixture {
    /// Starts what the cases need, to run what is `shipped` on `host`.
    pub(super) fn prepare(
        project: &Project,
        shipped: Shipped,
        host: Host,
        options: &Options,
    ) -> Result<Self> {
        let (seed, directory) = (options.seed, WorkDirectory::new(options.keep)?);
        let provider = Provider::start(project, &directory.path().join("requests.jsonl"))?;
        let wasm_tools = toolchain::tool(project, Tool::WasmTools)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let first_seed = now.as_secs() * 1000;
        let compiled = OnceLock::new();
        Ok(Self { shipped, host, seed, first_seed, wasm_tools, provider, compiled, directory })
    }

    /// With the component in a host of our own, and TLS in front of the server.
    pub(super) fn embedded(mut self) -> Result<Self> {
        let (shell, port) = (self.shell()?, self.provider.port());
        self.provider.put_behind(TlsFront::start(&shell, &self.wasmtime()?.path, port)?)?;
        self.shipped.component = self.compiled()?.to_owned();
        Ok(self)
    }

    /// The component compiled ahead of time. A case that runs it hundreds of times uses this: compiling takes ten times as
    /// long as running.
    pub(super) fn compiled(&self) -> Result<&Path> {
        if let Some(compiled) = self.compiled.get() {
            return Ok(compiled);
        }
        let (shell, wasmtime, component) = (self.shell()?, &self.wasmtime()?.path, &self.shipped.component);
        let directory = tempfile::tempdir_in(self.directory()).context("could not make a directory")?.keep();
        let compiled = directory.join("clawft.cwasm");
        cmd::run_quietly(
            cmd!(shell, "{wasmtime} compile -o {compiled} {component}"),
            "compile the component",
            20,
        )?;
        Ok(self.compiled.get_or_init(|| compiled))
    }

    /// Tries `case` in a context of its own.
    pub(super) fn attempt(&self, case: &Case) -> Result<(), Failure> {
        let test = GuestContext::new(self, case.name)?;
        (case.check)(&test)
            .map_err(|error| Failure { error: error.context(format!("on {}", self.host)), seen: test.seen() })
    }

    /// A disk and a clock for a host, as they are unless they are told to be otherwise.
    pub(super) fn effects(&self) -> Result<Effects> {
        self.directory.effects()
    }

    /// The wasmtime command; an error where there is none.
    fn wasmtime(&self) -> Result<&Wasmtime> {
        match &self.host {
            Host::Wasmtime(wasmtime) => Ok(wasmtime),
            Host::Wamr(_) => bail!("this case is about wasmtime, and runs on {}", self.host),
        }
    }

    /// The directory that holds one directory for each case.
    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// A shell of one's own, for one thread: shells are not shared between threads.
    pub(super) fn shell(&self) -> Result<Shell> {
        self.directory.shell()
    }
}

/// A runtime for the artifacts.
#[derive(Clone, Debug)]
pub(super) enum Host {
    /// The wasmtime command, or a program of ours that speaks its language.
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
