//! Puts the parameters of blocks into locals: an old Binaryen drops the values that a branch carries to a loop.
//!
//! ```text
//! A block, loop or `if` that takes parameters → sets its own locals, begins without parameters, gets the locals
//! A branch to such a loop                      → sets the loop's locals, carries nothing
//! ```
//!
//! Functions without such blocks are copied byte for byte.

mod body;

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use wasm_encoder::{Encode as _, RawSection, Section as _, ValType};
use wasmparser::{CompositeInnerType, FuncType, Parser, Payload, RefType, TypeRef};

use self::body::Body;
use crate::component;

/// The ids of the sections that change.
const TYPES: u8 = 1;
const CODE: u8 = 10;

/// Returns a module of the same behaviour in which no block takes parameters.
///
/// # Errors
/// Fails with the reason if a parameter or a branch is not one of those that this handles.
pub(super) fn lower(module: &[u8]) -> Result<Vec<u8>> {
    let mut types = Types::default();
    let mut bodies = Vec::new();
    let mut index = 0;
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::TypeSection(groups) => {
                for group in groups {
                    types
                        .old
                        .extend(group?.into_types().map(|kind| match kind.composite_type.inner {
                            CompositeInnerType::Func(of) => Some(of),
                            _ => None,
                        }));
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    index += u32::from(matches!(import?.ty, TypeRef::Func(_) | TypeRef::FuncExact(_)));
                }
            }
            Payload::FunctionSection(functions) => {
                types.of_functions = functions.into_iter().collect::<Result<_, _>>()?;
            }
            Payload::CodeSectionEntry(body) => {
                let lowered = Body::lower(&body, bodies.len(), &mut types)
                    .with_context(|| format!("the one of function {index} cannot be put into locals"))?;
                bodies.push(lowered);
                index += 1;
            }
            _ => {}
        }
    }
    assemble(module, &types, &bodies)
}

/// Returns the module with other types and bodies.
fn assemble(module: &[u8], types: &Types, bodies: &[Vec<u8>]) -> Result<Vec<u8>> {
    let mut output = wasm_encoder::Module::HEADER.to_vec();
    for payload in Parser::new(0).parse_all(module) {
        let Some((id, range)) = payload?.as_section() else {
            continue;
        };
        let old = component::section(module, range)?;
        let made = match id {
            TYPES => Some(types.section(old)?),
            CODE => Some(code(bodies)?),
            _ => None,
        };
        let data = made.as_deref().unwrap_or(old);
        RawSection { id, data }.append_to(&mut output);
    }
    Ok(output)
}

fn code(bodies: &[Vec<u8>]) -> Result<Vec<u8>> {
    let mut data = Vec::new();
    u32::try_from(bodies.len())?.encode(&mut data);
    bodies.iter().for_each(|body| body.as_slice().encode(&mut data));
    Ok(data)
}

/// The types of a module, and those that are added.
#[derive(Debug, Default)]
struct Types {
    /// The type of a function for each index, if it is one.
    old: Vec<Option<FuncType>>,
    /// The index of the type of each function that is not imported.
    of_functions: Vec<u32>,
    /// The results of the types that are added, which have no parameters.
    added: Vec<Vec<ValType>>,
    /// The index in `added` by the index of the type with the same results.
    added_for: BTreeMap<u32, u32>,
}

impl Types {
    fn function(&self, index: u32) -> Result<&FuncType> {
        let found = self.old.get(index as usize).and_then(Option::as_ref);
        found.with_context(|| format!("type {index} is not that of a function"))
    }

    /// Returns the index of a type without parameters that has the results of this one.
    fn without_parameters(&mut self, index: u32) -> Result<u32> {
        let at = match self.added_for.get(&index) {
            Some(at) => *at,
            None => {
                let results = self.function(index)?.results();
                let results = results.iter().map(|of| value(*of)).collect::<Result<_>>()?;
                let at = u32::try_from(self.added.len())?;
                self.added.push(results);
                self.added_for.insert(index, at);
                at
            }
        };
        Ok(u32::try_from(self.old.len())? + at)
    }

    /// Returns the content of the section of types, with those that are added.
    fn section(&self, old: &[u8]) -> Result<Vec<u8>> {
        const FUNCTION: u8 = 0x60;
        let mut reader = wasmparser::BinaryReader::new(old, 0);
        let groups = reader.read_var_u32()?;
        let mut data = Vec::new();
        (groups + u32::try_from(self.added.len())?).encode(&mut data);
        let rest = old.get(usize::try_from(reader.original_position())?..);
        data.extend(rest.context("the section of types is damaged")?);
        for results in &self.added {
            data.push(FUNCTION);
            0_u32.encode(&mut data);
            results.as_slice().encode(&mut data);
        }
        Ok(data)
    }
}

/// Returns a type of a value.
///
/// # Errors
/// Fails if it is a reference to a type of the module.
fn value(of: wasmparser::ValType) -> Result<ValType> {
    Ok(match of {
        wasmparser::ValType::I32 => ValType::I32,
        wasmparser::ValType::I64 => ValType::I64,
        wasmparser::ValType::F32 => ValType::F32,
        wasmparser::ValType::F64 => ValType::F64,
        wasmparser::ValType::V128 => ValType::V128,
        wasmparser::ValType::Ref(RefType::FUNCREF) => ValType::Ref(wasm_encoder::RefType::FUNCREF),
        wasmparser::ValType::Ref(RefType::EXTERNREF) => ValType::Ref(wasm_encoder::RefType::EXTERNREF),
        wasmparser::ValType::Ref(other) => bail!("it has values of the type `{other}`"),
    })
}

#[cfg(test)]
mod tests;
