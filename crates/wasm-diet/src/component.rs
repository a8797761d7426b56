//! Takes a WebAssembly binary apart and puts it together again: core modules inside a component are replaced
//! in place, custom sections dropped, and every other section copied as it is.

use std::{mem, ops::Range};

use anyhow::{Context as _, Result};
use wasm_encoder::{ComponentSectionId, Encode as _, RawSection, Section as _};
use wasmparser::{Encoding, Parser, Payload};

use crate::custom::{self, Fate};

/// The place of a core module in a binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its number among the core modules, from 1.
    pub number: usize,
    /// The position of its first byte.
    pub offset: u64,
    /// The number of its bytes.
    pub length: usize,
    /// Whether it is a part of a component.
    pub inside: bool,
}

/// Returns the module to put in the place of one.
pub type Replace<'r> = dyn FnMut(Place, &[u8]) -> Result<Vec<u8>> + 'r;

/// Replaces each core module in `binary`, however deeply nested, by the result of `replace`. A core module
/// alone is replaced as a whole.
///
/// # Errors
/// Fails if the binary is damaged, or with the error of `replace`.
pub fn rewrite(binary: &[u8], replace: &mut Replace<'_>) -> Result<Vec<u8>> {
    walk(binary, &mut |_| true, replace)
}

/// Drops the custom sections that only people and tools read, and those that no longer fit once anything else is
/// dropped, by the [rules](custom::RULES).
///
/// Hints for operators stay: they fit as long as the functions are the same.
///
/// # Errors
/// Fails if the binary is damaged.
pub fn strip(binary: &[u8]) -> Result<Vec<u8>> {
    filter(binary, &mut |name| !is_dropped(name))
}

/// Copies `binary` with the custom sections, at every depth, of which `keep` returns true.
///
/// # Errors
/// Fails if the binary is damaged.
pub fn filter(binary: &[u8], keep: &mut dyn FnMut(&str) -> bool) -> Result<Vec<u8>> {
    walk(binary, keep, &mut |_, module| Ok(module.to_vec()))
}

/// Returns whether the custom sections of this name are dropped from a module whose functions are the same.
pub fn is_dropped(name: &str) -> bool {
    custom::rule_of(name).fate != Fate::Kept && !custom::matches("metadata.code.*", name)
}

/// Returns every core module in `binary`, in their order.
///
/// # Errors
/// Fails if the binary is damaged.
pub fn modules(binary: &[u8]) -> Result<Vec<Vec<u8>>> {
    let mut modules = Vec::new();
    rewrite(binary, &mut |_, module| {
        modules.push(module.to_vec());
        Ok(module.to_vec())
    })?;
    Ok(modules)
}

/// Copies `binary` section by section. `keep` is asked about every custom section by name, `replace` gets
/// every finished core module.
fn walk(binary: &[u8], keep: &mut dyn FnMut(&str) -> bool, replace: &mut Replace<'_>) -> Result<Vec<u8>> {
    let mut output = Vec::with_capacity(binary.len());
    // The binaries around the one being copied, outermost first, and for each level its kind and position.
    let mut outer: Vec<Vec<u8>> = Vec::new();
    let mut levels: Vec<(Encoding, u64)> = Vec::new();
    let mut number = 0;
    for payload in Parser::new(0).parse_all(binary) {
        let payload = payload?;
        match &payload {
            Payload::Version { encoding, range, .. } => {
                levels.push((*encoding, range.start));
                output.extend_from_slice(header(*encoding));
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                outer.push(mem::take(&mut output));
                continue;
            }
            Payload::End(end) => {
                let (encoding, offset) = levels.pop().context("the binary ends before it begins")?;
                let finished = match encoding {
                    Encoding::Module => {
                        number += 1;
                        let inside = !levels.is_empty();
                        let length = usize::try_from(end.saturating_sub(offset))?;
                        let place = Place {
                            number,
                            offset,
                            length,
                            inside,
                        };
                        replace(place, &output)?
                    }
                    Encoding::Component => output,
                };
                let Some(parent) = outer.pop() else {
                    return Ok(finished);
                };
                output = parent;
                output.push(section_id(encoding));
                finished.encode(&mut output);
                continue;
            }
            Payload::CustomSection(custom) if !keep(custom.name()) => continue,
            _ => {}
        }
        if let Some((id, range)) = payload.as_section() {
            RawSection {
                id,
                data: section(binary, range)?,
            }
            .append_to(&mut output);
        }
    }
    anyhow::bail!("the binary has no end")
}

