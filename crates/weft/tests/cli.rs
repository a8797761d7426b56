//! The command line, golden: help screens, errors and exit codes. `TRYCMD=overwrite cargo test -p weft --test cli`
//! writes what is said now; look at the difference.

#[test]
fn says_what_it_said() {
    trycmd::TestCases::new()
        .env("CLAWFT_HOME", "home")
        .env("NO_COLOR", "1")
        .env("UNSET_KEY", "")
        .case("tests/cli/*.trycmd");
}
