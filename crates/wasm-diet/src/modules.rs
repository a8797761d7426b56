//! The core modules of a binary: a line for each.

use anyhow::Result;
use serde::Serialize;
use wasmparser::{KnownCustom, Name, Parser, Payload};

use crate::{component, deflate::Costs, names, part::Sizes};

/// A core module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Module {
    /// Its number in the binary, from 1.
    pub number: usize,
    /// The position of its first byte.
    pub offset: u64,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// The languages that its producers name.
    pub languages: Vec<String>,
    /// The number of functions that it defines.
    pub functions: usize,
    /// The number of those that have a name.
    pub named: usize,
    /// Bytes of its functions.
    pub code: usize,
    /// Bytes of its data segments.
    pub data: usize,
    /// Bytes of its custom sections.
    pub custom: usize,
    /// All bytes.
    #[serde(flatten)]
    pub size: Sizes,
}

/// Returns the core modules of `binary`, in their order.
///
/// # Errors
/// Fails if the binary is damaged, or if `costs` are not its own.
pub fn modules(binary: &[u8], costs: &Costs) -> Result<Vec<Module>> {
    let mut modules = Vec::new();
    component::rewrite(binary, &mut |place, module| {
        let mut found = read(module)?;
        found.number = place.number;
        found.offset = place.offset;
        let start = usize::try_from(place.offset)?;
        // The copy has shorter lengths than some linkers write.
        let end = start.saturating_add(place.length);
        found.size = Sizes {
            raw: place.length,
            gzip: costs.of(start, end),
        };
        modules.push(found);
        Ok(Vec::new())
    })?;
    Ok(modules)
}

fn read(module: &[u8]) -> Result<Module> {
    let mut found = Module::default();
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::CodeSectionStart {
                count,
                unchecked_range: range,
                ..
            } => {
                found.functions = usize::try_from(count)?;
                found.code = usize::try_from(range.end - range.start)?;
            }
            Payload::DataSection(section) => {
                let range = section.range();
                found.data = usize::try_from(range.end - range.start)?;
            }
            Payload::CustomSection(custom) => {
                found.custom += custom.data().len();
                match custom.as_known() {
                    KnownCustom::Name(names) => {
                        let mut names = names.into_iter().map_while(Result::ok);
                        found.name = names.find_map(|part| match part {
                            Name::Module { name, .. } => Some(name.to_owned()),
                            _ => None,
                        });
                    }
                    KnownCustom::Producers(fields) => {
                        let fields = fields.into_iter().map_while(Result::ok);
                        let languages = fields.filter(|field| field.name == "language");
                        let values =
                            languages.flat_map(|field| field.values.into_iter().map_while(Result::ok));
                        found.languages.extend(values.map(|value| value.name.to_owned()));
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
    found.named = names::defined_functions(module)?.len().min(found.functions);
    Ok(found)
}
