//! The WebAssembly features that the shipped artifacts need, beyond the first version of WebAssembly.
//!
//! The lists decide which features Binaryen may use and validation allows. They are exact: a feature that is used
//! but not listed fails the build, and so does one that is listed and no longer used. They also tell whether a
//! runtime can run an artifact.

use anyhow::{Result, bail};
use flags::values::Artifact;
use wasm_diet::features::{self, ASYNC, COMPONENTS, Feature};

/// Returns the features that a runtime needs beyond the first version of WebAssembly.
///
/// The component needs rustc's default features, which every runtime of components has. The module is for the
/// smallest runtimes, and needs none: rustc is configured so (`.cargo/size-optimised.toml`), and
/// [`lower`](super::lower) replaces those that the C library uses.
pub(super) fn of(artifact: Artifact) -> &'static [Feature] {
    match artifact {
        Artifact::Component | Artifact::Served => &[
            "bulk_memory_opt",
            COMPONENTS,
            "saturating_float_to_int",
            "sign_extension",
        ],
        Artifact::ServedP3 => &[
            ASYNC,
            "bulk_memory_opt",
            COMPONENTS,
            "saturating_float_to_int",
            "sign_extension",
        ],
        Artifact::Wasip1Module => &[],
    }
}

/// Fails unless a binary uses exactly the features `listed`.
pub(super) fn check(binary: &[u8], listed: &[Feature]) -> Result<()> {
    let faults = features::differences(binary, listed)?;
    if faults.is_empty() {
        return Ok(());
    }
    bail!(
        "{}: `features::of` in xtask/artifacts/src/wasm/features.rs lists the features that runtimes need",
        faults.join("; ")
    )
}

#[cfg(test)]
mod tests {
    use wasm_encoder::Module;

    use super::*;

    #[test]
    fn finds_names_of_every_listed_feature() {
        for artifact in Artifact::ALL {
            features::validate(&Module::new().finish(), of(artifact)).unwrap();
            features::for_binaryen(of(artifact)).unwrap();
        }
    }

    #[test]
    fn module_needs_no_later_features() {
        assert_eq!(of(Artifact::Wasip1Module), &[] as &[Feature]);
    }

    #[test]
    fn list_is_exact_both_ways() {
        let plain = Module::new().finish();
        check(&plain, &[]).unwrap();
        let error = check(&plain, &["sign_extension"]).unwrap_err().to_string();
        assert!(
            error.starts_with("`sign_extension` is listed and no longer used: "),
            "{error}"
        );
    }
}
