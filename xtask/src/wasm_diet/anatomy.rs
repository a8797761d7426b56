//! What every byte of an artifact is for.
//!
//! The artifact is read from its first byte to its last, and whatever lies between two things that are known belongs to the
//! later one: so nothing is left over and nothing is counted twice, by construction.

use std::{collections::BTreeMap, slice};

use anyhow::{Context as _, Result};
use devkit::files;
use serde::{Deserialize, Serialize};
use wasmparser::{Encoding, Parser, Payload};

use super::{
    component,
    deflate::Costs,
    item::{Item, Kind, Place},
    names,
    symbol::Symbol,
};
use crate::budget::Measured;

/// An artifact taken apart.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Anatomy {
    /// The whole file.
    #[serde(flatten)]
    pub(crate) size: Measured,
    /// Its parts, the largest first; their sizes add up to the file's.
    pub(crate) items: Vec<Item>,
}

impl Anatomy {
    /// Takes a component or core module apart as it ships: without names and other custom sections for tools. The names are
    /// what tells whose a function is.
    ///
    /// # Errors
    /// The binary is damaged.
    pub(crate) fn of(named: &[u8]) -> Result<Self> {
        let stripped = component::strip(named)?;
        Self::of_stripped(named, &stripped, &files::gzip(&stripped)?)
    }

    /// Takes `stripped` apart, the form of `named` that ships, where that and its `compressed` form are there already.
    ///
    /// # Errors
    /// The binary is damaged, or the three are not of one binary.
    pub(crate) fn of_stripped(named: &[u8], stripped: &[u8], compressed: &[u8]) -> Result<Self> {
        let costs = Costs::read(compressed).context("could not follow the compression")?;
        let names = functions_by_module(named)?;
        let mut walk = Walk::new(&costs, &names);
        for payload in Parser::new(0).parse_all(stripped) {
            walk.step(&payload?)?;
        }
        Ok(walk.finish(stripped.len()))
    }

    /// Whether the names of functions were there.
    pub(crate) fn has_names(&self) -> bool {
        let mut code = self.items.iter().filter(|item| item.place.kind == Kind::Code).map(|item| &item.place);
        code.any(|place| *place != unknown())
    }

    /// The same with its code in one part, as it would be without the names.
    pub(crate) fn without_names(&self) -> Self {
        let (code, mut items): (Vec<Item>, Vec<Item>) =
            self.items.iter().cloned().partition(|item| item.place.kind == Kind::Code);
        let sum = |of: fn(&Item) -> usize| code.iter().map(of).sum();
        let size = Measured { raw: sum(|item| item.size.raw), gzip: sum(|item| item.size.gzip) };
        items.insert(0, Item { place: unknown(), copies: sum(|item| item.copies), size });
        Self { size: self.size, items }
    }
}

/// Where functions go that have no name.
fn unknown() -> Place {
    Place::of(Kind::Code, "unknown", "functions without a name")
}

/// For each core module in the binary, in their order, the names of its functions without those that it imports.
fn functions_by_module(named: &[u8]) -> Result<Vec<BTreeMap<u32, String>>> {
    let defined = |module: &Vec<u8>| {
        let imported = names::imported_functions(module)?;
        let functions = names::functions(module)?;
        Ok(functions
            .into_iter()
            .filter_map(|(index, name)| Some((index.checked_sub(imported)?, name)))
            .collect())
    };
    component::modules(named)?.iter().map(defined).collect()
}

/// Where the reader is in the artifact.
struct Walk<'a> {
    costs: &'a Costs,
    /// Those of the modules that are still to come.
    names: slice::Iter<'a, BTreeMap<u32, String>>,
    /// The small modules that put a component together never have names.
    any_names: bool,
    /// Those of the module that is being read, and how many of its functions were.
    functions: Option<&'a BTreeMap<u32, String>>,
    position: u32,
    /// What is being read, the outermost first.
    inside: Vec<Encoding>,
    /// Everything before this byte is accounted for.
    at: usize,
    /// Copies, raw and compressed size of each thing.
    parts: BTreeMap<Place, (usize, Measured)>,
}

impl<'a> Walk<'a> {
    fn new(costs: &'a Costs, names: &'a [BTreeMap<u32, String>]) -> Self {
        let any_names = names.iter().any(|names| !names.is_empty());
        let (functions, position, inside, at, parts) = (None, 0, Vec::new(), 0, BTreeMap::new());
        Self { costs, names: names.iter(), any_names, functions, position, inside, at, parts }
    }

