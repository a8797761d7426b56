//! The tools that are fetched.

use clap::ValueEnum;

/// The programs that commands run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Tool {
    /// Runs the component.
    Wasmtime,
    /// Inspects and validates components.
    WasmTools,
    /// Measures the lines that the tests run.
    CargoTarpaulin,
    /// Changes the code to find out whether a test notices.
    CargoMutants,
    /// Checks the workspace's dependencies.
    CargoDeny,
    /// Lists the largest functions of a core module.
    Twiggy,
    /// Pulls components from registries.
    Wkg,
    /// Installs released programs of crates.
    CargoBinstall,
}

impl Tool {
    /// Returns the program's name, without the operating system's file extension.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wasmtime => "wasmtime",
            Self::WasmTools => "wasm-tools",
            Self::CargoTarpaulin => "cargo-tarpaulin",
            Self::CargoMutants => "cargo-mutants",
            Self::CargoDeny => "cargo-deny",
            Self::Twiggy => "twiggy",
            Self::Wkg => "wkg",
            Self::CargoBinstall => "cargo-binstall",
        }
    }
}
