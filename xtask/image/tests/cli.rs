//! Golden tests of `cargo xtask docker` in this package. `BLESS=1 cargo test -p image` rewrites the expected
//! output; review the difference before you commit it. Help and mistakes in flags are in `xtask/tests/cli/`.

use std::{env, path::Path};

#[test]
fn docker_output_matches_golden_files() {
    if env::var_os("BLESS").is_some() {
        // SAFETY: the only test of this program, and it has no other thread yet.
        unsafe { env::set_var("TRYCMD", "overwrite") };
    }
    trycmd::TestCases::new()
        .env("NO_COLOR", "1")
        .register_bin("xtask", Path::new(env!("CARGO_BIN_EXE_image")))
        .case("tests/cli/*.md");
}
