//! Compares what a core module imports and exports before and after it was optimised.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use wasmparser::{
    CompositeInnerType, ExternalKind, FuncType, MemoryType, Parser, Payload, SubType, TableType, TypeRef,
    ValType,
};

/// The imports and exports of a core module.
#[derive(Debug, Default, PartialEq, Eq)]
struct Surface {
    /// The number of imports of each module, name and type. Their order is the optimiser's.
    imports: BTreeMap<String, usize>,
    /// The type of each export, by name.
    exports: BTreeMap<String, String>,
}

/// Fails unless `after` has the exports of `before`, and no imports but its own: an optimiser may drop an import
/// that nothing uses.
///
/// # Errors
/// Names the first import or export that differs.
pub fn compare(before: &[u8], after: &[u8]) -> Result<()> {
    let (before, after) = (Surface::read(before)?, Surface::read(after)?);
    for (import, count) in &after.imports {
        let own = before.imports.get(import).is_some_and(|had| had >= count);
        ensure!(own, "it would import {import}, unlike the original");
    }
    for (name, kind) in &before.exports {
        ensure!(
            after.exports.get(name) == Some(kind),
            "it would not export `{name}` as {kind}, unlike the original"
        );
    }
    for name in after.exports.keys() {
        ensure!(
            before.exports.contains_key(name),
            "it would export `{name}`, unlike the original"
        );
    }
    Ok(())
}

/// The types of everything in a module, as text.
#[derive(Default)]
struct Types {
    signatures: Vec<String>,
    functions: Vec<String>,
    tables: Vec<String>,
    memories: Vec<String>,
    globals: Vec<String>,
    tags: Vec<String>,
}

impl Types {
    fn signature(&self, index: u32) -> String {
        get(&self.signatures, index)
    }

    /// Adds an import, and returns its type.
    fn add(&mut self, import: TypeRef) -> String {
        let (list, text) = match import {
            TypeRef::Func(index) | TypeRef::FuncExact(index) => {
                let text = self.signature(index);
                (&mut self.functions, text)
            }
            TypeRef::Table(of) => (&mut self.tables, table(&of)),
            TypeRef::Memory(of) => (&mut self.memories, memory(&of)),
            TypeRef::Global(of) => (&mut self.globals, global(of.content_type, of.mutable, of.shared)),
            TypeRef::Tag(of) => {
                let text = format!("tag {}", self.signature(of.func_type_idx));
                (&mut self.tags, text)
            }
        };
        list.push(text.clone());
        text
    }

    fn export(&self, kind: ExternalKind, index: u32) -> String {
        let list = match kind {
            ExternalKind::Func | ExternalKind::FuncExact => &self.functions,
            ExternalKind::Table => &self.tables,
            ExternalKind::Memory => &self.memories,
            ExternalKind::Global => &self.globals,
            ExternalKind::Tag => &self.tags,
        };
        get(list, index)
    }
}

impl Surface {
    fn read(module: &[u8]) -> Result<Self> {
        let (mut surface, mut types) = (Self::default(), Types::default());
        for payload in Parser::new(0).parse_all(module) {
            surface.step(payload?, &mut types)?;
        }
        Ok(surface)
    }

