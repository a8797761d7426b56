//! The component in the test host: over TLS, and through its exported functions.

use std::process::ExitCode;

use flags::Runtime;

fn main() -> ExitCode {
    e2e::test_target(Runtime::Host)
}
