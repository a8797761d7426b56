//! Golden tests of `cargo xtask dist`, as this package implements it. `BLESS=1 cargo test -p release --test cli`
//! writes the current output of the command; review the difference before you commit it. Help and errors in flags are
//! in `xtask/tests/cli/`.

use std::path::Path;

use golden::TestCases;

#[test]
fn dist_matches_golden_files() {
    let cases = TestCases::new();
    cases
        .env("NO_COLOR", "1")
        .register_bin("xtask", Path::new(env!("CARGO_BIN_EXE_release")))
        .case("tests/cli/*.md");
    golden::check(env!("CARGO_PKG_NAME"), &cases);
}
