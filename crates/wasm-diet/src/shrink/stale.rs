//! Custom sections that were kept although they describe what has changed.

use std::collections::BTreeMap;

use anyhow::Result;
use wasmparser::{Encoding, Parser, Payload};

use crate::{
    component,
    custom::{self, Fate},
    sections,
};

/// Returns the names of the custom sections of `after` that no longer fit, with the number of sections of each name.
/// Both binaries have the same modules.
pub(super) fn sections(before: &[u8], after: &[u8]) -> Result<BTreeMap<String, usize>> {
    let mut found = BTreeMap::new();
    if before == after || !has_any(after)? {
        return Ok(found);
    }
    let mut any_changed = false;
    let modules = component::modules(before)?;
    for (before, after) in modules.iter().zip(component::modules(after)?) {
        let change = Change::of(before, &after)?;
        any_changed |= change.code;
        for custom in sections::detach(&after)?.1 {
            add(&mut found, &custom.name, change);
        }
    }
    let change = Change {
        code: any_changed,
        position: any_changed,
    };
    for name in outside_modules(after)? {
        add(&mut found, &name, change);
    }
    Ok(found)
}

/// The difference between a module and its original.
#[derive(Clone, Copy)]
struct Change {
    /// Whether a section differs that is not a custom one.
    code: bool,
    /// Whether the functions have moved in the module, to which source maps refer.
    position: bool,
}

impl Change {
    fn of(before: &[u8], after: &[u8]) -> Result<Self> {
        let code = sections::detach(before)?.0 != sections::detach(after)?.0;
        let position = code || code_position(before)? != code_position(after)?;
        Ok(Self { code, position })
    }

    /// Returns whether the section of a name no longer fits.
    fn outdates(self, name: &str) -> bool {
        if custom::rule_of(name).fate != Fate::Stale {
            return false;
        }
        match name {
            // Every byte is signed, and the binaries differ.
            "signature" | "signature_delimiter" => true,
            "sourceMappingURL" => self.position,
            _ => self.code,
        }
    }
}

fn add(found: &mut BTreeMap<String, usize>, name: &str, change: Change) {
    if change.outdates(name) {
        *found.entry(name.to_owned()).or_default() += 1;
    }
}

/// Returns whether a binary has a section of which the rules say that it may no longer fit.
fn has_any(binary: &[u8]) -> Result<bool> {
    for payload in Parser::new(0).parse_all(binary) {
        if let Payload::CustomSection(custom) = payload?
            && custom::rule_of(custom.name()).fate == Fate::Stale
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Returns the position of the functions in a core module.
fn code_position(module: &[u8]) -> Result<Option<u64>> {
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        if let (Payload::CodeSectionStart { .. }, Some((_, range))) = (&payload, payload.as_section()) {
            return Ok(Some(range.start));
        }
    }
    Ok(None)
}

/// Returns the names of the custom sections that are in no core module.
fn outside_modules(binary: &[u8]) -> Result<Vec<String>> {
    let (mut names, mut levels) = (Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(binary) {
        match payload? {
            Payload::Version { encoding, .. } => levels.push(encoding),
            Payload::End(_) => drop(levels.pop()),
            Payload::CustomSection(custom) if levels.last() == Some(&Encoding::Component) => {
                names.push(custom.name().to_owned());
            }
            _ => {}
        }
    }
    Ok(names)
}
