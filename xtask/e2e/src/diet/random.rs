//! Random modules of wasm-smith: all their functions return the same before and after.

use std::ops::Range;

use anyhow::{Context as _, Result, ensure};
use builds::temporary;
use corpus::RandomModules;
use devkit::ui;

use super::context::DietContext;

/// The name of the case.
pub(super) const NAME: &str = "random::functions_return_the_same";

/// The number of modules, for every change and in the full tier.
pub(super) const FEW: u64 = 12;
pub(super) const MANY: u64 = 400;

/// Returns the seed that was asked for, else as many as `count`.
pub(super) fn seeds(asked: Option<u64>, count: u64) -> Range<u64> {
    asked.map_or(0..count, |seed| seed..seed.saturating_add(1))
}

/// Makes a module of each seed, shrinks it, and calls every function before and after.
pub(super) fn check(context: &DietContext, modules: &RandomModules, seeds: Range<u64>) -> Result<()> {
    let directory = temporary::directory()?;
    let path = |seed: u64, form: &str| directory.path().join(format!("{seed}-{form}.wasm"));
    let mut paths = Vec::new();
    let mut optimised = 0;
    for seed in seeds.clone() {
        let (before, after) = (path(seed, "before"), path(seed, "after"));
        modules.write(seed, &before)?;
        let account = context
            .shrink(&before, &after, &[])
            .with_context(|| format!("seed {seed}"))?;
        optimised += usize::from(account["modules"][0]["outcome"] == "optimised");
        paths.extend([before, after]);
    }
    let results = modules.results(directory.path(), &paths)?;
    let mut compared = 0;
    for (seed, pair) in seeds.clone().zip(results.chunks(2)) {
        let [was, is] = pair else { continue };
        if was == "exhausted" || is == "exhausted" {
            continue;
        }
        ensure!(
            was == is,
            "the results were `{was}` and are `{is}`: `--seed {seed}` repeats it"
        );
        compared += 1;
    }
    ui::status(
        "Compared",
        &format!("{compared} random modules, {optimised} optimised"),
    );
    // A single module may be as small as it can be.
    ensure!(
        paths.len() <= 2 || (compared * 4 > paths.len() && optimised * 4 > paths.len()),
        "only {compared} of {} modules were compared, and {optimised} optimised",
        paths.len() / 2
    );
    Ok(())
}
