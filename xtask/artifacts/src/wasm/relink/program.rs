//! The program, which imports its memory and its table, and the module that defines them.

use std::collections::HashMap;

use anyhow::{Context as _, Result, bail, ensure};
use wasm_diet::component::section;
use wasm_encoder::{
    CodeSection, ConstExpr, ElementSection, Elements, Encode as _, EntityType, ExportKind, ExportSection,
    Function, FunctionSection, ImportSection, Instruction, MemorySection, MemoryType, Module, RawSection,
    RefType, TableSection, TableType, TypeSection, ValType,
};
use wasmparser::{BinaryReader, ExternalKind, FuncType, Parser, Payload, TypeRef};

use super::short_name;

/// The name of the module that defines memory and table, as the program imports it.
pub(super) const BASE: &str = "a";
/// The name of the functions, as the program imports them.
pub(super) const HOST: &str = "";
/// The base's names of its memory and its table.
pub(super) const MEMORY: &str = "m";
pub(super) const TABLE: &str = "t";

/// The parts of a program that the links depend on.
pub(super) struct Program<'m> {
    module: &'m [u8],
    /// Module and name of each imported function.
    pub(super) imports: Vec<(&'m str, &'m str)>,
    memory: MemoryType,
    /// The number of entries of the table.
    entries: u64,
    /// The functions that are exported, and their types.
    exports: HashMap<&'m str, (u32, FuncType)>,
}

impl<'m> Program<'m> {
    pub(super) fn read(module: &'m [u8]) -> Result<Self> {
        let mut types = Vec::new();
        let mut functions = Vec::new();
        let (mut imports, mut exported) = (Vec::new(), Vec::new());
        let (mut memory, mut entries) = (None, None);
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::TypeSection(section) => {
                    for of in section.into_iter_err_on_gc_types() {
                        types.push(of?);
                    }
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import?;
                        let TypeRef::Func(of) = import.ty else {
                            bail!("the program imports `{}`, which is not a function", import.name)
                        };
                        functions.push(of);
                        imports.push((import.module, import.name));
                    }
                }
                Payload::FunctionSection(section) => {
                    for of in section {
                        functions.push(of?);
                    }
                }
                Payload::TableSection(section) => {
                    for table in section {
                        ensure!(
                            entries.replace(table?.ty.initial).is_none(),
                            "the program has two tables"
                        );
                    }
                }
                Payload::MemorySection(section) => {
                    for of in section {
                        let of = of?;
                        let of = MemoryType {
                            minimum: of.initial,
                            maximum: of.maximum,
                            memory64: of.memory64,
                            shared: of.shared,
                            page_size_log2: of.page_size_log2,
                        };
                        ensure!(memory.replace(of).is_none(), "the program has two memories");
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export?;
                        if export.kind == ExternalKind::Func {
                            exported.push((export.name, export.index));
                        }
                    }
                }
                _ => {}
            }
        }
        let mut exports = HashMap::new();
        for (name, index) in exported {
            let of = functions
                .get(usize::try_from(index)?)
                .context("an export has no type")?;
            let of: &FuncType = types
                .get(usize::try_from(*of)?)
                .context("a function has no type")?;
            exports.insert(name, (index, of.clone()));
        }
        Ok(Self {
            module,
            imports,
            memory: memory.context("the program has no memory")?,
            entries: entries.context("the program has no table")?,
            exports,
        })
    }

    /// Returns the number of an exported function, and its type.
    fn export(&self, name: &str) -> Result<&(u32, FuncType)> {
        self.exports
            .get(name)
            .with_context(|| format!("the program does not export `{name}`"))
    }

    /// Returns the module that defines memory and table, with functions that call these exports of the program.
    pub(super) fn base(&self, called: &[&str]) -> Result<Vec<u8>> {
        let (mut types, mut functions) = (TypeSection::new(), FunctionSection::new());
        let (mut exports, mut code) = (ExportSection::new(), CodeSection::new());
        exports
            .export(MEMORY, ExportKind::Memory, 0)
            .export(TABLE, ExportKind::Table, 0);
        for (number, name) in called.iter().enumerate() {
            let index = u32::try_from(number)?;
            let (_, of) = self.export(name)?;
            types.ty().function(values(of.params())?, values(of.results())?);
            functions.function(index);
            exports.export(&short_name(number), ExportKind::Func, index);
            let mut body = Function::new([]);
            for parameter in 0..u32::try_from(of.params().len())? {
                body.instruction(&Instruction::LocalGet(parameter));
            }
            body.instruction(&Instruction::I32Const(
                i32::try_from(self.entries)? + i32::try_from(number)?,
            ))
            .instruction(&Instruction::CallIndirect {
                type_index: index,
                table_index: 0,
            })
            .instruction(&Instruction::End);
            code.function(&body);
        }
        let (mut tables, mut memories) = (TableSection::new(), MemorySection::new());
        tables.table(self.table(called.len())?);
        memories.memory(self.memory);
        let mut module = Module::new();
        module
            .section(&types)
            .section(&functions)
            .section(&tables)
            .section(&memories);
        module.section(&exports).section(&code);
        Ok(module.finish())
    }

    fn table(&self, called: usize) -> Result<TableType> {
        let entries = self.entries + u64::try_from(called)?;
        Ok(TableType {
            element_type: RefType::FUNCREF,
            table64: false,
            minimum: entries,
            maximum: Some(entries),
            shared: false,
        })
    }

    /// Returns the program with imports under the names that the base and the list of functions have. `called` are the
    /// exports that the base calls, `exported` the others that the component uses, which get numbers as names.
    pub(super) fn linked(&self, called: &[&str], exported: &[&str]) -> Result<Vec<u8>> {
        let mut output = Module::HEADER.to_vec();
        for payload in Parser::new(0).parse_all(self.module) {
            let payload = payload?;
            match &payload {
                Payload::ImportSection(_) => self.imports(called.len(), &payload)?.append(&mut output),
                Payload::TableSection(_) | Payload::MemorySection(_) => {}
                Payload::ExportSection(_) => {
                    let mut exports = ExportSection::new();
                    for (number, name) in exported.iter().enumerate() {
                        exports.export(&short_name(number), ExportKind::Func, self.export(name)?.0);
                    }
                    exports.append(&mut output);
                }
                Payload::ElementSection(elements) => {
                    let numbers: Vec<u32> = called
                        .iter()
                        .map(|name| Ok(self.export(name)?.0))
                        .collect::<Result<_>>()?;
                    let offset = ConstExpr::i32_const(i32::try_from(self.entries)?);
                    let mut added = ElementSection::new();
                    added.active(None, &offset, Elements::Functions((&numbers).into()));
                    let data = section(self.module, elements.range())?;
                    RawSection {
                        id: wasm_encoder::SectionId::Element as u8,
                        data: &joined(data, &added)?,
                    }
                    .append(&mut output);
                }
                other => {
                    if let Some((id, range)) = other.as_section() {
                        let data = section(self.module, range)?;
                        RawSection { id, data }.append(&mut output);
                    }
                }
            }
        }
        Ok(output)
    }

    fn imports(&self, called: usize, payload: &Payload<'_>) -> Result<ImportSection> {
        let Payload::ImportSection(section) = payload else {
            bail!("another section")
        };
        let mut imports = ImportSection::new();
        for (number, import) in section.clone().into_imports().enumerate() {
            let TypeRef::Func(of) = import?.ty else {
                bail!("the program imports no functions only")
            };
            imports.import(HOST, &short_name(number), EntityType::Function(of));
        }
        imports.import(BASE, TABLE, self.table(called)?);
        imports.import(BASE, MEMORY, self.memory);
        Ok(imports)
    }
}

