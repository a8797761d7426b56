//! The purpose of every byte of a binary.
//!
//! The binary is read from its first byte to its last, and unclaimed bytes between two known items belong to
//! the later one: so nothing is left over and nothing is counted twice.

use std::{collections::BTreeMap, slice};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use wasmparser::{Encoding, Parser, Payload};

use crate::{
    component,
    deflate::{self, Costs},
    names,
    part::{Kind, Part, PartId, Sizes},
    symbol::{Owners, Symbol},
};

/// A binary taken apart.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Anatomy {
    /// The whole file.
    #[serde(flatten)]
    pub size: Sizes,
    /// The parts, the largest first; their sizes add up to the file's.
    #[serde(rename = "items")]
    pub parts: Vec<Part>,
}

impl Anatomy {
    /// Takes a component or core module apart as [`component::strip`] leaves it. The names, which that drops,
    /// tell which crate a function belongs to.
    ///
    /// # Errors
    /// Fails if the binary is damaged.
    pub fn of(named: &[u8], owners: &Owners<'_>) -> Result<Self> {
        let stripped = component::strip(named)?;
        Self::of_stripped(named, &stripped, &deflate::gzip(&stripped)?, owners)
    }

    /// Takes a binary apart as it is, with all its sections.
    ///
    /// # Errors
    /// Fails if the binary is damaged.
    pub fn of_file(binary: &[u8], owners: &Owners<'_>) -> Result<Self> {
        Self::of_stripped(binary, binary, &deflate::gzip(binary)?, owners)
    }

    /// Does the same, given the stripped form of `named` and the gzip form of that.
    ///
    /// # Errors
    /// Fails if a binary is damaged, or if the three do not belong together.
    pub fn of_stripped(
        named: &[u8],
        stripped: &[u8],
        compressed: &[u8],
        owners: &Owners<'_>,
    ) -> Result<Self> {
        let costs = Costs::read(compressed).context("could not follow the compression")?;
        Self::with_costs(named, stripped, &costs, owners)
    }

    /// Does the same, given the cost of each byte of `stripped` in its gzip form.
    ///
    /// # Errors
    /// Fails if a binary is damaged.
    pub fn with_costs(named: &[u8], stripped: &[u8], costs: &Costs, owners: &Owners<'_>) -> Result<Self> {
        let names = functions_by_module(named)?;
        let mut walk = Walk::new(costs, &names, owners);
        for payload in Parser::new(0).parse_all(stripped) {
            walk.step(&payload?)?;
        }
        Ok(walk.finish(stripped.len()))
    }

    /// Returns whether any function has a name.
    pub fn has_names(&self) -> bool {
        self.parts
            .iter()
            .any(|part| part.id.kind == Kind::Code && part.id != unknown())
    }

    /// Returns the same with all code in one part, as if there were no names.
    pub fn without_names(&self) -> Self {
        let (code, mut parts): (Vec<Part>, Vec<Part>) = self
            .parts
            .iter()
            .cloned()
            .partition(|part| part.id.kind == Kind::Code);
        let mut all = Part {
            id: unknown(),
            copies: 0,
            size: Sizes::default(),
        };
        for part in code {
            all.copies += part.copies;
            all.size.add(part.size);
        }
        parts.insert(0, all);
        Self {
            size: self.size,
            parts,
        }
    }
}

/// The identity of all functions without a name.
fn unknown() -> PartId {
    PartId::new(Kind::Code, "unknown", "functions without a name")
}

/// Returns the names of the functions that each core module defines, by their position.
fn functions_by_module(named: &[u8]) -> Result<Vec<BTreeMap<u32, String>>> {
    component::modules(named)?
        .iter()
        .map(|module| names::defined_functions(module))
        .collect()
}

