//! The flags of `smoke`.

use clap::{Args, ValueEnum};

use crate::values::{Releases, name};

/// Run the end-to-end tests on the built artifacts
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask smoke wasmtime                the component in wasmtime, against a server on loopback
  cargo xtask smoke wasmtime hostile::      one group of cases; a name runs one case
  cargo xtask smoke wasmtime --version all  the same on all releases in xtask/data/tools.toml
  cargo xtask smoke host                    over TLS, and through the exported functions
  cargo xtask smoke wamr                    the wasip1 module on WAMR
  cargo xtask smoke weft                    the native command: the OpenAI client, a browser, load, kills
  cargo xtask smoke replicas                several gateways on Postgres, killed one after the other
  cargo xtask smoke clients                 the clients that people use, through the gateway
  cargo xtask smoke serve                   the served components on every host of wasi:http
  cargo xtask smoke diet                    wasm-diet on files of many kinds, run before and after
  cargo xtask smoke corpus                  wasm-diet on files of other toolchains, run before and after
  cargo xtask smoke live                    real providers, as far as their keys are in the environment
  cargo xtask smoke install                 the scripts and packages that install weft; weft.exe in wine
  cargo xtask smoke docker                  images: pushed, pulled and run; ci/docker-engine starts an engine
  cargo xtask smoke dockerfile              Dockerfile.multi-arch alone, which compiles everything; takes long

Without --version, WASMTIME names the wasmtime to use. IWASM names the iwasm to use, WEFT the weft
to test, POSTGRES and NGINX the servers beside it.")]
pub struct Smoke {
    /// The runtime
    #[arg(value_enum)]
    pub runtime: Runtime,
    /// Only the cases whose name contains one of these texts
    #[arg(value_name = "FILTER")]
    pub filters: Vec<String>,
    /// Only the cases whose name contains this text, as a FILTER
    #[arg(long, value_name = "TEXT")]
    pub only: Option<String>,
    /// The release of wasmtime, such as 42, or `all` in xtask/data/tools.toml [default: the newest]
    #[arg(long, value_name = "VERSION")]
    pub version: Option<Releases>,
    /// Repeat one response of the hostile server, by the seed that a failure named
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// Print the names of the cases and run none
    #[arg(long)]
    pub list: bool,
    /// Keep the directories of the cases, and print their paths
    #[arg(long)]
    pub keep: bool,
}

/// The runtimes of `smoke`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Runtime {
    /// The component in the wasmtime command
    Wasmtime,
    /// The component embedded in a test host, over TLS and through its exported functions
    Host,
    /// The released weft: in a terminal, as a gateway for the OpenAI client and a browser, under load, killed
    Weft,
    /// Replicas of the released weft's gateway on Postgres, behind nginx, killed one after the other
    Replicas,
    /// Clients of models' APIs from their registries, through the gateway of the released weft
    Clients,
    /// The release as users install it: from a release page on loopback, with scripts and packages; weft.exe in wine
    Install,
    /// The served components on every host of wasi:http: wasmtime serve, jco serve, wasmCloud's runtime
    Serve,
    /// Images of weft: made, pushed to a registry, pulled and run by an engine
    Docker,
    /// The Dockerfile alone: everything compiled in its builder stage, to the same bytes
    Dockerfile,
    /// wasm-diet on files of many kinds, run before and after
    Diet,
    /// wasm-diet on files of other toolchains, run before and after; takes an hour
    Corpus,
    /// The wasip1 module on WAMR: in iwasm or our own runner, and on a WAMR without reference types
    Wamr,
    /// The component against the real providers whose keys are in the environment; no part of CI
    Live,
}

impl Runtime {
    /// Returns its name on the command line.
    pub fn name(self) -> String {
        name(self)
    }
}
