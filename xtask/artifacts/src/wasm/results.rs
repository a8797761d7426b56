//! Keeps functions to one result: a global variable of the module carries the second one.
//!
//! rustc returns a pair of values, such as a text's address and length or an `Option` of a number, in two results
//! ([`target`](super::target)). The caller then needs no memory for them, and neither passes its address nor reads it.
//! The first version of WebAssembly has one result a function, and Binaryen keeps several ones in locals of its own,
//! which costs more than they save. With a global variable both work:
//!
//! ```text
//! local.get $first  local.get $second  return     →  local.get $first  local.get $second  global.set $r  return
//! call $pair  local.set $second  local.set $first →  call $pair  global.get $r  local.set $second  local.set $first
//! ```
//!
//! The caller reads the variable at once, so nothing can change it before.

use anyhow::{Context as _, Result, bail, ensure};
use wasm_diet::component::{self, section};
use wasm_encoder::{
    ConstExpr, Encode as _, GlobalType, Instruction, RawSection, Section as _, TypeSection, ValType,
};
use wasmparser::{ExternalKind, FuncType, FunctionBody, Parser, Payload, TypeRef};

use super::lower::extended;

mod body;
mod multiply;

/// The prefix of the linker's names for functions that trap, because the caller and the definition disagree.
const MISMATCH: &str = "signature_mismatch:";

/// The only such function: LLVM expects two results of it, and `compiler_builtins` writes them to memory.
const MULTIPLY: &str = "signature_mismatch:__multi3";

/// Returns `binary`, a component or a core module, with at most one result for each function.
///
/// # Errors
/// Fails if the binary is damaged, if a function with several results is imported or exported, and if the linker has
/// joined functions that disagree about their parameters or results.
pub(super) fn lower(binary: &[u8]) -> Result<Vec<u8>> {
    component::rewrite(binary, &mut |_, module| lower_module(module))
}

fn lower_module(module: &[u8]) -> Result<Vec<u8>> {
    let functions = Functions::read(module)?;
    if functions.types.iter().all(|ty| ty.results().len() <= 1) {
        return Ok(module.to_vec());
    }
    let mut variables = Variables {
        first: functions.globals,
        types: Vec::new(),
    };
    let mut bodies = Vec::new();
    for (number, body) in functions.bodies.iter().enumerate() {
        let number = functions.imported + number;
        bodies.push(match multiply::is_missing(functions.ty(number)?, body)? {
            true => multiply::body(variables.of(ValType::I64)).into_raw_body(),
            false => body::rewritten(module, number, body, &functions, &mut variables)?,
        });
    }
    assemble(module, &functions.types, &variables, &bodies)
}

/// Copies the module with other types, bodies and more global variables.
fn assemble(module: &[u8], types: &[FuncType], variables: &Variables, bodies: &[Vec<u8>]) -> Result<Vec<u8>> {
    let mut output = wasm_encoder::Module::HEADER.to_vec();
    let mut has_globals = false;
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        let data = match &payload {
            Payload::TypeSection(_) => {
                one_result_each(types)?.append_to(&mut output);
                continue;
            }
            Payload::CodeSectionStart { .. } => {
                let mut code = wasm_encoder::CodeSection::new();
                bodies.iter().for_each(|body| {
                    code.raw(body);
                });
                code.append_to(&mut output);
                continue;
            }
            Payload::CodeSectionEntry(_) => continue,
            Payload::GlobalSection(reader) => {
                has_globals = true;
                let data = section(module, reader.range())?;
                extended(data, u32::try_from(variables.types.len())?, &variables.encoded())?
            }
            _ => match payload.as_section() {
                Some((_, range)) => section(module, range)?.to_vec(),
                None => continue,
            },
        };
        if let Some((id, _)) = payload.as_section() {
            RawSection { id, data: &data }.append_to(&mut output);
        }
    }
    ensure!(has_globals, "the module has no global variables, and so no stack");
    Ok(output)
}

fn one_result_each(types: &[FuncType]) -> Result<TypeSection> {
    let mut section = TypeSection::new();
    for ty in types {
        let parameters = ty.params().iter().map(|ty| value_type(*ty));
        let results = ty.results().iter().take(1).map(|ty| value_type(*ty));
        section.ty().function(
            parameters.collect::<Result<Vec<_>>>()?,
            results.collect::<Result<Vec<_>>>()?,
        );
    }
    Ok(section)
}

fn value_type(ty: wasmparser::ValType) -> Result<ValType> {
    Ok(match ty {
        wasmparser::ValType::I32 => ValType::I32,
        wasmparser::ValType::I64 => ValType::I64,
        wasmparser::ValType::F32 => ValType::F32,
        wasmparser::ValType::F64 => ValType::F64,
        ty => bail!("a function has a parameter or result of the type {ty}"),
    })
}

