//! Each feature in the smallest module that uses it.

use wasm_encoder::{
    BlockType, CodeSection, Component, ConstExpr, DataCountSection, DataSection, ElementSection, Elements,
    EntityType, ExportKind, ExportSection, Function, FunctionSection, GlobalSection, GlobalType,
    ImportSection, Instruction, Module, ModuleSection, RefType, TableSection, TableType, TypeSection,
    ValType,
};

use super::{differences, for_binaryen, used, validate};

/// Returns the features in use, without the places.
fn features(binary: &[u8]) -> Vec<&'static str> {
    used(binary).unwrap().into_keys().collect()
}

/// Returns a module with one function.
fn with(instructions: &[Instruction<'_>]) -> Module {
    let (mut types, mut functions, mut code) =
        (TypeSection::new(), FunctionSection::new(), CodeSection::new());
    types.ty().function([], []);
    functions.function(0);
    let mut function = Function::new([]);
    instructions.iter().for_each(|instruction| {
        function.instruction(instruction);
    });
    code.function(function.instruction(&Instruction::End));
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&code);
    module
}

fn table(element_type: RefType) -> TableType {
    TableType {
        element_type,
        table64: false,
        minimum: 1,
        maximum: None,
        shared: false,
    }
}

fn global(mutable: bool) -> GlobalType {
    GlobalType {
        val_type: ValType::I32,
        mutable,
        shared: false,
    }
}

