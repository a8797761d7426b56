//! The Binaryen that is compiled in.

use std::ffi::OsString;

use anyhow::{Context as _, Result, bail};
use wasm_opt::{Feature, OptimizationOptions};

use super::Assumption;

/// Optimises one module, as the arguments behind [`COMMAND`](super::COMMAND) say: `IN.wasm OUT.wasm
/// [--ASSUMPTION…] [FEATURE…]`.
///
/// The features are the ones beyond WebAssembly 1.0 that the result may need, by Binaryen's names; the optimiser
/// introduces no others. With every feature enabled it would introduce typed function references by itself, which
/// released runtimes reject.
///
/// # Errors
/// Fails if Binaryen cannot read, optimise or write the module.
pub fn serve(arguments: &[OsString]) -> Result<()> {
    let [input, output, rest @ ..] = arguments else {
        bail!("usage: optimise-module IN.wasm OUT.wasm [--ASSUMPTION…] [FEATURE…]")
    };
    let mut options = OptimizationOptions::new_optimize_for_size_aggressively();
    options.mvp_features_only();
    for word in rest {
        let word = word.to_str().context("an argument is not Unicode")?;
        match Assumption::ALL
            .iter()
            .find(|it| word.strip_prefix("--") == Some(it.name()))
        {
            Some(Assumption::LowMemoryUnused) => options.low_memory_unused(true),
            Some(Assumption::TrapsNeverHappen) => options.traps_never_happen(true),
            None => {
                let feature: Feature = word
                    .parse()
                    .with_context(|| format!("Binaryen knows no feature `{word}`"))?;
                options.enable_feature(feature)
            }
        };
    }
    // This option affects no pass; it adds to the output which function of the input each function was.
    options.debug_info(true);
    options.run(input, output).context("Binaryen cannot optimise it")
}
