//! The Dockerfile alone, with a real engine.

use std::process::ExitCode;

use flags::Runtime;

fn main() -> ExitCode {
    e2e::test_target(Runtime::Dockerfile)
}
