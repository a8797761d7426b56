//! Which WebAssembly features the shipped artifacts need of a runtime, beyond the first version of WebAssembly.
//!
//! The lists here decide what Binaryen may use and what validation allows, and they are exact: a feature that creeps in
//! fails the build, and so does one that is listed and no longer used. Who wants to know whether a runtime is able to run
//! an artifact reads them here.

use anyhow::{Result, bail};
use flags::values::Artifact;
use wasm_diet::features::{self, COMPONENTS, Feature};

/// All that a runtime has to know beyond the first version of WebAssembly.
///
/// The component needs what rustc takes for granted and every runtime of components has. The module is for the smallest
/// runtimes, and needs nothing at all: rustc is told so (`.cargo/size-optimised.toml`), and what the C library brings
/// is taken away by [`lower`](super::lower).
pub(super) fn of(artifact: Artifact) -> &'static [Feature] {
    match artifact {
        Artifact::Component => {
            &["bulk_memory", "bulk_memory_opt", COMPONENTS, "saturating_float_to_int", "sign_extension"]
        }
        Artifact::Wasip1Module => &[],
    }
}

/// Refuses a binary that does not use exactly the features `listed`.
pub(super) fn check(binary: &[u8], listed: &[Feature]) -> Result<()> {
    let faults = features::differences(binary, listed)?;
    if faults.is_empty() {
        return Ok(());
    }
    bail!(
        "{}: `features::of` in xtask/artifacts/src/wasm/features.rs lists what runtimes have to know",
        faults.join("; ")
    )
}

#[cfg(test)]
mod tests {
    use wasm_encoder::Module;

    use super::*;

    #[test]
    fn every_listed_feature_is_known_to_all_who_are_told_of_it() {
        for artifact in Artifact::ALL {
            features::validate(&Module::new().finish(), of(artifact)).unwrap();
            features::for_binaryen(of(artifact)).unwrap();
        }
    }

    #[test]
    fn the_module_runs_on_the_first_version() {
        assert_eq!(of(Artifact::Wasip1Module), &[] as &[Feature]);
    }

    #[test]
    fn the_list_is_exact_both_ways() {
        let plain = Module::new().finish();
        check(&plain, &[]).unwrap();
        let error = check(&plain, &["sign_extension"]).unwrap_err().to_string();
        assert!(error.starts_with("`sign_extension` is listed and no longer used: "), "{error}");
    }
}
