//! The served components on every host of `wasi:http`.

use std::process::ExitCode;

use flags::Runtime;

fn main() -> ExitCode {
    e2e::test_target(Runtime::Serve)
}
