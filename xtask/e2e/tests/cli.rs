//! Golden tests of `cargo xtask smoke`, as this package implements it. `BLESS=1 cargo test -p e2e --test cli` writes
//! the current output of the command; review the difference before you commit it. Help and errors in flags are in
//! `xtask/tests/cli/`.

use std::path::Path;

use golden::TestCases;

#[test]
fn smoke_prints_what_the_golden_files_show() {
    let cases = TestCases::new();
    cases
        .env("NO_COLOR", "1")
        .register_bin("xtask", Path::new(env!("CARGO_BIN_EXE_e2e")))
        .case("tests/cli/*.md");
    golden::check(env!("CARGO_PKG_NAME"), &cases);
}
