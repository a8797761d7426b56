//! Golden tests of `cargo xtask docker` in this package. `BLESS=1 cargo test -p image --test cli` rewrites the
//! expected output; review the difference before you commit it. Help and mistakes in flags are in `xtask/tests/cli/`.

use std::path::Path;

use golden::TestCases;

#[test]
fn docker_output_matches_golden_files() {
    let cases = TestCases::new();
    cases
        .env("NO_COLOR", "1")
        .register_bin("xtask", Path::new(env!("CARGO_BIN_EXE_image")))
        .case("tests/cli/*.md");
    golden::check(env!("CARGO_PKG_NAME"), &cases);
}
