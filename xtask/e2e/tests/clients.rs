//! The clients that people use, through `weft gateway`.

use std::process::ExitCode;

use flags::Runtime;

fn main() -> ExitCode {
    e2e::test_target(Runtime::Clients)
}