    fn step(&mut self, payload: Payload<'_>, types: &mut Types) -> Result<()> {
        match payload {
            Payload::TypeSection(groups) => {
                for group in groups {
                    let group: Vec<SubType> = group?.into_types().collect();
                    for (position, kind) in group.iter().enumerate() {
                        types.signatures.push(defined(kind, position, group.len()));
                    }
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import?;
                    let kind = types.add(import.ty);
                    let text = format!("`{}` `{}` as {kind}", import.module, import.name);
                    *self.imports.entry(text).or_default() += 1;
                }
            }
            Payload::FunctionSection(functions) => {
                for index in functions {
                    let text = types.signature(index?);
                    types.functions.push(text);
                }
            }
            Payload::TableSection(tables) => {
                for of in tables {
                    types.tables.push(table(&of?.ty));
                }
            }
            Payload::MemorySection(memories) => {
                for of in memories {
                    types.memories.push(memory(&of?));
                }
            }
            Payload::TagSection(tags) => {
                for of in tags {
                    let text = format!("tag {}", types.signature(of?.func_type_idx));
                    types.tags.push(text);
                }
            }
            Payload::GlobalSection(globals) => {
                for of in globals {
                    let of = of?.ty;
                    types.globals.push(global(of.content_type, of.mutable, of.shared));
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    let kind = types.export(export.kind, export.index);
                    self.exports.insert(export.name.to_owned(), kind);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn get(list: &[String], index: u32) -> String {
    let found = usize::try_from(index).ok().and_then(|index| list.get(index));
    found.cloned().unwrap_or_else(|| "an unknown type".to_owned())
}

fn function(of: &FuncType) -> String {
    let list = |values: &[ValType]| values.iter().map(value).collect::<Vec<_>>().join(" ");
    format!("func ({}) -> ({})", list(of.params()), list(of.results()))
}

/// Returns the text of a type that the module defines. Two types with the same parameters and results differ if their
/// place in a group of recursive types does, or their relation to other types.
fn defined(kind: &SubType, position: usize, group: usize) -> String {
    let mut text = match &kind.composite_type.inner {
        CompositeInnerType::Func(of) => function(of),
        _ => "another type".to_owned(),
    };
    if group > 1 {
        text += &format!(" (type {position} of a group of {group})");
    }
    if !kind.supertype_idxs.is_empty() {
        text += " (subtype)";
    }
    if !kind.is_final {
        text += " (open)";
    }
    text
}

/// Returns the name of a type. A type that a module defines has a number there, which an optimiser changes.
fn value(of: &ValType) -> String {
    match of {
        ValType::Ref(of) if of.is_concrete_type_ref() => "a reference".to_owned(),
        other => other.to_string(),
    }
}

fn table(of: &TableType) -> String {
    let TableType {
        element_type,
        table64,
        initial,
        maximum,
        shared,
    } = of;
    let element = value(&ValType::Ref(*element_type));
    format!("table {element} {initial} {maximum:?} {table64} {shared}")
}

fn memory(of: &MemoryType) -> String {
    format!(
        "memory {} {:?} {} {} {:?}",
        of.initial, of.maximum, of.memory64, of.shared, of.page_size_log2
    )
}

fn global(of: ValType, mutable: bool, shared: bool) -> String {
    format!("global {} {mutable} {shared}", value(&of))
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{
        CompositeInnerType as Inner, CompositeType, ExportKind, ExportSection, FuncType as Signature, Module,
        SubType as Defined, TagKind, TagSection, TagType, TypeSection,
    };

    use super::*;

    /// Returns a module that exports a tag, whose type is the last of `group` equal ones.
    fn module(group: usize, is_final: bool) -> Vec<u8> {
        let defined = Defined {
            is_final,
            supertype_idxs: Vec::new(),
            composite_type: CompositeType {
                inner: Inner::Func(Signature::new([], [])),
                shared: false,
                descriptor: None,
                describes: None,
            },
        };
        let mut types = TypeSection::new();
        match group {
            1 => types.ty().subtype(&defined),
            _ => types.ty().rec(vec![defined; group]),
        }
        let mut tags = TagSection::new();
        tags.tag(TagType {
            kind: TagKind::Exception,
            func_type_idx: group as u32 - 1,
        });
        let mut exports = ExportSection::new();
        exports.export("t", ExportKind::Tag, 0);
        let mut module = Module::new();
        module.section(&types).section(&tags).section(&exports);
        module.finish()
    }

    #[test]
    fn equal_types_of_other_groups_are_others() {
        let original = module(2, true);
        assert!(compare(&original, &module(2, true)).is_ok());
        for other in [module(1, true), module(3, true), module(2, false)] {
            let error = compare(&original, &other).unwrap_err().to_string();
            assert!(error.contains("would not export `t` as tag"), "{error}");
        }
    }
}
