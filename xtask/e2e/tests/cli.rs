//! Golden tests of `cargo xtask smoke`, as this package does it. `BLESS=1 cargo test -p e2e` writes what the command prints
//! now; review the difference before it is committed. Help and mistakes in flags are in `xtask/tests/cli/`.

use std::{env, path::Path};

#[test]
fn smoke_prints_what_the_golden_files_show() {
    if env::var_os("BLESS").is_some() {
        // SAFETY: the only test of this program, and it has no other thread yet.
        unsafe { env::set_var("TRYCMD", "overwrite") };
    }
    trycmd::TestCases::new()
        .env("NO_COLOR", "1")
        .register_bin("xtask", Path::new(env!("CARGO_BIN_EXE_e2e")))
        .case("tests/cli/*.md");
}
