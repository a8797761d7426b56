//! Which WebAssembly features the shipped artifacts need of a runtime, beyond the first version of WebAssembly.
//!
//! The lists here decide what Binaryen may use and what validation allows, and they are exact: a feature that creeps in
//! fails the build, and so does one that is listed and no longer used. Who wants to know whether a runtime is able to run
//! an artifact reads them here.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use wasmparser::WasmFeatures;

use super::artifact::Artifact;

mod used;

/// A feature, by wasmparser's name for it.
pub(super) type Feature = &'static str;

/// Components, and so never in a core module.
const COMPONENTS: Feature = "component_model";

impl Artifact {
    /// All that a runtime has to know beyond the first version of WebAssembly.
    ///
    /// The component needs what rustc takes for granted and every runtime of components has. The module is for the smallest
    /// runtimes, and needs nothing at all: rustc is told so (`.cargo/size-optimised.toml`), and what the C library brings
    /// is taken away by [`lower`](super::lower).
    pub(super) fn features(self) -> &'static [Feature] {
        match self {
            Self::Component => {
                &["bulk_memory", "bulk_memory_opt", COMPONENTS, "saturating_float_to_int", "sign_extension"]
            }
            Self::Wasip1Module => &[],
        }
    }
}

/// The same for the validator.
pub(super) fn for_validator(features: &[Feature]) -> Result<WasmFeatures> {
    let known = |name: &&str| {
        WasmFeatures::from_name(&name.to_uppercase())
            .with_context(|| format!("wasmparser knows no feature `{name}`"))
    };
    features.iter().map(known).try_fold(WasmFeatures::MVP, |all, feature| Ok(all | feature?))
}

/// The same for Binaryen, which has names of its own and never sees a component.
pub(super) fn for_binaryen(features: &[Feature]) -> Result<Vec<&'static str>> {
    let known = |name: &Feature| {
        Ok(match *name {
            "bulk_memory" | "bulk_memory_opt" => "bulk-memory",
            "multi_value" => "multivalue",
            "mutable_global" => "mutable-globals",
            "saturating_float_to_int" => "nontrapping-float-to-int",
            "sign_extension" => "sign-ext",
            name => bail!("nobody has said what Binaryen calls `{name}`"),
        })
    };
    features.iter().filter(|name| **name != COMPONENTS).map(known).collect()
}

/// Refuses a binary that does not use exactly the features `listed`.
pub(super) fn check(binary: &[u8], listed: &[Feature]) -> Result<()> {
    let used: BTreeMap<Feature, String> = used::used(binary)?;
    let mut faults: Vec<String> = used
        .iter()
        .filter(|(name, _)| !listed.contains(name))
        .map(|(name, place)| format!("it uses `{name}` ({place}), which is not listed"))
        .collect();
    let unused = listed.iter().filter(|name| !used.contains_key(**name));
    faults.extend(unused.map(|name| format!("`{name}` is listed and no longer used")));
    if faults.is_empty() {
        return Ok(());
    }
    bail!(
        "{}: `Artifact::features` in xtask/src/wasm/features.rs lists what runtimes have to know",
        faults.join("; ")
    )
}

#[cfg(test)]
mod tests {
    use wasm_encoder::Module;

    use super::*;
    use crate::cli::WasmTargets;

    #[test]
    fn every_listed_feature_is_known_to_all_who_are_told_of_it() {
        for artifact in Artifact::plan(WasmTargets::All) {
            for_validator(artifact.features()).unwrap();
            for_binaryen(artifact.features()).unwrap();
        }
        assert!(for_validator(&["no_such_feature"]).is_err());
        assert!(for_binaryen(&["no_such_feature"]).is_err());
    }

    #[test]
    fn the_module_runs_on_the_first_version() {
        assert_eq!(Artifact::Wasip1Module.features(), &[] as &[Feature]);
    }

    #[test]
    fn the_list_is_exact_both_ways() {
        let plain = Module::new().finish();
        check(&plain, &[]).unwrap();
        let error = check(&plain, &["sign_extension"]).unwrap_err().to_string();
        assert!(error.starts_with("`sign_extension` is listed and no longer used: "), "{error}");
        let error = check(&wasm_encoder::Component::new().finish(), &[]).unwrap_err().to_string();
        assert!(
            error.starts_with("it uses `component_model` (the header), which is not listed: "),
            "{error}"
        );
    }
}
