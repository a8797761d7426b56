//! Golden tests of `cargo xtask dist`, as this package implements it. `BLESS=1 cargo test -p release` writes the
//! current output of the command; review the difference before you commit it. Help and errors in flags are in
//! `xtask/tests/cli/`.

use std::{env, path::Path};

#[test]
fn dist_matches_golden_files() {
    if env::var_os("BLESS").is_some() {
        // SAFETY: this is the only test of the program, and there is no other thread yet.
        unsafe { env::set_var("TRYCMD", "overwrite") };
    }
    trycmd::TestCases::new()
        .env("NO_COLOR", "1")
        .register_bin("xtask", Path::new(env!("CARGO_BIN_EXE_release")))
        .case("tests/cli/*.md");
}
