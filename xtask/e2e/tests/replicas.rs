//! Replicas of `weft gateway` on Postgres.

use std::process::ExitCode;

use flags::Runtime;

fn main() -> ExitCode {
    e2e::test_target(Runtime::Replicas)
}