/// Returns the bytes of `binary` at a range that its parser reported.
///
/// # Errors
/// Fails if the range reaches beyond the end of the binary.
pub fn section(binary: &[u8], range: Range<u64>) -> Result<&[u8]> {
    let range = usize::try_from(range.start)?..usize::try_from(range.end)?;
    binary
        .get(range)
        .context("a section reaches beyond the end of the binary")
}

fn header(encoding: Encoding) -> &'static [u8] {
    match encoding {
        Encoding::Module => &wasm_encoder::Module::HEADER,
        Encoding::Component => &wasm_encoder::Component::HEADER,
    }
}

/// Returns the id of the component section that holds a nested binary of this kind.
fn section_id(nested: Encoding) -> u8 {
    match nested {
        Encoding::Module => ComponentSectionId::CoreModule as u8,
        Encoding::Component => ComponentSectionId::Component as u8,
    }
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{
        Component, CustomSection, MemorySection, MemoryType, Module, ModuleSection, NestedComponentSection,
    };

    use super::*;

    fn module(pages: u64) -> Module {
        let mut memory = MemorySection::new();
        memory.memory(MemoryType {
            minimum: pages,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        let mut module = Module::new();
        module.section(&memory);
        module.section(&custom("name"));
        module.section(&custom("config"));
        module
    }

    fn custom(name: &str) -> CustomSection<'_> {
        CustomSection {
            name: name.into(),
            data: b"some data"[..].into(),
        }
    }

    /// A component that holds a module, a component with a module in it, and custom sections on both levels.
    fn nested() -> Vec<u8> {
        let mut inner = Component::new();
        inner.section(&ModuleSection(&module(7)));
        inner.section(&custom("producers"));
        let mut outer = Component::new();
        outer.section(&ModuleSection(&module(5)));
        outer.section(&NestedComponentSection(&inner));
        outer.section(&custom("component-name"));
        outer.section(&custom("licence"));
        outer.finish()
    }

    fn custom_sections(binary: &[u8]) -> Vec<String> {
        Parser::new(0)
            .parse_all(binary)
            .filter_map(|payload| match payload.unwrap() {
                Payload::CustomSection(custom) => Some(custom.name().to_owned()),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn copy_equals_the_original_byte_for_byte() {
        for binary in [nested(), module(3).finish()] {
            assert_eq!(
                rewrite(&binary, &mut |_, module| Ok(module.to_vec())).unwrap(),
                binary
            );
        }
    }

    #[test]
    fn replaces_core_modules_at_every_depth() {
        let mut seen = Vec::new();
        let replaced = rewrite(&nested(), &mut |_, module| {
            seen.push(module.to_vec());
            Ok(Module::new().finish())
        })
        .unwrap();
        assert_eq!(seen, [module(5).finish(), module(7).finish()]);
        wasmparser::Validator::new().validate_all(&replaced).unwrap();
        assert_eq!(
            custom_sections(&replaced),
            ["producers", "component-name", "licence"]
        );
    }

    #[test]
    fn strip_drops_sections_for_tools_and_keeps_rest() {
        assert_eq!(
            custom_sections(&strip(&nested()).unwrap()),
            ["config", "config", "licence"]
        );
    }

    #[test]
    fn returns_the_error_of_a_failing_replacement() {
        let error = rewrite(&nested(), &mut |_, _| anyhow::bail!("no optimiser")).unwrap_err();
        assert_eq!(error.to_string(), "no optimiser");
    }

    proptest::proptest! {
        #[test]
        fn damaged_input_never_panics(cut in 0_usize..200, flip: u8) {
            let mut binary = nested();
            let at = cut % binary.len();
            binary[at] ^= flip;
            drop(rewrite(&binary, &mut |_, module| Ok(module.to_vec())));
            binary.truncate(at);
            drop(rewrite(&binary, &mut |_, module| Ok(module.to_vec())));
        }
    }
}