#[test]
fn operators_belong_to_their_proposals() {
    let cases: [(Instruction<'_>, &[&str]); 9] = [
        (Instruction::I32Add, &[]),
        (Instruction::Block(BlockType::Result(ValType::I32)), &[]),
        (Instruction::I64Extend32S, &["sign_extension"]),
        (Instruction::I32TruncSatF64U, &["saturating_float_to_int"]),
        (
            Instruction::MemoryCopy {
                src_mem: 0,
                dst_mem: 0,
            },
            &["bulk_memory_opt"],
        ),
        (
            Instruction::MemoryInit {
                mem: 0,
                data_index: 0,
            },
            &["bulk_memory"],
        ),
        (Instruction::TableSize(0), &["reference_types"]),
        (Instruction::Block(BlockType::FunctionType(0)), &["multi_value"]),
        (Instruction::ReturnCall(0), &["tail_call"]),
    ];
    for (instruction, expected) in cases {
        assert_eq!(
            features(&with(std::slice::from_ref(&instruction)).finish()),
            expected,
            "{instruction:?}"
        );
    }
}

#[test]
fn names_the_place_of_the_first_use() {
    let used = used(&with(&[Instruction::Nop, Instruction::I32Extend8S]).finish()).unwrap();
    assert_eq!(used["sign_extension"], "`i32_extend8_s` in function 0");
}

#[test]
fn finds_table_indices_with_padding() {
    let call = |table_index| {
        with(&[Instruction::CallIndirect {
            type_index: 0,
            table_index,
        }])
        .finish()
    };
    assert_eq!(features(&call(0)), [""; 0]);
    assert_eq!(features(&call(1)), ["reference_types"]);
    // As linkers write it that leave room: 0 in five bytes.
    let mut function = Function::new([]);
    function
        .raw([0x11, 0, 0x80, 0x80, 0x80, 0x80, 0])
        .instruction(&Instruction::End);
    let (mut types, mut functions, mut code) =
        (TypeSection::new(), FunctionSection::new(), CodeSection::new());
    types.ty().function([], []);
    functions.function(0);
    code.function(&function);
    let overlong = Module::new()
        .section(&types)
        .section(&functions)
        .section(&code)
        .clone()
        .finish();
    assert_eq!(features(&overlong), ["call_indirect_overlong"]);
}

#[test]
fn finds_features_of_types_and_tables() {
    let mut types = TypeSection::new();
    types
        .ty()
        .function([ValType::EXTERNREF], [ValType::I32, ValType::V128]);
    assert_eq!(
        features(&Module::new().section(&types).clone().finish()),
        ["multi_value", "reference_types", "simd"]
    );
    let mut tables = TableSection::new();
    tables.table(table(RefType::FUNCREF));
    assert_eq!(
        features(&Module::new().section(&tables).clone().finish()),
        [""; 0]
    );
    tables.table(table(RefType::FUNCREF));
    assert_eq!(
        features(&Module::new().section(&tables).clone().finish()),
        ["reference_types"]
    );
    let mut tables = TableSection::new();
    tables.table(table(RefType::EXTERNREF));
    assert_eq!(
        features(&Module::new().section(&tables).clone().finish()),
        ["reference_types"]
    );
}

#[test]
fn mutable_globals_count_only_if_shared() {
    let mut globals = GlobalSection::new();
    globals.global(global(true), &ConstExpr::i32_const(0));
    let mut module = Module::new();
    module.section(&globals);
    assert_eq!(features(&module.clone().finish()), [""; 0]);
    let mut exports = ExportSection::new();
    exports.export("stack", ExportKind::Global, 0);
    module.section(&exports);
    assert_eq!(features(&module.finish()), ["mutable_global"]);
    let mut imports = ImportSection::new();
    imports.import("env", "stack", EntityType::Global(global(true)));
    assert_eq!(
        features(&Module::new().section(&imports).clone().finish()),
        ["mutable_global"]
    );
}

#[test]
fn finds_features_of_segments() {
    let mut data = DataSection::new();
    data.active(0, &ConstExpr::i32_const(8), []);
    assert_eq!(features(&Module::new().section(&data).clone().finish()), [""; 0]);
    let mut data = DataSection::new();
    data.passive([]);
    assert_eq!(
        features(&Module::new().section(&data).clone().finish()),
        ["bulk_memory"]
    );
    let count = DataCountSection { count: 0 };
    assert_eq!(
        features(&Module::new().section(&count).clone().finish()),
        ["bulk_memory"]
    );
    let mut elements = ElementSection::new();
    elements.active(
        None,
        &ConstExpr::extended([
            Instruction::I32Const(1),
            Instruction::I32Const(1),
            Instruction::I32Add,
        ]),
        Elements::Functions([][..].into()),
    );
    assert_eq!(
        features(&Module::new().section(&elements).clone().finish()),
        ["extended_const"]
    );
    let mut elements = ElementSection::new();
    elements.active(
        Some(1),
        &ConstExpr::i32_const(0),
        Elements::Functions([][..].into()),
    );
    elements.declared(Elements::Functions([][..].into()));
    assert_eq!(
        features(&Module::new().section(&elements).clone().finish()),
        ["bulk_memory", "reference_types"]
    );
}

#[test]
fn counts_the_modules_in_a_component() {
    let mut component = Component::new();
    component.section(&ModuleSection(&with(&[Instruction::I32Extend8S])));
    component.section(&ModuleSection(&with(&[Instruction::I32TruncSatF32S])));
    assert_eq!(
        features(&component.finish()),
        ["component_model", "saturating_float_to_int", "sign_extension"]
    );
}

#[test]
fn lists_differences_in_both_directions() {
    let plain = Module::new().finish();
    assert_eq!(differences(&plain, &[]).unwrap(), [""; 0]);
    assert_eq!(
        differences(&plain, &["sign_extension"]).unwrap(),
        ["`sign_extension` is listed and no longer used"]
    );
    assert_eq!(
        differences(&Component::new().finish(), &[]).unwrap(),
        ["it uses `component_model` (the header), which is not listed"]
    );
}

#[test]
fn refuses_unlisted_and_unknown_features() {
    let extends = with(&[
        Instruction::I32Const(0),
        Instruction::I32Extend8S,
        Instruction::Drop,
    ])
    .finish();
    validate(&extends, &["sign_extension"]).unwrap();
    assert!(validate(&extends, &[]).is_err());
    assert!(validate(&extends, &["no_such_feature"]).is_err());
    let names = for_binaryen(["sign_extension", "component_model", "bulk_memory_opt"]).unwrap();
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["bulk-memory", "sign-ext"]);
    assert!(for_binaryen(["no_such_feature"]).is_err());
}
