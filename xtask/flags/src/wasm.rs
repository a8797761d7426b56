//! The flags of `wasm`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Build, shrink, validate and measure the components and the wasip1 module
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask wasm --check-size           all artifacts, compared with size-budget.toml
  cargo xtask wasm --target wasip2        the component alone
  cargo xtask wasm --target serve         the components that hosts of wasi:http serve
  cargo xtask wasm --http client          back end A, for comparison; in target/dist/http-client/

Writes target/dist/{clawft.wasm, clawft.wasm.gz, clawft-wasip1.wasm, clawft-serve.wasm,
clawft-serve-p3.wasm, size.json}.")]
pub struct Wasm {
    /// Fail if an artifact is over its budget, has no row in size-budget.toml, or a row has no artifact
    #[arg(long)]
    pub check_size: bool,
    /// The artifacts to build
    #[arg(long, value_enum, default_value_t = WasmTargets::All)]
    pub target: WasmTargets,
    /// How the component calls `wasi:http`
    #[arg(long, value_enum, default_value_t = HttpBackend::Raw)]
    pub http: HttpBackend,
    /// The budget file to compare with [default: the project's size-budget.toml]
    #[arg(long, value_name = "FILE")]
    pub budget: Option<PathBuf>,
    /// Fail if Cargo.lock would have to change
    #[arg(long)]
    pub locked: bool,
    /// Print size.json on stdout instead of the table
    #[arg(long)]
    pub json: bool,
}

/// The artifacts that `wasm` can build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum WasmTargets {
    /// The component for wasmtime and every other host of WASI preview 2
    Wasip2,
    /// The core module for WAMR and every other host of WASI preview 1
    Wasip1,
    /// The components that hosts of `wasi:http` serve, for WASI 0.2 and 0.3
    Serve,
    /// All of them
    All,
}

/// The HTTP back ends of the component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HttpBackend {
    /// The shipped one: `wasi:http` is called without a library
    Raw,
    /// The crate `wasi-http-client`, for comparison
    Client,
}
