//! The effect of an instruction on the stack, and the types that it depends on.

use anyhow::{Result, bail};
use wasm_encoder::Encode as _;
use wasmparser::{Operator, Parser, Payload, TypeRef, ValType};

/// The effect of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Reads a local.
    Get(u32),
    /// Reads memory at an address and this offset.
    Load(u32),
    /// Writes memory at an address and this offset.
    Store(u32),
    /// Takes and leaves so many values.
    Values(usize, usize),
    /// Control flow, a changed local, or unknown: no part of a sequence.
    Other,
}

impl Effect {
    /// Returns the effect of an instruction. `bytes` is its encoding.
    pub(super) fn of(bytes: &[u8], operator: &Operator<'_>, module: &Module) -> Self {
        match (bytes.first().copied().unwrap_or_default(), operator) {
            (_, Operator::LocalGet { local_index }) => Self::Get(*local_index),
            (0x28..=0x35, _) => offset(bytes).map_or(Self::Other, Self::Load),
            (0x36..=0x3e, _) => offset(bytes).map_or(Self::Other, Self::Store),
            (_, Operator::Call { function_index }) => match module.of(*function_index as usize) {
                Some(ty) => Self::Values(ty.params.len(), ty.results),
                None => Self::Other,
            },
            (_, Operator::MemoryCopy { .. } | Operator::MemoryFill { .. }) => Self::Values(3, 0),
            (_, Operator::Select) => Self::Values(3, 1),
            (_, Operator::GlobalSet { .. } | Operator::Drop) => Self::Values(1, 0),
            // Reads of globals, and constants.
            (0x23 | 0x41..=0x44, _) => Self::Values(0, 1),
            // Operations on one number.
            (0x45 | 0x50 | 0x67..=0x69 | 0x79..=0x7b | 0x8b..=0x91 | 0x99..=0x9f | 0xa7..=0xc4, _) => {
                Self::Values(1, 1)
            }
            // Operations on two.
            (0x46..=0xa6, _) => Self::Values(2, 1),
            _ => Self::Other,
        }
    }
}

/// Returns the offset of an instruction that reads or writes memory: it follows the alignment, and is the last. An
/// alignment above 63 says that a memory has a number.
fn offset(bytes: &[u8]) -> Option<u32> {
    let [_, 0..=63, rest @ ..] = bytes else {
        return None;
    };
    let mut reader = wasmparser::BinaryReader::new(rest, 0);
    let offset = reader.read_var_u32().ok()?;
    reader.eof().then_some(offset)
}

/// Returns the instruction with another offset.
pub(super) fn with_offset(bytes: &[u8], offset: u32) -> Vec<u8> {
    let mut changed = bytes.iter().take(2).copied().collect();
    offset.encode(&mut changed);
    changed
}

/// A type of functions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Type {
    /// The types of the parameters, encoded.
    pub(super) params: Vec<u8>,
    /// The number of results.
    pub(super) results: usize,
}

/// The types and functions of a module, and those that are added.
#[derive(Debug, Default)]
pub(super) struct Module {
    types: Vec<Type>,
    /// The number of types before any was added.
    known: usize,
    /// The number of functions that are imported.
    pub(super) imported: usize,
    /// The type of each function.
    pub(super) functions: Vec<usize>,
}

impl Module {
    pub(super) fn read(module: &[u8]) -> Result<Self> {
        let mut read = Self::default();
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::TypeSection(section) => {
                    for ty in section.into_iter_err_on_gc_types() {
                        let ty = ty?;
                        let params = ty.params().iter().map(|ty| encoded(*ty));
                        read.types.push(Type {
                            params: params.collect::<Result<_>>()?,
                            results: ty.results().len(),
                        });
                    }
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        if let TypeRef::Func(ty) = import?.ty {
                            read.functions.push(ty as usize);
                        }
                    }
                    read.imported = read.functions.len();
                }
                Payload::FunctionSection(section) => {
                    for ty in section {
                        read.functions.push(ty? as usize);
                    }
                }
                _ => {}
            }
        }
        read.known = read.types.len();
        Ok(read)
    }

    /// Returns the type of a function.
    pub(super) fn of(&self, function: usize) -> Option<&Type> {
        self.types.get(*self.functions.get(function)?)
    }

    /// Adds a function without a result.
    pub(super) fn add(&mut self, params: &[u8]) {
        let is_type = |ty: &Type| ty.params == params && ty.results == 0;
        let ty = self.types.iter().position(is_type).unwrap_or_else(|| {
            self.types.push(Type {
                params: params.to_vec(),
                results: 0,
            });
            self.types.len() - 1
        });
        self.functions.push(ty);
    }

    /// Returns the number of types that were added, and the types, encoded.
    pub(super) fn added_types(&self) -> (u32, Vec<u8>) {
        let mut bytes = Vec::new();
        let added = self.types.get(self.known..).unwrap_or_default();
        for ty in added {
            bytes.push(0x60);
            ty.params.as_slice().encode(&mut bytes);
            bytes.push(0);
        }
        (u32::try_from(added.len()).unwrap_or_default(), bytes)
    }

    /// Returns the number of functions after the first `before`, and the numbers of their types, encoded.
    pub(super) fn added_functions(&self, before: usize) -> (u32, Vec<u8>) {
        let mut bytes = Vec::new();
        let added = self.functions.get(before..).unwrap_or_default();
        for ty in added {
            ty.encode(&mut bytes);
        }
        (u32::try_from(added.len()).unwrap_or_default(), bytes)
    }
}

/// Returns the encoding of a type of values.
pub(super) fn encoded(ty: ValType) -> Result<u8> {
    Ok(match ty {
        ValType::I32 => 0x7f,
        ValType::I64 => 0x7e,
        ValType::F32 => 0x7d,
        ValType::F64 => 0x7c,
        ty => bail!("a function has a value of the type {ty}"),
    })
}