    fn step(&mut self, payload: &Payload<'_>) -> Result<()> {
        match payload {
            Payload::Version { encoding, range, .. } => {
                self.inside.push(*encoding);
                if *encoding == Encoding::Module {
                    (self.functions, self.position) = (self.names.next(), 0);
                }
                self.claim(range.end, headers())
            }
            Payload::End(_) => {
                self.inside.pop();
                Ok(())
            }
            // What is inside comes next.
            Payload::ModuleSection { unchecked_range: range, .. }
            | Payload::ComponentSection { unchecked_range: range, .. } => self.claim(range.start, headers()),
            Payload::CodeSectionStart { unchecked_range: range, count, .. } => {
                let place = Place::of(Kind::Structure, "core module", "code section header");
                self.claim(range.start + leb_length(*count), place)
            }
            Payload::CodeSectionEntry(body) => {
                let place = self.function();
                self.claim(body.range().end, place)
            }
            Payload::DataSection(section) => {
                self.claim(section.range().end, Place::of(Kind::Data, "static data", "data segments"))
            }
            Payload::CustomSection(custom) => {
                self.claim(custom.range().end, Place::of(Kind::Metadata, "custom sections", custom.name()))
            }
            Payload::ComponentImportSection(imports) => {
                let import = imports.clone().into_iter().next().transpose()?;
                self.claim(imports.range().end, interface(import.map_or("", |import| import.name.name)))
            }
            // The types in front of an import are what it needs: they are claimed with it.
            Payload::ComponentTypeSection(_) | Payload::ComponentAliasSection(_) => Ok(()),
            other => {
                let Some((id, range)) = other.as_section() else { return Ok(()) };
                let place = match self.inside.last() {
                    Some(Encoding::Component) => wiring(),
                    _ => Place::of(Kind::Structure, "core module", section_name(id)),
                };
                self.claim(range.end, place)
            }
        }
    }

    /// Where the next function of the module belongs.
    fn function(&mut self) -> Place {
        let position = self.position;
        self.position += 1;
        match self.functions {
            Some(names) if names.is_empty() && self.any_names => {
                Place::of(Kind::Code, "wit-component", "indirect calls")
            }
            Some(names) => {
                names.get(&position).map_or_else(unknown, |name| Place::function(Symbol::parse(name)))
            }
            None => unknown(),
        }
    }

    /// Puts everything up to `end` that belongs to nothing yet down to `place`.
    fn claim(&mut self, end: u64, place: Place) -> Result<()> {
        let end = usize::try_from(end)?;
        let size = Measured { raw: end - self.at, gzip: self.costs.of(self.at, end) };
        self.add(place, size);
        self.at = end;
        Ok(())
    }

    fn add(&mut self, place: Place, size: Measured) {
        let several = place.kind == Kind::Code;
        let (copies, sum) = self.parts.entry(place).or_insert((usize::from(!several), Measured::default()));
        *copies += usize::from(several);
        sum.raw += size.raw;
        sum.gzip += size.gzip;
    }

    fn finish(mut self, length: usize) -> Anatomy {
        if self.at < length {
            let size = Measured { raw: length - self.at, gzip: self.costs.of(self.at, length) };
            self.add(wiring(), size);
        }
        let tables = Measured { raw: 0, gzip: self.costs.overhead() };
        self.add(Place::of(Kind::Metadata, "format", "gzip's header and tables"), tables);
        let mut items: Vec<Item> =
            self.parts.into_iter().map(|(place, (copies, size))| Item { place, copies, size }).collect();
        items.sort_by(|a, b| b.size.raw.cmp(&a.size.raw).then_with(|| a.place.cmp(&b.place)));
        Anatomy { size: Measured { raw: length, gzip: self.costs.total() }, items }
    }
}

/// The bytes that a number takes in LEB128.
fn leb_length(number: u32) -> u64 {
    u64::from((32 - number.leading_zeros()).div_ceil(7).max(1))
}

/// Where what an import like `wasi:http/types@0.2.12` takes is put down to.
fn interface(import: &str) -> Place {
    match import.split_once('/') {
        Some((package, _)) => Place::of(Kind::Component, package, import),
        None => wiring(),
    }
}

/// What begins a file, or a module inside it.
fn headers() -> Place {
    Place::of(Kind::Metadata, "format", "headers")
}

/// What puts a component together.
fn wiring() -> Place {
    Place::of(Kind::Component, "component", "instances and exports")
}

/// What the specification calls a core module's section.
fn section_name(id: u8) -> &'static str {
    match id {
        1 => "types",
        2 => "imports",
        3 => "functions",
        4 => "tables",
        5 => "memories",
        6 => "globals",
        7 => "exports",
        8 => "start",
        9 => "elements",
        12 => "data count",
        _ => "other sections",
    }
}

