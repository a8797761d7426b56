//! Carries the names of functions and globals past an optimiser.
//!
//! Binaryen sorts functions of equal use by name, so names would change its output. It gets the module
//! without them, and then calls each function by its position in the input: the positions lead back to the
//! real names. Globals have no such names, so they get their index as name where their real names must stay.

mod dwarf;

use std::collections::BTreeMap;

use anyhow::Result;
use wasm_encoder::{NameMap, NameSection};
use wasmparser::{KnownCustom, Name, Parser, Payload, TypeRef};

use crate::sections::Custom;

/// The prefix of the position of a function that Binaryen has merged others into.
const MERGED: &str = "byn$mgfn-shared$";

/// The names of a core module's functions and globals, by index, imported ones included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Names of functions.
    pub functions: BTreeMap<u32, String>,
    /// Names of globals.
    pub globals: BTreeMap<u32, String>,
}

impl Names {
    /// Reads the names of a core module. A part of them that is damaged is left out, because a runtime ignores it
    /// as well.
    ///
    /// # Errors
    /// Fails if the binary is damaged.
    pub fn read(module: &[u8]) -> Result<Self> {
        let mut names = Self::default();
        for payload in Parser::new(0).parse_all(module) {
            let Payload::CustomSection(custom) = payload? else {
                continue;
            };
            if let KnownCustom::Name(subsections) = custom.as_known() {
                subsections
                    .into_iter()
                    .map_while(Result::ok)
                    .for_each(|part| names.add(part));
            }
        }
        Ok(names)
    }

    fn add(&mut self, subsection: Name<'_>) {
        let (map, list) = match subsection {
            Name::Function(list) => (&mut self.functions, list),
            Name::Global(list) => (&mut self.globals, list),
            _ => return,
        };
        let read = list.into_iter().map_while(Result::ok);
        map.extend(read.map(|naming| (naming.index, naming.name.to_owned())));
    }

    /// Returns the section with these names; `None` if there are none.
    pub fn section(&self) -> Option<Custom> {
        let map = |names: &BTreeMap<u32, String>| {
            let mut map = NameMap::new();
            names.iter().for_each(|(&index, name)| map.append(index, name));
            map
        };
        let mut section = NameSection::new();
        if !self.functions.is_empty() {
            section.functions(&map(&self.functions));
        }
        if !self.globals.is_empty() {
            section.globals(&map(&self.globals));
        }
        let none = self.functions.is_empty() && self.globals.is_empty();
        (!none).then(|| Custom::last("name", section.as_custom().data.into_owned()))
    }

    /// Returns names for the optimiser: the index of each global, if any has a name, and nothing else.
    pub fn numbers(&self) -> Self {
        let number = |&index: &u32| (index, index.to_string());
        Self {
            functions: BTreeMap::new(),
            globals: self.globals.keys().map(number).collect(),
        }
    }

    /// Returns the names in a module that Binaryen made, where `optimised` holds the positions that it wrote.
    /// `first` is the index of the first function that the original defines.
    pub fn follow(&self, first: u32, optimised: &Self) -> Self {
        let mut found = Self::default();
        for (&index, position) in &optimised.functions {
            // A function that was split off has text after the position, a merged one the prefix. Imports have
            // names of another form and are skipped: an import names itself.
            let position = position.strip_prefix(MERGED).unwrap_or(position);
            let digits = position
                .split(|c: char| !c.is_ascii_digit())
                .next()
                .unwrap_or_default();
            let original = digits
                .parse::<u32>()
                .ok()
                .and_then(|defined| first.checked_add(defined));
            if let Some(name) = original.and_then(|original| self.functions.get(&original)) {
                found.functions.insert(index, name.clone());
            }
        }
        for (&index, original) in &optimised.globals {
            let name = original
                .parse()
                .ok()
                .and_then(|original: u32| self.globals.get(&original));
            found.globals.extend(name.map(|name| (index, name.clone())));
        }
        found
    }
}

