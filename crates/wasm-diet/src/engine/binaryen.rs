//! The Binaryen that is compiled in.

use std::{collections::BTreeSet, ffi::OsString, path::Path};

use anyhow::{Context as _, Result, bail};
use wasm_opt::{Feature, OptimizationOptions, Pass};

use super::{Assumption, THOROUGH, WITHOUT};

/// The size of a function, in Binaryen's units, up to which it is inlined into its only caller by the thorough
/// passes. Larger ones need so many locals that their numbers take two bytes.
const INLINED: u32 = 100;

/// Optimises one module, as the arguments behind [`COMMAND`](super::COMMAND) say: `IN.wasm OUT.wasm
/// [--ASSUMPTION…] [--thorough] [--without=PASS…] [FEATURE…]`.
///
/// The features are the ones beyond WebAssembly 1.0 that the result may need, by Binaryen's names; the optimiser
/// introduces no others. With every feature enabled it would introduce typed function references by itself, which
/// released runtimes reject.
///
/// # Errors
/// Fails if Binaryen cannot read, optimise or write the module.
pub fn serve(arguments: &[OsString]) -> Result<()> {
    let [input, output, rest @ ..] = arguments else {
        bail!(
            "usage: optimise-module IN.wasm OUT.wasm [--ASSUMPTION…] [--thorough] [--without=PASS…] [FEATURE…]"
        )
    };
    let mut options = OptimizationOptions::new_optimize_for_size_aggressively();
    options.mvp_features_only();
    let mut thorough = false;
    let mut avoided = BTreeSet::new();
    for word in rest {
        let word = word.to_str().context("an argument is not Unicode")?;
        if word == THOROUGH {
            thorough = true;
            continue;
        }
        if let Some(pass) = word.strip_prefix(WITHOUT) {
            avoided.insert(pass);
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
    if !avoided.is_empty() {
        options.passes.add_default_passes = false;
        options.passes.more_passes.extend(passes_without(&avoided));
    }
    if !thorough {
        return run(&options, input, output);
    }
    let mut rebuilding = options.clone();
    rebuilding.passes.add_default_passes = false;
    rebuilding.passes.more_passes.clear();
    rebuilding.add_pass(Pass::Flatten).add_pass(Pass::Rereloop);
    run(&rebuilding, input, output)?;
    options.inlining.one_caller_inline_max_size = INLINED;
    run(&options, output, output)?;
    run(&options, output, output)
}

fn run(options: &OptimizationOptions, input: impl AsRef<Path>, output: impl AsRef<Path>) -> Result<()> {
    options.run(input, output).context("Binaryen cannot optimise it")
}

/// The passes of `-Oz` for each function, in Binaryen's order. `RecorderLocals` is `reorder-locals`.
const FOR_FUNCTIONS: [Pass; 31] = [
    Pass::SsaNomerge,
    Pass::Dce,
    Pass::RemoveUnusedNames,
    Pass::RemoveUnusedBrs,
    Pass::RemoveUnusedNames,
    Pass::OptimizeInstructions,
    Pass::PickLoadSigns,
    Pass::PrecomputePropagate,
    Pass::CodePushing,
    Pass::SimplifyLocalsNostructure,
    Pass::Vacuum,
    Pass::RecorderLocals,
    Pass::RemoveUnusedBrs,
    Pass::MergeLocals,
    Pass::CoalesceLocals,
    Pass::LocalCse,
    Pass::SimplifyLocals,
    Pass::Vacuum,
    Pass::RecorderLocals,
    Pass::CoalesceLocals,
    Pass::RecorderLocals,
    Pass::Vacuum,
    Pass::CodeFolding,
    Pass::MergeBlocks,
    Pass::RemoveUnusedBrs,
    Pass::RemoveUnusedNames,
    Pass::MergeBlocks,
    Pass::PrecomputePropagate,
    Pass::OptimizeInstructions,
    Pass::Rse,
    Pass::Vacuum,
];

/// The passes of `-Oz` for the module before those for its functions.
const BEFORE: [Pass; 3] = [
    Pass::DuplicateFunctionElimination,
    Pass::MemoryPacking,
    Pass::OnceReduction,
];

/// The passes of `-Oz` for the module behind those for its functions. Where Binaryen's run those for functions again,
/// these do not, because that would be with the ones that are to be left out.
const BEHIND: [Pass; 8] = [
    Pass::Dae,
    Pass::Inlining,
    Pass::DuplicateFunctionElimination,
    Pass::DuplicateImportElimination,
    Pass::SimplifyGlobals,
    Pass::RemoveUnusedModuleElements,
    Pass::ReorderGlobals,
    Pass::Directize,
];

/// The last passes of `-Oz`, for the order of the operators.
const LAST: [Pass; 2] = [Pass::GenerateStackIr, Pass::OptimizeStackIr];

/// Returns the passes of `-Oz` without these, which are named as Binaryen names them.
fn passes_without(avoided: &BTreeSet<&str>) -> Vec<Pass> {
    let functions = || FOR_FUNCTIONS.iter();
    let all = BEFORE
        .iter()
        .chain(functions())
        .chain(&BEHIND)
        .chain(functions())
        .chain(&LAST);
    all.filter(|pass| !avoided.contains(pass.name()))
        .cloned()
        .collect()
}
