//! Binaryen's `-Oz` on one core module: `wasm-opt-driver IN.wasm OUT.wasm`.
//!
//! A program of its own because compiling Binaryen takes minutes: `cargo xtask wasm` builds it on demand, into a cache
//! outside the checkout, and nobody else pays. It knows nothing of components; the caller takes those apart.

use std::{env, path::PathBuf};

use anyhow::{Context as _, Result, bail};
use wasm_opt::{Feature, OptimizationOptions};

/// What rustc's wasm targets emit, and nothing else. With every feature on, the optimiser itself introduces typed function
/// references, and wasmtime 36 and 42 refuse the result. Reference types are left out on purpose although LLVM has them
/// on: no module of ours holds one, and without them table indices come out in the one byte that every runtime reads.
const FEATURES: [Feature; 5] =
    [Feature::BulkMemory, Feature::SignExt, Feature::MutableGlobals, Feature::TruncSat, Feature::Multivalue];

fn main() -> Result<()> {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [input, output] = arguments.as_slice() else { bail!("usage: wasm-opt-driver IN.wasm OUT.wasm") };
    let mut options = OptimizationOptions::new_optimize_for_size_aggressively();
    options.mvp_features_only();
    for feature in FEATURES {
        options.enable_feature(feature);
    }
    options.run(input, output).with_context(|| format!("could not optimise `{}`", input.display()))
}
