//! `tool` as data.

use std::ffi::OsString;

use clap::Args;

use crate::values;

/// Run one of the pinned tools, as it is
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask tool wasmtime run -S http --dir DIR::/config target/dist/clawft.wasm
  cargo xtask tool wasm-tools component wit target/dist/clawft.wasm

Stands where you stand; standard streams and exit code are the tool's own.")]
pub struct Tool {
    /// The tool
    #[arg(value_enum)]
    pub tool: values::Tool,
    /// What to tell it
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub arguments: Vec<OsString>,
}
