//! `wasm-diet` on files of other toolchains.

use std::process::ExitCode;

use flags::Runtime;

fn main() -> ExitCode {
    e2e::test_target(Runtime::Corpus)
}
