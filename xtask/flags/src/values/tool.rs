//! The tools that are fetched.

use clap::ValueEnum;

/// The programs that commands run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Tool {
    /// Runs the component.
    Wasmtime,
    /// Inspects and validates it.
    WasmTools,
    /// Measures which lines the tests run.
    CargoTarpaulin,
    /// Changes the code to see whether a test notices.
    CargoMutants,
    /// Judges what the workspace depends on.
    CargoDeny,
    /// Says which functions of a core module are large.
    Twiggy,
    /// Pulls components from registries.
    Wkg,
}

impl Tool {
    /// Returns the program's name, without what an operating system adds to it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wasmtime => "wasmtime",
            Self::WasmTools => "wasm-tools",
            Self::CargoTarpaulin => "cargo-tarpaulin",
            Self::CargoMutants => "cargo-mutants",
            Self::CargoDeny => "cargo-deny",
            Self::Twiggy => "twiggy",
            Self::Wkg => "wkg",
        }
    }
}
