//! Golden tests of `cargo xtask smoke`, as this package implements it. `BLESS=1 cargo test -p e2e` writes the
//! current output of the command; review the difference before you commit it. Help and errors in flags are in
//! `xtask/tests/cli/`.

use std::{env, path::Path};

#[test]
fn smoke_prints_what_the_golden_files_show() {
    if env::var_os("BLESS").is_some() {
        // SAFETY: this is the only test of the program, and there is no other thread yet.
        unsafe { env::set_var("TRYCMD", "overwrite") };
    }
    trycmd::TestCases::new()
        .env("NO_COLOR", "1")
        .register_bin("xtask", Path::new(env!("CARGO_BIN_EXE_e2e")))
        .case("tests/cli/*.md");
}