/// The state of reading a binary.
struct Walk<'a> {
    costs: &'a Costs,
    owners: &'a Owners<'a>,
    /// The names of the modules that are still to come.
    names: slice::Iter<'a, BTreeMap<u32, String>>,
    /// Whether any module has names: the small ones that wit-component adds never do.
    any_names: bool,
    /// The names of the module that is being read.
    functions: Option<&'a BTreeMap<u32, String>>,
    /// The number of its functions that were read.
    position: u32,
    /// The binaries that are being read, the outermost first.
    inside: Vec<Encoding>,
    /// The first byte that belongs to no part yet.
    at: usize,
    /// Copies and sizes of each part.
    parts: BTreeMap<PartId, (usize, Sizes)>,
}

impl<'a> Walk<'a> {
    fn new(costs: &'a Costs, names: &'a [BTreeMap<u32, String>], owners: &'a Owners<'a>) -> Self {
        Self {
            costs,
            owners,
            names: names.iter(),
            any_names: names.iter().any(|names| !names.is_empty()),
            functions: None,
            position: 0,
            inside: Vec::new(),
            at: 0,
            parts: BTreeMap::new(),
        }
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
            // The content comes next.
            Payload::ModuleSection {
                unchecked_range: range,
                ..
            }
            | Payload::ComponentSection {
                unchecked_range: range,
                ..
            } => self.claim(range.start, headers()),
            Payload::CodeSectionStart {
                unchecked_range: range,
                count,
                ..
            } => {
                let id = PartId::new(Kind::Structure, "core module", "code section header");
                self.claim(range.start + leb_length(*count), id)
            }
            Payload::CodeSectionEntry(body) => {
                let id = self.function();
                self.claim(body.range().end, id)
            }
            Payload::DataSection(section) => self.claim(
                section.range().end,
                PartId::new(Kind::Data, "static data", "data segments"),
            ),
            Payload::CustomSection(custom) => self.claim(
                custom.range().end,
                PartId::new(Kind::Metadata, "custom sections", custom.name()),
            ),
            Payload::ComponentImportSection(imports) => {
                let import = imports.clone().into_iter().next().transpose()?;
                self.claim(
                    imports.range().end,
                    interface(import.map_or("", |import| import.name.name)),
                )
            }
            // The types in front of an import are claimed with it.
            Payload::ComponentTypeSection(_) | Payload::ComponentAliasSection(_) => Ok(()),
            other => {
                let Some((id, range)) = other.as_section() else {
                    return Ok(());
                };
                let id = match self.inside.last() {
                    Some(Encoding::Component) => wiring(),
                    _ => PartId::new(Kind::Structure, "core module", section_name(id)),
                };
                self.claim(range.end, id)
            }
        }
    }

    /// Returns the identity of the next function of the module.
    fn function(&mut self) -> PartId {
        let position = self.position;
        self.position += 1;
        match self.functions {
            Some(names) if names.is_empty() && self.any_names => {
                let (owner, name) = self.owners.unnamed;
                PartId::new(Kind::Code, owner, name)
            }
            Some(names) => {
                let function = |name: &String| PartId::function(Symbol::parse(name, self.owners));
                names.get(&position).map_or_else(unknown, function)
            }
            None => unknown(),
        }
    }

    /// Counts everything up to `end` that belongs to no part yet for `id`.
    fn claim(&mut self, end: u64, id: PartId) -> Result<()> {
        let end = usize::try_from(end)?;
        let size = Sizes {
            raw: end - self.at,
            gzip: self.costs.of(self.at, end),
        };
        self.add(id, size);
        self.at = end;
        Ok(())
    }

    fn add(&mut self, id: PartId, size: Sizes) {
        let several = id.kind == Kind::Code;
        let (copies, sum) = self
            .parts
            .entry(id)
            .or_insert((usize::from(!several), Sizes::default()));
        *copies += usize::from(several);
        sum.add(size);
    }

    fn finish(mut self, length: usize) -> Anatomy {
        if self.at < length {
            let size = Sizes {
                raw: length - self.at,
                gzip: self.costs.of(self.at, length),
            };
            self.add(wiring(), size);
        }
        let tables = Sizes {
            raw: 0,
            gzip: self.costs.overhead(),
        };
        self.add(
            PartId::new(Kind::Metadata, "format", "gzip's header and tables"),
            tables,
        );
        let mut parts: Vec<Part> = self
            .parts
            .into_iter()
            .map(|(id, (copies, size))| Part { id, copies, size })
            .collect();
        parts.sort_by(|a, b| b.size.raw.cmp(&a.size.raw).then_with(|| a.id.cmp(&b.id)));
        Anatomy {
            size: Sizes {
                raw: length,
                gzip: self.costs.total(),
            },
            parts,
        }
    }
}

