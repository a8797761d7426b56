//! The flags of `tool`.

use std::ffi::OsString;

use clap::Args;

use crate::values;

/// Run one of the pinned tools
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask tool wasmtime run -S http --dir DIR::/config target/dist/clawft.wasm
  cargo xtask tool wasm-tools component wit target/dist/clawft.wasm

Runs in the current directory; standard streams and exit code are the tool's own.")]
pub struct Tool {
    /// The tool
    #[arg(value_enum)]
    pub tool: values::Tool,
    /// The arguments of the tool
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub arguments: Vec<OsString>,
}
