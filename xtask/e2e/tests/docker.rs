//! Images of `weft`, with a real engine and a real registry.

use std::process::ExitCode;

use flags::Runtime;

fn main() -> ExitCode {
    e2e::test_target(Runtime::Docker)
}
