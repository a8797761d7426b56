//! Golden tests of the command line, one self-describing file per case in `tests/cli/`. `BLESS=1 cargo test -p xtask
//! --test cli` writes the current output of the commands; review the difference before you commit it.

use golden::TestCases;

#[test]
fn command_line_matches_golden_files() {
    let root = devkit::project::root().expect("a workspace");
    let cases = TestCases::new();
    cases
        .env("NO_COLOR", "1")
        .insert_var("[ROOT]", root.display().to_string())
        .expect("a valid variable")
        .case("tests/cli/*.md");
    golden::check(env!("CARGO_PKG_NAME"), &cases);
}
