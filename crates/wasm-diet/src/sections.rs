//! Takes the custom sections off a core module, and puts them back in their places.

use anyhow::Result;
use wasm_encoder::{CustomSection, RawSection, Section as _};
use wasmparser::{Parser, Payload};

use crate::component;

/// A custom section of a core module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Custom {
    /// The name.
    pub name: String,
    /// The content without the name.
    pub data: Vec<u8>,
    /// The rank of the section in front of it that is not a custom section; 0 if there is none.
    after: u8,
}

impl Custom {
    /// Returns a custom section that stands at the end of its module.
    pub fn last(name: &str, data: Vec<u8>) -> Self {
        let name = name.to_owned();
        let after = u8::MAX;
        Self { name, data, after }
    }
}

/// Returns a core module without custom sections, and those.
///
/// # Errors
/// Fails if the module is damaged.
pub fn detach(module: &[u8]) -> Result<(Vec<u8>, Vec<Custom>)> {
    let mut bare = wasm_encoder::Module::HEADER.to_vec();
    let mut customs = Vec::new();
    let mut after = 0;
    for Section { id, data, custom } in all(module)? {
        match custom {
            Some((name, data)) => customs.push(Custom {
                name: name.to_owned(),
                data: data.to_vec(),
                after,
            }),
            None => {
                after = rank(id);
                RawSection { id, data }.append_to(&mut bare);
            }
        }
    }
    Ok((bare, customs))
}

/// Returns `module` with these custom sections, each behind the sections that were in front of it.
///
/// # Errors
/// Fails if the module is damaged.
pub fn attach(module: &[u8], customs: &[Custom]) -> Result<Vec<u8>> {
    let mut output = wasm_encoder::Module::HEADER.to_vec();
    let mut waiting = customs.iter().peekable();
    for Section { id, data, custom } in all(module)? {
        while let Some(next) = waiting.next_if(|next| custom.is_none() && next.after < rank(id)) {
            append(&mut output, next);
        }
        RawSection { id, data }.append_to(&mut output);
    }
    waiting.for_each(|custom| append(&mut output, custom));
    Ok(output)
}

/// The id of the section with the number of data segments.
pub const DATA_COUNT: u8 = 12;

/// Returns a core module without the sections of this id.
///
/// # Errors
/// Fails if the module is damaged.
pub fn without(module: &[u8], dropped: u8) -> Result<Vec<u8>> {
    let mut output = wasm_encoder::Module::HEADER.to_vec();
    for Section { id, data, .. } in all(module)? {
        if id != dropped {
            RawSection { id, data }.append_to(&mut output);
        }
    }
    Ok(output)
}

fn append(output: &mut Vec<u8>, custom: &Custom) {
    CustomSection {
        name: custom.name.as_str().into(),
        data: custom.data.as_slice().into(),
    }
    .append_to(output);
}

/// A section of a core module.
struct Section<'m> {
    id: u8,
    data: &'m [u8],
    /// Name and content, if it is a custom section.
    custom: Option<(&'m str, &'m [u8])>,
}

/// Returns all sections of a core module.
fn all(module: &[u8]) -> Result<Vec<Section<'_>>> {
    let mut sections = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        let custom = match &payload {
            Payload::CustomSection(custom) => Some((custom.name(), custom.data())),
            _ => None,
        };
        if let Some((id, range)) = payload.as_section() {
            let data = component::section(module, range)?;
            sections.push(Section { id, data, custom });
        }
    }
    Ok(sections)
}

/// Returns the position of a section in the order that the format requires.
fn rank(id: u8) -> u8 {
    match id {
        // Tags stand between memories and globals, the count of data between elements and code.
        13 => 11,
        DATA_COUNT => 19,
        id => id.saturating_mul(2),
    }
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{CodeSection, FunctionSection, Module, TypeSection};

    use super::*;

    fn module(names: [&str; 4]) -> Vec<u8> {
        let custom = |name: &'static str| CustomSection {
            name: name.into(),
            data: b"content".as_slice().into(),
        };
        let [first, types, code, last] =
            names.map(|name| custom(Box::leak(name.to_owned().into_boxed_str())));
        let mut module = Module::new();
        module
            .section(&first)
            .section(&TypeSection::new())
            .section(&types);
        module
            .section(&FunctionSection::new())
            .section(&CodeSection::new());
        module.section(&code).section(&last);
        module.finish()
    }

    #[test]
    fn puts_sections_back_in_their_places() {
        let original = module(["dylink.0", "a", "b", "c"]);
        let (bare, customs) = detach(&original).unwrap();
        assert_eq!(customs.len(), 4);
        assert_eq!(attach(&bare, &customs).unwrap(), original);
        assert!(detach(&bare).unwrap().1.is_empty());
    }

    #[test]
    fn section_moves_forward_with_what_was_dropped() {
        let (_, customs) = detach(&module(["first", "types", "code", "last"])).unwrap();
        let mut other = Module::new();
        let moved = attach(&other.section(&CodeSection::new()).clone().finish(), &customs).unwrap();
        let (_, found) = detach(&moved).unwrap();
        let places: Vec<_> = found
            .iter()
            .map(|custom| (custom.name.as_str(), custom.after))
            .collect();
        assert_eq!(places, [("first", 0), ("types", 0), ("code", 20), ("last", 20)]);
    }
}
