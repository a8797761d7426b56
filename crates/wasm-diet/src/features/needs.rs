//! The smallest set of features with which the validator accepts a binary.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use wasmparser::{Validator, WasmFeatures};

use super::used;

/// Features beyond the first version of WebAssembly, by wasmparser's names.
pub type Features = BTreeSet<String>;

/// Returns the features that the validator requires of a runtime for `binary`: without any one of them, the
/// binary is not valid.
///
/// # Errors
/// Fails if the binary is not valid even with every feature.
pub fn needs(binary: &[u8]) -> Result<Features> {
    // The operators show most features, so that few validations are left. They are not read in a module with types
    // of garbage collection.
    let seen = used(binary).unwrap_or_default().into_keys();
    let seen = seen.filter(|name| flag(name).is_some());
    let mut needs: Features = seen.map(str::to_owned).collect();
    while let Err(error) = accepts(binary, &needs) {
        let before = needs.len();
        needs.extend(error.missing_wasm_feature().map(names).unwrap_or_default());
        if needs.len() == before {
            // The validator does not tell to which feature the error belongs.
            needs = every();
            accepts(binary, &needs)?;
            break;
        }
    }
    for feature in needs.clone() {
        let mut fewer = needs.clone();
        fewer.remove(&feature);
        if accepts(binary, &fewer).is_ok() {
            needs = fewer;
        }
    }
    Ok(needs)
}

/// Validates `binary` with these features and no others.
///
/// # Errors
/// Fails with the validator's error.
pub fn accepts(binary: &[u8], features: &Features) -> wasmparser::Result<()> {
    let flags = features.iter().filter_map(|name| flag(name));
    let flags = flags.fold(WasmFeatures::MVP, WasmFeatures::union);
    Validator::new_with_features(flags).validate_all(binary)?;
    Ok(())
}

/// Returns every feature that the validator knows.
pub fn every() -> Features {
    // The parts of two proposals that have a name of their own.
    let parts = WasmFeatures::CALL_INDIRECT_OVERLONG | WasmFeatures::BULK_MEMORY_OPT;
    let mut all = names(WasmFeatures::all());
    all.extend(names(parts));
    all
}

/// Returns the feature of this name, in which hyphens may stand for underscores.
///
/// # Errors
/// Fails if there is no such feature.
pub fn named(name: &str) -> Result<String> {
    let known = name.to_lowercase().replace('-', "_");
    every()
        .take(&known)
        .with_context(|| format!("no WebAssembly feature has the name `{name}`"))
}

fn flag(name: &str) -> Option<WasmFeatures> {
    WasmFeatures::from_name(&name.to_uppercase())
}

/// Returns the names of these flags, without the two that are wasmparser's own and no proposals.
fn names(flags: WasmFeatures) -> Features {
    let proposals = flags.difference(WasmFeatures::MVP);
    proposals
        .iter_names()
        .map(|(name, _)| name.to_lowercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_features_by_both_spellings() {
        assert_eq!(named("tail-call").unwrap(), "tail_call");
        assert_eq!(named("bulk_memory_opt").unwrap(), "bulk_memory_opt");
        assert!(named("floats").is_err());
        assert!(named("simd128").unwrap_err().to_string().contains("`simd128`"));
    }

    #[test]
    fn every_feature_has_a_flag() {
        assert!(every().len() > 30);
        assert!(every().iter().all(|name| flag(name).is_some()));
    }
}
