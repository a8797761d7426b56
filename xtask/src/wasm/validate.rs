//! Validates artifacts with the library that `wasm-tools validate` is made of.

use anyhow::{Result, ensure};
use wasmparser::{Parser, Validator, WasmFeatures};

use super::artifact::Artifact;

/// Checks that `binary` is valid and is what the artifact is meant to be: a component, or a core module.
pub(super) fn validate(binary: &[u8], artifact: Artifact) -> Result<()> {
    match artifact {
        Artifact::Component => ensure!(Parser::is_component(binary), "it is not a component"),
        Artifact::Wasip1Module => ensure!(Parser::is_core_wasm(binary), "it is not a core module"),
    }
    Validator::new_with_features(features()).validate_all(binary)?;
    Ok(())
}

/// What the oldest runtime we support understands: WebAssembly 2.0 without SIMD, and components.
fn features() -> WasmFeatures {
    (WasmFeatures::WASM2 & !WasmFeatures::SIMD) | WasmFeatures::COMPONENT_MODEL
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{Component, Module};

    use super::*;

    #[test]
    fn each_artifact_has_its_own_form() {
        validate(&Component::new().finish(), Artifact::Component).unwrap();
        validate(&Module::new().finish(), Artifact::Wasip1Module).unwrap();
        assert!(validate(&Module::new().finish(), Artifact::Component).is_err());
        assert!(validate(&Component::new().finish(), Artifact::Wasip1Module).is_err());
    }

    #[test]
    fn what_follows_the_header_is_checked() {
        let mut binary = Module::new().finish();
        binary.extend([1, 2, 3]);
        assert!(validate(&binary, Artifact::Wasip1Module).is_err());
    }
}
