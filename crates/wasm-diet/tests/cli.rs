//! Golden tests of help screens, summaries, errors and exit codes, without Binaryen. `TRYCMD=overwrite cargo test -p
//! wasm-diet --test cli` writes the current output; review the difference.

#[test]
fn output_matches_golden_files() {
    let cases = trycmd::TestCases::new();
    cases.env("WASM_OPT", "").case("tests/cli/*.trycmd");
    if cfg!(feature = "binaryen") {
        cases.skip("tests/cli/without-binaryen.trycmd");
    }
}
