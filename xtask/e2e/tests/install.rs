//! The release as users install it.

use std::process::ExitCode;

use flags::Runtime;

fn main() -> ExitCode {
    e2e::test_target(Runtime::Install)
}
