//! The action `.github/actions/wasm-diet`: its steps, conditions and outputs, as a [`mod@runner`] executes them.
//! [`definition`] is the form of `action.yml`.

mod definition;
mod runner;

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use builds::files;

use self::runner::Runner;
use super::context::DietContext;

/// The name of the case with a release.
pub(super) const NAME: &str = "action::checks_budget_in_any_repository";

/// The name of the case without a release.
pub(super) const COMPILES: &str = "action::compiles_where_there_is_no_release";

/// A core module of 8 bytes.
const MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// A budget with a row for files that are there, and one of a file that is larger than it may be.
const BUDGET: &str = r#"
[artifact."app.wasm"]
raw = { limit = "1 KB", ratchet = "8 B" }
gzip = { limit = "1 KB", ratchet = "28 B" }

[artifact."large.wasm"]
raw = { limit = "7 B", ratchet = "7 B" }
gzip = { limit = "1 KB", ratchet = "28 B" }
"#;

/// The directory with the release, and one without any.
const RELEASES: &str = "releases";
const NO_RELEASES: &str = "no-releases";

/// Returns a runner whose repository has two files and a budget.
fn runner(context: &DietContext) -> Result<Runner> {
    let runner = Runner::new(context)?;
    for name in ["app.wasm", "large.wasm"] {
        runner.write(name, MODULE)?;
    }
    runner.write("size-budget.toml", BUDGET.as_bytes())?;
    Ok(runner)
}

/// Fetches a release, and compares files with a budget.
pub(super) fn check(context: &DietContext) -> Result<()> {
    let runner = runner(context)?;
    runner.release(context.program())?;

    let fitting = runner.use_action(RELEASES, &[("files", "  app.wasm  \n\n")])?;
    ensure!(fitting.succeeded, "it fails: {}", fitting.printed);
    let (summary, outputs) = (&fitting.summary, &fitting.outputs);
    ensure!(
        summary.contains("| app.wasm | 8 | 8 |"),
        "the summary is `{summary}`"
    );
    ensure!(outputs["within"] == "true", "the outputs are {outputs:?}");
    ensure!(
        files::read(Path::new(&outputs["markdown"]))? == summary.as_bytes(),
        "the Markdown is not that of the summary"
    );

    let exceeding = runner.use_action(RELEASES, &[("files", "*.wasm")])?;
    ensure!(!exceeding.succeeded, "it accepts a file that is too large");
    ensure!(
        exceeding.summary.contains("| \u{274c} large.wasm |"),
        "the summary does not mark the file"
    );
    ensure!(
        exceeding.outputs["within"] == "false",
        "it reports that files are within the budget"
    );
    let printed = &exceeding.printed;
    ensure!(
        printed.contains("::error::a file is not within `size-budget.toml`"),
        "it prints `{printed}`"
    );

    for (names, error) in [
        ("none*.wasm", "no file matches `none*.wasm`"),
        (" \n", "names no file"),
    ] {
        let absent = runner.use_action(RELEASES, &[("files", names)])?;
        ensure!(
            !absent.succeeded && absent.printed.contains(error),
            "it prints `{}`",
            absent.printed
        );
    }
    runner.damage()?;
    let wrong = runner.use_action(RELEASES, &[("files", "app.wasm")])?;
    ensure!(!wrong.succeeded, "it takes an archive with another checksum");

    // A program of one's own takes the place of the release.
    let program = context.program().to_str().context("the path is not Unicode")?;
    let own = runner.use_action(RELEASES, &[("files", "app.wasm"), ("program", program)])?;
    ensure!(own.succeeded, "it fails: {}", own.printed);
    Ok(())
}

/// Compiles the version of the action, and compares a file with a budget.
pub(super) fn check_without_release(context: &DietContext) -> Result<()> {
    let compiled = runner(context)?.use_action(NO_RELEASES, &[("files", "app.wasm")])?;
    let (printed, outputs) = (&compiled.printed, &compiled.outputs);
    ensure!(compiled.succeeded, "it fails: {printed}");
    ensure!(printed.contains("it is compiled"), "it prints `{printed}`");
    ensure!(outputs["within"] == "true", "the outputs are {outputs:?}");
    Ok(())
}
