//! Binaryen's `-Oz` on one core module: `wasm-opt-driver IN.wasm OUT.wasm [FEATURE…]`.
//!
//! The features are the WebAssembly features beyond WebAssembly 1.0 that the module may use, by Binaryen's
//! names; the optimiser introduces no others. With every feature enabled it would introduce typed function
//! references by itself, which released runtimes reject. So the caller decides, because it knows the runtimes
//! of the module.
//!
//! This is a separate program because compiling Binaryen takes minutes: `cargo xtask wasm` builds it on
//! demand, into a cache outside the checkout. It knows nothing of components; the caller takes those apart.

use std::env;

use anyhow::{Context as _, Result, bail};
use wasm_opt::{Feature, OptimizationOptions};

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [input, output, features @ ..] = arguments.as_slice() else {
        bail!("usage: wasm-opt-driver IN.wasm OUT.wasm [FEATURE…]")
    };
    let mut options = OptimizationOptions::new_optimize_for_size_aggressively();
    options.mvp_features_only();
    for name in features {
        let feature: Feature = name
            .parse()
            .with_context(|| format!("Binaryen knows no feature `{name}`"))?;
        options.enable_feature(feature);
    }
    // This option affects no pass; it adds to the output which function of the input each function was.
    options.debug_info(true);
    options
        .run(input, output)
        .with_context(|| format!("could not optimise `{input}`"))
}
