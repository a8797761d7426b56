//! Modules of each kind, and their neighbours that Binaryen does not change.

use wasm_encoder::{
    CodeSection, CompositeInnerType, CompositeType, ConstExpr, ElementSection, Elements, Encode as _,
    FuncType, Function, FunctionSection, GlobalSection, GlobalType, ImportSection, Instruction,
    MemorySection, MemoryType, Module, RefType, SubType, TableSection, TableType, TypeSection, ValType,
};

use super::*;

/// A module to be written.
struct Sample {
    subtype: bool,
    entry: ConstExpr,
    body: Vec<Instruction<'static>>,
}

/// Returns the passes that a module must not get.
fn avoided_by(sample: &Sample) -> Vec<&'static str> {
    let function = |supertype_idxs: &[u32]| SubType {
        is_final: false,
        supertype_idxs: supertype_idxs.to_vec(),
        composite_type: CompositeType {
            inner: CompositeInnerType::Func(FuncType::new([], [])),
            shared: false,
            descriptor: None,
            describes: None,
        },
    };
    let mut types = TypeSection::new();
    types.ty().subtype(&function(&[]));
    types
        .ty()
        .subtype(&function(if sample.subtype { &[0] } else { &[] }));
    let mut functions = FunctionSection::new();
    functions.function(0);
    let mut tables = TableSection::new();
    tables.table(TableType {
        element_type: RefType::FUNCREF,
        minimum: 1,
        maximum: None,
        table64: false,
        shared: false,
    });
    let mut globals = GlobalSection::new();
    let of_global = GlobalType {
        val_type: ValType::FUNCREF,
        mutable: false,
        shared: false,
    };
    globals.global(of_global, &ConstExpr::ref_func(0));
    let mut elements = ElementSection::new();
    let entries = [sample.entry.clone()];
    elements.active(
        Some(0),
        &ConstExpr::i32_const(0),
        Elements::Expressions(RefType::FUNCREF, entries.as_slice().into()),
    );
    let mut function = Function::new([]);
    for instruction in &sample.body {
        function.instruction(instruction);
    }
    function.instruction(&Instruction::End);
    let mut code = CodeSection::new();
    code.function(&function);
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&tables);
    module.section(&globals).section(&elements).section(&code);
    avoided(&module.finish()).unwrap().into_iter().collect()
}

fn call() -> Vec<Instruction<'static>> {
    vec![
        Instruction::I32Const(0),
        Instruction::CallIndirect {
            type_index: 0,
            table_index: 0,
        },
    ]
}

fn tail_call() -> Vec<Instruction<'static>> {
    vec![
        Instruction::I32Const(0),
        Instruction::ReturnCallIndirect {
            type_index: 0,
            table_index: 0,
        },
    ]
}

const NONE: [&str; 0] = [];

#[test]
fn calls_of_computed_entries_stay_indirect() {
    let sample = |entry, body| Sample {
        subtype: false,
        entry,
        body,
    };
    let from_global = ConstExpr::global_get(0);
    for body in [call(), tail_call()] {
        assert_eq!(avoided_by(&sample(from_global.clone(), body)), [DIRECTIZE]);
    }
    assert_eq!(avoided_by(&sample(from_global, vec![])), NONE);
    assert_eq!(avoided_by(&sample(ConstExpr::ref_func(0), call())), NONE);
    let null = ConstExpr::ref_null(wasm_encoder::HeapType::FUNC);
    assert_eq!(avoided_by(&sample(null, call())), NONE);
}

#[test]
fn calls_stay_indirect_where_functions_have_subtypes() {
    let sample = |subtype, body| Sample {
        subtype,
        entry: ConstExpr::ref_func(0),
        body,
    };
    assert_eq!(avoided_by(&sample(true, call())), [DIRECTIZE]);
    assert_eq!(avoided_by(&sample(true, vec![])), NONE);
    assert_eq!(avoided_by(&sample(false, call())), NONE);
}

#[test]
fn no_operator_of_relaxed_simd_is_precomputed() {
    // The opcodes of the proposal, behind the prefix of SIMD.
    for opcode in 0x100_u32..=0x113 {
        let mut body = vec![0xFD];
        opcode.encode(&mut body);
        let mut reader = OperatorsReader::new(wasmparser::BinaryReader::new(&body, 0));
        let mut found = Found::default();
        found.read_operator(&reader.read().unwrap());
        assert!(found.relaxed, "{opcode:x}");
    }
    let mut found = Found::default();
    found.read_operator(&Operator::F32x4Mul);
    assert_eq!(found, Found::default());
}

#[test]
fn wide_addresses_keep_their_offsets() {
    let avoided_by = |memory64| {
        let kind = MemoryType {
            minimum: 1,
            maximum: None,
            memory64,
            shared: false,
            page_size_log2: None,
        };
        let mut own = Module::new();
        own.section(MemorySection::new().memory(kind));
        let mut imports = ImportSection::new();
        imports.import("a", "b", kind);
        let mut imported = Module::new();
        imported.section(&imports);
        let [own, imported] = [own, imported].map(|module| avoided(&module.finish()).unwrap());
        assert_eq!(own, imported);
        own.into_iter().collect::<Vec<_>>()
    };
    assert_eq!(avoided_by(true), [OPTIMIZE_INSTRUCTIONS]);
    assert_eq!(avoided_by(false), NONE);
}
