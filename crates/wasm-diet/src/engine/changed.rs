//! The passes of Binaryen that would change what a program does.
//!
//! `directize` replaces a call through a table by a direct one, or by a trap, if it knows the entry. It takes every
//! entry that is not written as `ref.func` for null, and only equal types for matching ones. `precompute` computes the
//! operators of relaxed SIMD in one of the ways that are allowed, and a processor may do it in another one: then a
//! program gives two results for the same operands. `optimize-instructions` adds the offset of an access to a constant
//! address of 64 bits without regard to an overflow, and so reads memory where the original traps.

use std::collections::BTreeSet;

use anyhow::Result;
use wasmparser::{
    CompositeInnerType, ElementItems, Operator, OperatorsReader, Parser, Payload, SubType, TableInit, TypeRef,
};

use crate::features;

/// The passes that a module must not get, by Binaryen's names.
pub(super) type Avoided = BTreeSet<&'static str>;

// The passes, by Binaryen's names.
const DIRECTIZE: &str = "directize";
const OPTIMIZE_INSTRUCTIONS: &str = "optimize-instructions";
const PRECOMPUTE: &str = "precompute";
const PRECOMPUTE_PROPAGATE: &str = "precompute-propagate";

/// Returns the passes that would change the behaviour of a core module.
///
/// # Errors
/// Fails if the module is damaged.
pub(super) fn avoided(module: &[u8]) -> Result<Avoided> {
    let found = Found::in_module(module)?;
    let mut avoided = Avoided::new();
    if found.calls_through_table && (found.computed_entry || found.function_subtype) {
        avoided.insert(DIRECTIZE);
    }
    if found.wide_memory {
        avoided.insert(OPTIMIZE_INSTRUCTIONS);
    }
    if found.relaxed {
        avoided.extend([PRECOMPUTE, PRECOMPUTE_PROPAGATE]);
    }
    Ok(avoided)
}

/// The parts of a module that a pass could change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Found {
    /// A function is called through a table, with a type that the engine compares.
    calls_through_table: bool,
    /// An entry of a table is neither a function nor null.
    computed_entry: bool,
    /// The type of a function is declared as a part of another one.
    function_subtype: bool,
    /// A memory has addresses of 64 bits.
    wide_memory: bool,
    /// There is an operator of relaxed SIMD.
    relaxed: bool,
}

impl Found {
    fn in_module(module: &[u8]) -> Result<Self> {
        let mut found = Self::default();
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::TypeSection(groups) => {
                    for group in groups {
                        found.function_subtype |= group?.into_types().any(|kind| is_function_subtype(&kind));
                    }
                }
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        if let TypeRef::Memory(memory) = import?.ty {
                            found.wide_memory |= memory.memory64;
                        }
                    }
                }
                Payload::MemorySection(memories) => {
                    for memory in memories {
                        found.wide_memory |= memory?.memory64;
                    }
                }
                Payload::TableSection(tables) => {
                    for table in tables {
                        if let TableInit::Expr(entry) = table?.init {
                            found.read_entry(entry.get_operators_reader())?;
                        }
                    }
                }
                Payload::ElementSection(segments) => {
                    for segment in segments {
                        if let ElementItems::Expressions(_, entries) = segment?.items {
                            for entry in entries {
                                found.read_entry(entry?.get_operators_reader())?;
                            }
                        }
                    }
                }
                Payload::CodeSectionEntry(body) => {
                    for operator in body.get_operators_reader()? {
                        found.read_operator(&operator?);
                    }
                }
                _ => {}
            }
        }
        Ok(found)
    }

    fn read_entry(&mut self, entry: OperatorsReader<'_>) -> Result<()> {
        for operator in entry {
            self.computed_entry |= !matches!(
                operator?,
                Operator::RefFunc { .. } | Operator::RefNull { .. } | Operator::End
            );
        }
        Ok(())
    }

    fn read_operator(&mut self, operator: &Operator<'_>) {
        match operator {
            Operator::CallIndirect { .. } | Operator::ReturnCallIndirect { .. } => {
                self.calls_through_table = true;
            }
            _ => self.relaxed |= features::origin(operator).0 == "relaxed_simd",
        }
    }
}

fn is_function_subtype(kind: &SubType) -> bool {
    matches!(kind.composite_type.inner, CompositeInnerType::Func(_)) && !kind.supertype_idxs.is_empty()
}

#[cfg(test)]
mod tests;
