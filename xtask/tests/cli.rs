//! Golden tests of the command line, one self-describing file a case in `tests/cli/`. `BLESS=1 cargo test -p xtask`
//! writes what the commands print now; review the difference before it is committed.

use std::env;

#[test]
fn the_command_line_says_what_the_golden_files_say() {
    if env::var_os("BLESS").is_some() {
        // SAFETY: the only test of this program, and it has no other thread yet.
        unsafe { env::set_var("TRYCMD", "overwrite") };
    }
    let root = devkit::project::root().expect("a workspace");
    trycmd::TestCases::new()
        .env("NO_COLOR", "1")
        .insert_var("[ROOT]", root.display().to_string())
        .expect("a valid variable")
        .case("tests/cli/*.md");
}
