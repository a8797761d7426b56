//! The tools that are fetched.

use clap::ValueEnum;

/// The programs that commands run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Tool {
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