/// Appends a section with its id.
trait Append {
    fn append(&self, output: &mut Vec<u8>);
}

impl<S: wasm_encoder::Section> Append for S {
    fn append(&self, output: &mut Vec<u8>) {
        self.append_to(output);
    }
}

/// Returns the content of a section of elements with the single one of another section at its end.
fn joined(data: &[u8], added: &ElementSection) -> Result<Vec<u8>> {
    let mut encoded = Vec::new();
    added.encode(&mut encoded);
    let mut reader = BinaryReader::new(&encoded, 0);
    // The length of the section, and the number of elements.
    reader.read_var_u32()?;
    reader.read_var_u32()?;
    let element = reader.read_bytes(reader.bytes_remaining())?;

    let mut reader = BinaryReader::new(data, 0);
    let count = reader.read_var_u32()?;
    let rest = reader.read_bytes(reader.bytes_remaining())?;
    let mut joined = Vec::new();
    (count + 1).encode(&mut joined);
    joined.extend_from_slice(rest);
    joined.extend_from_slice(element);
    Ok(joined)
}

fn values(types: &[wasmparser::ValType]) -> Result<Vec<ValType>> {
    let value = |of: &wasmparser::ValType| match of {
        wasmparser::ValType::I32 => Ok(ValType::I32),
        wasmparser::ValType::I64 => Ok(ValType::I64),
        wasmparser::ValType::F32 => Ok(ValType::F32),
        wasmparser::ValType::F64 => Ok(ValType::F64),
        other => bail!("an export of the program has a parameter of the type {other}"),
    };
    types.iter().map(value).collect()
}