/// The functions of a module.
struct Functions<'m> {
    types: Vec<FuncType>,
    /// The index of each function's type, imported functions first.
    indices: Vec<u32>,
    imported: usize,
    /// The number of global variables.
    globals: u32,
    bodies: Vec<FunctionBody<'m>>,
}

impl<'m> Functions<'m> {
    fn read(module: &'m [u8]) -> Result<Self> {
        let mut functions = Self {
            types: Vec::new(),
            indices: Vec::new(),
            imported: 0,
            globals: 0,
            bodies: Vec::new(),
        };
        for payload in Parser::new(0).parse_all(module) {
            functions.add(payload?)?;
        }
        Ok(functions)
    }

    fn add(&mut self, payload: Payload<'m>) -> Result<()> {
        match payload {
            Payload::TypeSection(section) => {
                for ty in section.into_iter_err_on_gc_types() {
                    self.types.push(ty?);
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import?;
                    match import.ty {
                        TypeRef::Func(ty) => self.indices.push(ty),
                        TypeRef::Global(_) => self.globals += 1,
                        _ => continue,
                    }
                    self.imported = self.indices.len();
                }
                (0..self.imported).try_for_each(|index| self.check_is_inner(index))?;
            }
            Payload::FunctionSection(section) => {
                for ty in section {
                    self.indices.push(ty?);
                }
            }
            Payload::GlobalSection(section) => self.globals += section.count(),
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    if export.kind == ExternalKind::Func {
                        self.check_is_inner(usize::try_from(export.index)?)?;
                    }
                }
            }
            Payload::CodeSectionEntry(body) => self.bodies.push(body),
            Payload::CustomSection(custom) => {
                if let wasmparser::KnownCustom::Name(names) = custom.as_known() {
                    check_names(names)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Fails if a function that others outside of the module know has several results.
    fn check_is_inner(&self, function: usize) -> Result<()> {
        let results = self.ty(function)?.results().len();
        ensure!(
            results <= 1,
            "function {function} is imported or exported and has {results} results"
        );
        Ok(())
    }

    /// Returns the type of a function.
    fn ty(&self, function: usize) -> Result<&FuncType> {
        let index = self.indices.get(function).context("a function has no type")?;
        self.type_at(*index)
    }

    fn type_at(&self, index: u32) -> Result<&FuncType> {
        self.types
            .get(usize::try_from(index)?)
            .context("a type does not exist")
    }
}

/// Fails if the linker has found callers and definitions that disagree, beyond the one that is replaced.
fn check_names(names: wasmparser::NameSectionReader<'_>) -> Result<()> {
    for subsection in names {
        let wasmparser::Name::Function(functions) = subsection? else {
            continue;
        };
        for function in functions {
            let name = function?.name;
            ensure!(
                !name.starts_with(MISMATCH) || name == MULTIPLY,
                "callers of `{}` expect other parameters or results than it has",
                &name[MISMATCH.len()..]
            );
        }
    }
    Ok(())
}

/// The global variables for results, one for each type.
struct Variables {
    /// The index of the first one.
    first: u32,
    types: Vec<ValType>,
}

impl Variables {
    /// Returns the variable for a result of this type.
    fn of(&mut self, ty: ValType) -> u32 {
        let known = self.types.iter().position(|known| *known == ty);
        let position = known.unwrap_or_else(|| {
            self.types.push(ty);
            self.types.len() - 1
        });
        self.first + u32::try_from(position).unwrap_or(u32::MAX)
    }

    /// Returns the variable of the second result of `ty`, if it has one.
    fn of_second(&mut self, ty: &FuncType) -> Result<Option<u32>> {
        match ty.results() {
            [] | [_] => Ok(None),
            [_, second] => Ok(Some(self.of(value_type(*second)?))),
            more => bail!("a function has {} results", more.len()),
        }
    }

    /// Returns the variables as entries of a section.
    fn encoded(&self) -> Vec<u8> {
        let mut entries = Vec::new();
        for ty in &self.types {
            let zero = match ty {
                ValType::I64 => ConstExpr::i64_const(0),
                ValType::F32 => ConstExpr::f32_const(0.0.into()),
                ValType::F64 => ConstExpr::f64_const(0.0.into()),
                _ => ConstExpr::i32_const(0),
            };
            let ty = GlobalType {
                val_type: *ty,
                mutable: true,
                shared: false,
            };
            ty.encode(&mut entries);
            zero.encode(&mut entries);
        }
        entries
    }
}

fn set(variable: Option<u32>, output: &mut Vec<u8>) {
    if let Some(variable) = variable {
        Instruction::GlobalSet(variable).encode(output);
    }
}

fn get(variable: Option<u32>, output: &mut Vec<u8>) {
    if let Some(variable) = variable {
        Instruction::GlobalGet(variable).encode(output);
    }
}

#[cfg(test)]
mod tests;
