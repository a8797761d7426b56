//! Golden tests of help screens, errors and exit codes. `TRYCMD=overwrite cargo test -p weft --test cli`
//! writes the current output; review the difference.

#[test]
fn output_matches_golden_files() {
    trycmd::TestCases::new()
        .env("CLAWFT_HOME", "home")
        .env("NO_COLOR", "1")
        .env("UNSET_KEY", "")
        .case("tests/cli/*.trycmd");
}
