//! Compares whether instantiating a core module may trap before and after it was optimised.

use anyhow::{Result, ensure};
use wasmparser::{
    ConstExpr, DataKind, ElementItems, ElementKind, Operator, Parser, Payload, TableType, TypeRef,
};

/// Whether the active segments of a module fit, in order of severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Segments {
    /// All fit.
    #[default]
    Fit,
    /// An import decides it: a base address, or the size of a memory or table.
    MayNotFit,
    /// One does not fit, so instantiation traps.
    DoNotFit,
}

/// Fails unless the active segments of `after` fit exactly when those of `before` do. A segment that does not fit traps
/// before a function runs, and an optimiser must not remove it, though nothing reads what it writes.
///
/// # Errors
/// Fails also if a module is damaged.
pub fn compare(before: &[u8], after: &[u8]) -> Result<()> {
    let (before, after) = (segments(before)?, segments(after)?);
    ensure!(
        after >= before,
        "it would no longer trap where a segment does not fit into its memory or table"
    );
    ensure!(
        after <= before,
        "it would trap where a segment does not fit into its memory or table, unlike the original"
    );
    Ok(())
}

/// The size of a memory in bytes, or of a table in elements, before it grows.
#[derive(Clone, Copy, Debug)]
struct Size {
    least: u128,
    imported: bool,
}

/// Returns whether the active segments of a core module fit.
fn segments(module: &[u8]) -> Result<Segments> {
    let (mut memories, mut tables) = (Vec::new(), Vec::new());
    let mut worst = Segments::Fit;
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    match import?.ty {
                        TypeRef::Memory(of) => memories.push(memory(&of, true)),
                        TypeRef::Table(of) => tables.push(table(&of, true)),
                        _ => {}
                    }
                }
            }
            Payload::MemorySection(section) => {
                for of in section {
                    memories.push(memory(&of?, false));
                }
            }
            Payload::TableSection(section) => {
                for of in section {
                    tables.push(table(&of?.ty, false));
                }
            }
            Payload::ElementSection(section) => {
                for element in section {
                    let element = element?;
                    let count = match element.items {
                        ElementItems::Functions(items) => items.count(),
                        ElementItems::Expressions(_, items) => items.count(),
                    };
                    if let ElementKind::Active {
                        table_index,
                        offset_expr,
                    } = element.kind
                    {
                        let size = tables.get(table_index.unwrap_or_default() as usize);
                        worst = worst.max(fit(size, &offset_expr, u128::from(count))?);
                    }
                }
            }
            Payload::DataSection(section) => {
                for data in section {
                    let data = data?;
                    if let DataKind::Active {
                        memory_index,
                        offset_expr,
                    } = data.kind
                    {
                        let size = memories.get(memory_index as usize);
                        worst = worst.max(fit(size, &offset_expr, data.data.len() as u128)?);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(worst)
}

fn memory(of: &wasmparser::MemoryType, imported: bool) -> Size {
    /// The logarithm of the size of a page.
    const PAGE: u32 = 16;
    let page = 1_u128 << of.page_size_log2.unwrap_or(PAGE).min(PAGE);
    let least = u128::from(of.initial) * page;
    Size { least, imported }
}

fn table(of: &TableType, imported: bool) -> Size {
    let least = u128::from(of.initial);
    Size { least, imported }
}

/// Returns whether `count` items fit at `offset`.
fn fit(size: Option<&Size>, offset: &ConstExpr<'_>, count: u128) -> Result<Segments> {
    let Some(size) = size else {
        return Ok(Segments::MayNotFit);
    };
    let mut operators = offset.get_operators_reader();
    let start = match operators.read()? {
        Operator::I32Const { value } => u128::from(value.cast_unsigned()),
        Operator::I64Const { value } => u128::from(value.cast_unsigned()),
        _ => return Ok(Segments::MayNotFit),
    };
    let is_constant = matches!(operators.read()?, Operator::End);
    Ok(match (is_constant, start + count <= size.least, size.imported) {
        (true, true, _) => Segments::Fit,
        (true, false, false) => Segments::DoNotFit,
        (true, false, true) | (false, ..) => Segments::MayNotFit,
    })
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{
        ConstExpr, DataSection, ElementSection, Elements, EntityType, GlobalType, ImportSection,
        MemorySection, MemoryType, Module, RefType, TableSection, ValType,
    };

    use super::*;

    const PAGE: MemoryType = MemoryType {
        minimum: 1,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    };

    fn with_data(offset: &ConstExpr, imported: bool) -> Vec<u8> {
        let (mut imports, mut memories, mut data) =
            (ImportSection::new(), MemorySection::new(), DataSection::new());
        imports.import(
            "env",
            "base",
            GlobalType {
                val_type: ValType::I32,
                mutable: false,
                shared: false,
            },
        );
        if imported {
            imports.import("env", "memory", EntityType::Memory(PAGE));
        } else {
            memories.memory(PAGE);
        }
        data.active(0, offset, [1, 2, 3, 4]);
        let mut module = Module::new();
        module
            .section(&imports)
            .section(&memories)
            .section(&data)
            .clone()
            .finish()
    }

    fn with_elements(offset: i32) -> Vec<u8> {
        let (mut tables, mut elements) = (TableSection::new(), ElementSection::new());
        tables.table(wasm_encoder::TableType {
            element_type: RefType::FUNCREF,
            table64: false,
            minimum: 1,
            maximum: None,
            shared: false,
        });
        let null = [ConstExpr::ref_null(wasm_encoder::HeapType::FUNC)];
        let items = Elements::Expressions(RefType::FUNCREF, null.as_slice().into());
        elements.active(None, &ConstExpr::i32_const(offset), items);
        Module::new().section(&tables).section(&elements).clone().finish()
    }

    #[test]
    fn knows_which_segments_fit() {
        let at = |offset: i32| with_data(&ConstExpr::i32_const(offset), false);
        assert_eq!(segments(&at(65_532)).unwrap(), Segments::Fit);
        assert_eq!(segments(&at(65_533)).unwrap(), Segments::DoNotFit);
        assert_eq!(segments(&at(-4)).unwrap(), Segments::DoNotFit);
        let imported = with_data(&ConstExpr::i32_const(65_533), true);
        assert_eq!(segments(&imported).unwrap(), Segments::MayNotFit);
        let based = with_data(&ConstExpr::global_get(0), false);
        assert_eq!(segments(&based).unwrap(), Segments::MayNotFit);
        let sum = ConstExpr::i32_const(4).with_i32_const(8).with_i32_add();
        assert_eq!(segments(&with_data(&sum, false)).unwrap(), Segments::MayNotFit);
        assert_eq!(segments(&with_elements(0)).unwrap(), Segments::Fit);
        assert_eq!(segments(&with_elements(1)).unwrap(), Segments::DoNotFit);
    }

    #[test]
    fn refuses_lost_and_added_traps() {
        let (fits, traps) = (with_elements(0), with_elements(1));
        assert!(compare(&fits, &fits).is_ok() && compare(&traps, &traps).is_ok());
        let lost = compare(&traps, &fits).unwrap_err().to_string();
        assert!(lost.contains("no longer trap"), "{lost}");
        assert!(compare(&fits, &traps).is_err());
    }
}
