//! Validates artifacts with the library of `wasm-tools validate`.

use anyhow::{Result, ensure};
use flags::values::Artifact;
use wasmparser::Parser;

use super::features;

/// Checks that `binary` has the form of the artifact, a component or a core module; that it is valid with the
/// features listed for it, and uses all of them.
pub(super) fn validate(binary: &[u8], artifact: Artifact) -> Result<()> {
    form(binary, artifact)?;
    // Both checks reject a feature that is not listed. This one finds where it is used, the validator knows all
    // features.
    features::check(binary, features::of(artifact))?;
    wasm_diet::features::validate(binary, features::of(artifact))
}

fn form(binary: &[u8], artifact: Artifact) -> Result<()> {
    match artifact {
        Artifact::Component | Artifact::Served | Artifact::ServedP3 => {
            ensure!(Parser::is_component(binary), "it is not a component");
        }
        Artifact::Wasip1Module => ensure!(Parser::is_core_wasm(binary), "it is not a core module"),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{Component, Module};

    use super::*;

    #[test]
    fn checks_form_of_each_artifact() {
        form(&Component::new().finish(), Artifact::Component).unwrap();
        form(&Module::new().finish(), Artifact::Wasip1Module).unwrap();
        assert!(form(&Module::new().finish(), Artifact::Component).is_err());
        assert!(form(&Component::new().finish(), Artifact::Wasip1Module).is_err());
    }

    #[test]
    fn validates_sections_after_the_header() {
        let mut binary = Module::new().finish();
        binary.extend([1, 2, 3]);
        assert!(validate(&binary, Artifact::Wasip1Module).is_err());
    }
}
