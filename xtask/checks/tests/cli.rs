//! Golden tests of `cargo xtask mutants` and `cargo xtask fuzz`, as this package implements them. `BLESS=1 cargo
//! test -p checks` writes the current output of the commands; review the difference before you commit it. Help and
//! errors in flags are in `xtask/tests/cli/`.

use std::{env, path::Path};

#[test]
fn commands_match_golden_files() {
    if env::var_os("BLESS").is_some() {
        // SAFETY: this is the only test of the program, and there is no other thread yet.
        unsafe { env::set_var("TRYCMD", "overwrite") };
    }
    trycmd::TestCases::new()
        .env("NO_COLOR", "1")
        .register_bin("xtask", Path::new(env!("CARGO_BIN_EXE_checks")))
        .case("tests/cli/*.md");
}
