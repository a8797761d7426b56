//! `wasm-diet` on files of many kinds.

use std::process::ExitCode;

use flags::Runtime;

fn main() -> ExitCode {
    e2e::test_target(Runtime::Diet)
}
