//! Golden tests of `cargo xtask wasm` and `cargo xtask size`, as this package implements them. `BLESS=1 cargo test -p
//! artifacts --test cli` writes the current output of the commands; review the difference before you commit it. Help
//! and errors in flags are in `xtask/tests/cli/`.

use std::path::Path;

use golden::TestCases;

#[test]
fn commands_match_golden_files() {
    let cases = TestCases::new();
    cases
        .env("NO_COLOR", "1")
        .register_bin("xtask", Path::new(env!("CARGO_BIN_EXE_artifacts")))
        .case("tests/cli/*.md");
    golden::check(env!("CARGO_PKG_NAME"), &cases);
}
