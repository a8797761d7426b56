//! The last steps: custom sections are dropped, and everything else is compared with the original.

use anyhow::{Result, ensure};
use wasmparser::{Encoding, Parser, Payload};

use super::{Options, any_matches};
use crate::{component, names::Names, sections};

/// Returns `named` without the custom sections that the rules and the user drop.
pub(super) fn finish(named: &[u8], options: &Options) -> Result<Vec<u8>> {
    if Parser::is_core_wasm(named) {
        return finish_module(named, false, options);
    }
    component::filter(named, &mut |name| keeps(name, options))
}

/// Returns a core module in the form of the result. One that is in no component keeps the names of its globals.
pub(super) fn finish_module(named: &[u8], inside: bool, options: &Options) -> Result<Vec<u8>> {
    let (bare, mut customs) = sections::detach(named)?;
    let names = Names::read(named)?;
    customs.retain(|custom| keeps(&custom.name, options));
    let has_names = customs.iter().any(|custom| custom.name == "name");
    let of_globals = Names {
        globals: names.globals,
        ..Names::default()
    };
    let unwanted = options.drop_names_of_globals || any_matches(&options.drop, "name");
    if !inside && !has_names && !unwanted {
        customs.extend(of_globals.section());
    }
    sections::attach(&bare, &customs)
}

fn keeps(name: &str, options: &Options) -> bool {
    if any_matches(&options.keep, name) {
        return true;
    }
    !any_matches(&options.drop, name) && !component::is_dropped(name)
}

/// Fails unless both binaries have the same sections, but for core modules and custom sections. So imports, exports,
/// types and instances of a component are the same, byte for byte.
pub(super) fn compare(before: &[u8], after: &[u8]) -> Result<()> {
    ensure!(
        structure(before)? == structure(after)?,
        "the result would have another structure than the original"
    );
    Ok(())
}

/// Returns id and content of the sections of all components, and marks where components and modules begin and end.
fn structure(binary: &[u8]) -> Result<Vec<(u8, &[u8])>> {
    const BEGIN_MODULE: u8 = 0xf0;
    const BEGIN_COMPONENT: u8 = 0xf1;
    const END: u8 = 0xf2;
    let mut structure = Vec::new();
    let mut levels = Vec::new();
    for payload in Parser::new(0).parse_all(binary) {
        let payload = payload?;
        match &payload {
            Payload::Version { encoding, .. } => {
                levels.push(*encoding);
                let begins = match encoding {
                    Encoding::Module => BEGIN_MODULE,
                    Encoding::Component => BEGIN_COMPONENT,
                };
                structure.push((begins, [].as_slice()));
            }
            Payload::End(_) => {
                levels.pop();
                structure.push((END, [].as_slice()));
            }
            Payload::CustomSection(_) | Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {}
            other => {
                let section = other
                    .as_section()
                    .filter(|_| levels.last() == Some(&Encoding::Component));
                if let Some((id, range)) = section {
                    structure.push((id, component::section(binary, range)?));
                }
            }
        }
    }
    Ok(structure)
}