/// Returns the length of a number in LEB128.
fn leb_length(number: u32) -> u64 {
    u64::from((32 - number.leading_zeros()).div_ceil(7).max(1))
}

/// The identity of an import such as `wasi:http/types@0.2.12`.
fn interface(import: &str) -> PartId {
    match import.split_once('/') {
        Some((package, _)) => PartId::new(Kind::Component, package, import),
        None => wiring(),
    }
}

/// The identity of the headers of the file and of the modules inside it.
fn headers() -> PartId {
    PartId::new(Kind::Metadata, "format", "headers")
}

/// The identity of the sections that put a component together.
fn wiring() -> PartId {
    PartId::new(Kind::Component, "component", "instances and exports")
}

/// Returns the specification's name of a core module's section.
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
        let mut names = NameMap::new();
        let symbols = ["_RNvC4core1f", "_RNvC4core1f.12", "dlmalloc"];
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
        memories.memory(MemoryType {
            minimum,
            maximum,
            memory64,
            shared,
            page_size_log2,
        });
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
        let anatomy = Anatomy::of(named, &Owners::default()).unwrap();
        let shipped = component::strip(named).unwrap();
        let sum = |of: fn(&Part) -> usize| anatomy.parts.iter().map(of).sum::<usize>();
        assert_eq!(sum(|part| part.size.raw), shipped.len());
        assert_eq!(sum(|part| part.size.gzip), deflate::gzip(&shipped).unwrap().len());
        assert_eq!(
            anatomy.size,
            Sizes {
                raw: shipped.len(),
                gzip: sum(|part| part.size.gzip)
            }
        );
        anatomy
    }

    fn part<'a>(anatomy: &'a Anatomy, name: &str) -> &'a Part {
        anatomy.parts.iter().find(|part| part.id.name == name).unwrap()
    }

    #[test]
    fn parts_of_a_module_add_up() {
        let anatomy = adds_up(&module().finish());
        // Each body with its length in front.
        let copies = part(&anatomy, "core::f");
        assert_eq!(
            (copies.id.owner.as_str(), copies.copies, copies.size.raw),
            ("core", 2, 4 + 5)
        );
        assert_eq!(part(&anatomy, "dlmalloc").id.owner, "no owner in the name");
        assert!(part(&anatomy, "data segments").size.raw > "some text".len());
        assert!(anatomy.has_names());
    }

    #[test]
    fn parts_of_a_component_add_up() {
        let mut component = Component::new();
        component.section(&CustomSection {
            name: "licence".into(),
            data: b"MIT"[..].into(),
        });
        component
            .section(&ModuleSection(&module()))
            .section(&ModuleSection(&Module::new()));
        let anatomy = adds_up(&component.finish());
        assert_eq!(part(&anatomy, "licence").id.kind, Kind::Metadata);
        assert_eq!(part(&anatomy, "core::f").copies, 2);
        assert_eq!(part(&anatomy, "headers").copies, 1);
    }

    #[test]
    fn code_without_names_is_one_part() {
        let anatomy = adds_up(&module().finish());
        let shipped = component::strip(&module().finish()).unwrap();
        let bare = adds_up(&shipped);
        assert!(!bare.has_names());
        let sorted = |anatomy: &Anatomy| {
            let mut parts = anatomy.parts.clone();
            parts.sort_by(|a, b| a.id.cmp(&b.id));
            parts
        };
        let code = |anatomy: &Anatomy| sorted(anatomy)[0].size.raw;
        assert_eq!(code(&bare), code(&anatomy.without_names()));
        assert_eq!(sorted(&bare).len(), sorted(&anatomy.without_names()).len());
    }
}