/// Returns the names of the functions that a core module defines, by their position: those of its names, else those of
/// its debug information.
///
/// # Errors
/// Fails if the binary is damaged.
pub fn defined_functions(module: &[u8]) -> Result<BTreeMap<u32, String>> {
    let imported = imported_functions(module)?;
    let names = Names::read(module)?.functions.into_iter();
    let named: BTreeMap<u32, String> = names
        .filter_map(|(index, name)| Some((index.checked_sub(imported)?, name)))
        .collect();
    if named.is_empty() {
        return dwarf::functions(module);
    }
    Ok(named)
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

    fn names(functions: &[(u32, &str)], globals: &[(u32, &str)]) -> Names {
        let map = |names: &[(u32, &str)]| {
            names
                .iter()
                .map(|&(index, name)| (index, name.to_owned()))
                .collect()
        };
        Names {
            functions: map(functions),
            globals: map(globals),
        }
    }

    #[test]
    fn reads_back_the_names_it_gave() {
        let given = names(&[(1, "first"), (2, "second")], &[(0, "__stack_pointer")]);
        let section: Vec<_> = given.section().into_iter().collect();
        let named = crate::sections::attach(&module(2), &section).unwrap();
        wasmparser::Validator::new().validate_all(&named).unwrap();
        assert_eq!(Names::read(&named).unwrap(), given);
        assert_eq!(names(&[], &[]).section(), None);
        assert_eq!(given.numbers(), names(&[], &[(0, "0")]));
    }

    #[test]
    fn ignores_names_that_are_damaged() {
        let damaged = Custom::last("name", vec![1, 3, 9, 9, 9]);
        let named = crate::sections::attach(&module(2), &[damaged]).unwrap();
        assert_eq!(Names::read(&named).unwrap(), Names::default());
    }

    /// Debug information with a function of this address and name for each of these.
    fn debug(functions: &[(u32, &str)]) -> [Custom; 2] {
        // A unit without attributes, and functions with an address and a name as text.
        let abbreviations = [1, 0x11, 1, 0, 0, 2, 0x2e, 0, 0x11, 1, 3, 8, 0, 0, 0];
        // Version 4, the abbreviations at 0, addresses of 4 bytes, the unit.
        let mut unit = vec![4, 0, 0, 0, 0, 0, 4, 1];
        for (address, name) in functions {
            unit.push(2);
            unit.extend(address.to_le_bytes());
            unit.extend(name.as_bytes());
            unit.push(0);
        }
        unit.push(0);
        let mut info = u32::try_from(unit.len()).unwrap().to_le_bytes().to_vec();
        info.extend(unit);
        [
            Custom::last(".debug_abbrev", abbreviations.to_vec()),
            Custom::last(".debug_info", info),
        ]
    }

    fn named(functions: &[(u32, &str)]) -> BTreeMap<u32, String> {
        let functions = functions.iter();
        functions
            .map(|(position, name)| (*position, (*name).to_owned()))
            .collect()
    }

    #[test]
    fn names_functions_by_debug_information_without_names() {
        // Each body takes 3 bytes after the number of functions, with its length; 0 is an address of a dropped one.
        let sections = debug(&[
            (2, "_RNvC4core1f"),
            (5, "second"),
            (0, "dropped"),
            (99, "nowhere"),
        ]);
        let module = crate::sections::attach(&module(3), &sections).unwrap();
        let expected = named(&[(0, "_RNvC4core1f"), (1, "second")]);
        assert_eq!(defined_functions(&module).unwrap(), expected);
        // Names come first.
        let section = names(&[(1, "named")], &[]).section().unwrap();
        let both = crate::sections::attach(&module, &[section]).unwrap();
        assert_eq!(defined_functions(&both).unwrap(), named(&[(0, "named")]));
    }

    #[test]
    fn ignores_damaged_debug_information() {
        let [abbreviations, info] = debug(&[(2, "first"), (5, "second")]);
        for length in 0..info.data.len() {
            let cut = Custom::last(".debug_info", info.data[..length].to_vec());
            let module = crate::sections::attach(&module(3), &[abbreviations.clone(), cut]).unwrap();
            assert!(defined_functions(&module).unwrap().len() < 2, "{length}");
        }
    }

    #[test]
    fn follows_positions_back_to_names() {
        let original = names(
            &[(0, "call"), (1, "one"), (2, "two"), (3, "three")],
            &[(0, "a"), (4, "b")],
        );
        // The optimiser has put the third in front, split the first and merged others into the second.
        let optimised = names(
            &[
                (0, "fimport$0"),
                (1, "2"),
                (2, "0$split"),
                (3, "byn$mgfn-shared$1"),
            ],
            &[(0, "4")],
        );
        let expected = names(&[(1, "three"), (2, "one"), (3, "two")], &[(0, "b")]);
        assert_eq!(original.follow(1, &optimised), expected);
    }

    #[test]
    fn counts_functions_that_are_imported() {
        assert_eq!(imported_functions(&module(2)).unwrap(), 1);
    }
}