/// One that holds nothing but functions of the crate `core`, each with so many bytes.
#[cfg(test)]
pub(crate) fn functions(functions: &[(&str, usize)]) -> Anatomy {
    let item = |&(name, raw): &(&str, usize)| Item {
        place: Place::of(Kind::Code, "core", name),
        copies: 1,
        size: Measured { raw, gzip: raw / 2 },
    };
    let raw = functions.iter().map(|(_, raw)| raw).sum();
    Anatomy { size: Measured { raw, gzip: raw / 2 }, items: functions.iter().map(item).collect() }
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{
        CodeSection, Component, ConstExpr, CustomSection, DataSection, Function, FunctionSection,
        MemorySection, MemoryType, Module, ModuleSection, NameMap, NameSection, TypeSection,
    };

    use super::*;

    /// A module with two functions of equal name, another, and a text.
    fn module() -> Module {
        let (mut types, mut functions, mut code) =
            (TypeSection::new(), FunctionSection::new(), CodeSection::new());
        types.ty().function([], []);
        let (mut names, symbols) = (NameMap::new(), ["_RNvC4core1f", "_RNvC4core1f.12", "dlmalloc"]);
        for (index, symbol) in symbols.into_iter().enumerate() {
            functions.function(0);
            let mut body = Function::new([]);
            for _ in 0..=index {
                body.instructions().nop();
            }
            body.instructions().end();
            code.function(&body);
            names.append(u32::try_from(index).unwrap(), symbol);
        }
        let (mut memories, mut data, mut section) =
            (MemorySection::new(), DataSection::new(), NameSection::new());
        let (minimum, maximum, memory64, shared, page_size_log2) = (1, None, false, false, None);
        memories.memory(MemoryType { minimum, maximum, memory64, shared, page_size_log2 });
        data.active(0, &ConstExpr::i32_const(0), b"some text".iter().copied());
        section.functions(&names);
        let mut module = Module::new();
        module
            .section(&types)
            .section(&functions)
            .section(&memories)
            .section(&code)
            .section(&data)
            .section(&section);
        module
    }

    fn adds_up(named: &[u8]) -> Anatomy {
        let anatomy = Anatomy::of(named).unwrap();
        let shipped = component::strip(named).unwrap();
        let sum = |of: fn(&Item) -> usize| anatomy.items.iter().map(of).sum::<usize>();
        assert_eq!(sum(|item| item.size.raw), shipped.len());
        assert_eq!(sum(|item| item.size.gzip), files::gzip(&shipped).unwrap().len());
        assert_eq!(anatomy.size, Measured { raw: shipped.len(), gzip: sum(|item| item.size.gzip) });
        anatomy
    }

    fn part<'a>(anatomy: &'a Anatomy, name: &str) -> &'a Item {
        anatomy.items.iter().find(|item| item.place.name == name).unwrap()
    }

    #[test]
    fn every_byte_of_a_module_belongs_to_something() {
        let anatomy = adds_up(&module().finish());
        // Each body with its length in front.
        let copies = part(&anatomy, "core::f");
        assert_eq!((copies.place.owner.as_str(), copies.copies, copies.size.raw), ("core", 2, 4 + 5));
        assert_eq!(part(&anatomy, "dlmalloc").place.owner, "wasi-libc");
        assert!(part(&anatomy, "data segments").size.raw > "some text".len());
        assert!(anatomy.has_names());
    }

    #[test]
    fn every_byte_of_a_component_too() {
        let mut component = Component::new();
        component.section(&CustomSection { name: "licence".into(), data: b"MIT"[..].into() });
        component.section(&ModuleSection(&module())).section(&ModuleSection(&Module::new()));
        let anatomy = adds_up(&component.finish());
        assert_eq!(part(&anatomy, "licence").place.kind, Kind::Metadata);
        assert_eq!(part(&anatomy, "core::f").copies, 2);
        assert_eq!(part(&anatomy, "headers").copies, 1);
    }

    #[test]
    fn without_names_the_code_is_one_part() {
        let (anatomy, shipped) = (adds_up(&module().finish()), component::strip(&module().finish()).unwrap());
        let bare = adds_up(&shipped);
        assert!(!bare.has_names());
        let sorted = |anatomy: &Anatomy| {
            let mut items = anatomy.items.clone();
            items.sort_by(|a, b| a.place.cmp(&b.place));
            items
        };
        let code = |anatomy: &Anatomy| sorted(anatomy)[0].size.raw;
        assert_eq!(code(&bare), code(&anatomy.without_names()));
        assert_eq!(sorted(&bare).len(), sorted(&anatomy.without_names()).len());
    }
}
