//! Carries the names of functions past an optimiser.
//!
//! Binaryen sorts functions of equal use by name, so names would change its output. It gets the module
//! without names, and then calls each function by its position in the input: the positions lead back to the
//! real names.

use std::collections::BTreeMap;

use anyhow::Result;
use wasm_encoder::{Encode as _, NameMap, NameSection};
use wasmparser::{KnownCustom, Name, Parser, Payload, TypeRef};

use crate::component;

/// The prefix of the position of a function that Binaryen has merged others into.
const MERGED: &str = "byn$mgfn-shared$";

/// Applies `optimise` to a core module without its names, and gives the names back to the functions that are
/// left.
///
/// # Errors
/// Fails if a module is damaged, or with the error of `optimise`.
pub fn keep(module: &[u8], optimise: impl FnOnce(&[u8]) -> Result<Vec<u8>>) -> Result<Vec<u8>> {
    let optimised = optimise(&component::strip(module)?)?;
    Ok(give(&component::strip(&optimised)?, &follow(module, &optimised)?))
}

/// Returns the names of a core module's functions by index, imported functions included; empty if it has
/// none.
///
/// # Errors
/// Fails if the binary or its names are damaged.
pub fn functions(module: &[u8]) -> Result<BTreeMap<u32, String>> {
    let mut names = BTreeMap::new();
    for payload in Parser::new(0).parse_all(module) {
        let Payload::CustomSection(custom) = payload? else {
            continue;
        };
        let KnownCustom::Name(subsections) = custom.as_known() else {
            continue;
        };
        for subsection in subsections {
            let Name::Function(functions) = subsection? else {
                continue;
            };
            for naming in functions {
                let naming = naming?;
                names.insert(naming.index, naming.name.to_owned());
            }
        }
    }
    Ok(names)
}

/// Returns the number of functions that a core module imports, which is the index of the first that it
/// defines.
///
/// # Errors
/// Fails if the binary is damaged.
pub fn imported_functions(module: &[u8]) -> Result<u32> {
    let mut count = 0;
    for payload in Parser::new(0).parse_all(module) {
        let Payload::ImportSection(imports) = payload? else {
            continue;
        };
        for import in imports.into_imports() {
            count += u32::from(matches!(import?.ty, TypeRef::Func(_) | TypeRef::FuncExact(_)));
        }
    }
    Ok(count)
}

/// Returns `bare`, a core module without names, with these names.
fn give(bare: &[u8], names: &BTreeMap<u32, String>) -> Vec<u8> {
    let mut named = bare.to_vec();
    if !names.is_empty() {
        let mut map = NameMap::new();
        names.iter().for_each(|(&index, name)| map.append(index, name));
        let mut section = NameSection::new();
        section.functions(&map);
        named.push(0);
        section.encode(&mut named);
    }
    named
}

/// Returns the names of the functions of `optimised`, which Binaryen made from `original` without its names.
fn follow(original: &[u8], optimised: &[u8]) -> Result<BTreeMap<u32, String>> {
    let (names, first) = (functions(original)?, imported_functions(original)?);
    let mut found = BTreeMap::new();
    for (index, position) in functions(optimised)? {
        // A function that was split off has text after the position, a merged one the prefix. Imports have
        // names of another form and are skipped: an import names itself.
        let position = position.strip_prefix(MERGED).unwrap_or(&position);
        let digits = position
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(position.len());
        let Ok(defined) = position[..digits].parse::<u32>() else {
            continue;
        };
        if let Some(name) = names.get(&(first + defined)) {
            found.insert(index, name.clone());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{
        CodeSection, EntityType, Function, FunctionSection, ImportSection, Module, TypeSection,
    };

    use super::*;

    /// One imported function and `defined` more.
    fn module(defined: u32) -> Vec<u8> {
        let mut module = Module::new();
        let mut types = TypeSection::new();
        types.ty().function([], []);
        let mut imports = ImportSection::new();
        imports.import("host", "call", EntityType::Function(0));
        let (mut functions, mut code) = (FunctionSection::new(), CodeSection::new());
        for _ in 0..defined {
            functions.function(0);
            let mut body = Function::new([]);
            body.instructions().end();
            code.function(&body);
        }
        module
            .section(&types)
            .section(&imports)
            .section(&functions)
            .section(&code);
        module.finish()
    }

    fn names(names: &[(u32, &str)]) -> BTreeMap<u32, String> {
        names
            .iter()
            .map(|&(index, name)| (index, name.to_owned()))
            .collect()
    }

    #[test]
    fn reads_back_the_names_it_gave() {
        let given = names(&[(1, "first"), (2, "second")]);
        let named = give(&module(2), &given);
        wasmparser::Validator::new().validate_all(&named).unwrap();
        assert_eq!(functions(&named).unwrap(), given);
        assert_eq!(give(&module(2), &names(&[])), module(2));
    }

    #[test]
    fn follows_positions_back_to_names() {
        let original = give(
            &module(3),
            &names(&[(0, "call"), (1, "one"), (2, "two"), (3, "three")]),
        );
        // The optimiser has put the third in front, split the first and merged others into the second.
        let optimised = give(
            &module(2),
            &names(&[
                (0, "fimport$0"),
                (1, "2"),
                (2, "0$split"),
                (3, "byn$mgfn-shared$1"),
            ]),
        );
        assert_eq!(
            follow(&original, &optimised).unwrap(),
            names(&[(1, "three"), (2, "one"), (3, "two")])
        );
    }

    #[test]
    fn hides_names_from_the_optimiser_and_restores_them() {
        let original = give(&module(2), &names(&[(1, "one"), (2, "two")]));
        let optimise = |bare: &[u8]| {
            assert_eq!(bare, module(2));
            Ok(give(&module(1), &names(&[(1, "1")])))
        };
        let kept = keep(&original, optimise).unwrap();
        assert_eq!(kept, give(&module(1), &names(&[(1, "two")])));
    }
}
