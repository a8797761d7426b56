//! The component and the module in the wasmtime command.

use std::process::ExitCode;

use flags::Runtime;

fn main() -> ExitCode {
    e2e::test_target(Runtime::Wasmtime)
}
