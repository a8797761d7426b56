//! Golden tests of the command line, one self-describing file per case in `tests/cli/`. `BLESS=1 cargo test -p
//! xtask` writes the current output of the commands; review the difference before you commit it.

use std::env;

#[test]
fn command_line_matches_golden_files() {
    if env::var_os("BLESS").is_some() {
        // SAFETY: this is the only test of the program, and there is no other thread yet.
        unsafe { env::set_var("TRYCMD", "overwrite") };
    }
    let root = devkit::project::root().expect("a workspace");
    trycmd::TestCases::new()
        .env("NO_COLOR", "1")
        .insert_var("[ROOT]", root.display().to_string())
        .expect("a valid variable")
        .case("tests/cli/*.md");
}
