//! The Binaryen that is compiled in.

use std::{ffi::OsString, path::Path};

use anyhow::{Context as _, Result, bail};
use wasm_opt::{Feature, OptimizationOptions, Pass};

use super::{Assumption, THOROUGH};

/// The size of a function, in Binaryen's units, up to which it is inlined into its only caller by the thorough
/// passes. Larger ones need so many locals that their numbers take two bytes.
const INLINED: u32 = 100;

/// Optimises one module, as the arguments behind [`COMMAND`](super::COMMAND) say: `IN.wasm OUT.wasm
/// [--ASSUMPTION…] [--thorough] [FEATURE…]`.
///
/// The features are the ones beyond WebAssembly 1.0 that the result may need, by Binaryen's names; the optimiser
/// introduces no others. With every feature enabled it would introduce typed function references by itself, which
/// released runtimes reject.
///
/// # Errors
/// Fails if Binaryen cannot read, optimise or write the module.
pub fn serve(arguments: &[OsString]) -> Result<()> {
    let [input, output, rest @ ..] = arguments else {
        bail!("usage: optimise-module IN.wasm OUT.wasm [--ASSUMPTION…] [--thorough] [FEATURE…]")
    };
    let mut options = OptimizationOptions::new_optimize_for_size_aggressively();
    options.mvp_features_only();
    let mut thorough = false;
    for word in rest {
        let word = word.to_str().context("an argument is not Unicode")?;
        if word == THOROUGH {
            thorough = true;
            continue;
        }
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
    if !thorough {
        return run(&options, input, output);
    }
    let mut rebuilding = options.clone();
    rebuilding.passes.add_default_passes = false;
    rebuilding.add_pass(Pass::Flatten).add_pass(Pass::Rereloop);
    run(&rebuilding, input, output)?;
    options.inlining.one_caller_inline_max_size = INLINED;
    run(&options, output, output)?;
    run(&options, output, output)
}

fn run(options: &OptimizationOptions, input: impl AsRef<Path>, output: impl AsRef<Path>) -> Result<()> {
    options.run(input, output).context("Binaryen cannot optimise it")
}
