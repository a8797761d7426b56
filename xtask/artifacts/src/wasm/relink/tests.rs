//! A component as `wit-component` links it, and others.

use proptest::prelude::*;
use wasm_encoder::{
    Alias, CanonicalFunctionSection, CanonicalOption, CodeSection, Component, ComponentAliasSection,
    ComponentExportKind, ComponentExportSection, ComponentImportSection, ComponentInstanceSection,
    ComponentSection as _, ComponentTypeRef, ComponentTypeSection, ConstExpr, ElementSection, Elements,
    EntityType, ExportKind, ExportSection, Function, FunctionSection, ImportSection, InstanceSection,
    Instruction, MemorySection, MemoryType, Module, ModuleArg, ModuleSection, NestedComponentSection,
    PrimitiveValType, RefType, TableSection, TableType, TypeSection, ValType,
};
use wasmparser::{Parser, Payload, Validator};

use super::*;

const TABLE: TableType = TableType {
    element_type: RefType::FUNCREF,
    table64: false,
    minimum: 2,
    maximum: Some(2),
    shared: false,
};
const REALLOC: [ValType; 4] = [ValType::I32; 4];

/// Returns a program that imports `now` and `say`, and exports `run`, `cabi_realloc` and `unused`.
fn program() -> Module {
    let (mut types, mut imports, mut functions) =
        (TypeSection::new(), ImportSection::new(), FunctionSection::new());
    types.ty().function([], []);
    types.ty().function([ValType::I32, ValType::I32], []);
    types.ty().function(REALLOC, [ValType::I32]);
    imports.import("host", "now", EntityType::Function(0));
    imports.import("host", "say", EntityType::Function(1));
    functions.function(0).function(2).function(0);
    let (mut tables, mut memories, mut exports) =
        (TableSection::new(), MemorySection::new(), ExportSection::new());
    tables.table(TABLE);
    memories.memory(MemoryType {
        minimum: 3,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    exports
        .export("memory", ExportKind::Memory, 0)
        .export("run", ExportKind::Func, 2)
        .export("cabi_realloc", ExportKind::Func, 3)
        .export("unused", ExportKind::Func, 4);
    let mut elements = ElementSection::new();
    elements.active(
        None,
        &ConstExpr::i32_const(1),
        Elements::Functions((&[2][..]).into()),
    );
    let mut code = CodeSection::new();
    let body = |instructions: &[Instruction<'_>]| {
        let mut function = Function::new([]);
        instructions.iter().for_each(|instruction| {
            function.instruction(instruction);
        });
        function.instruction(&Instruction::End);
        function
    };
    let text = [
        Instruction::Call(0),
        Instruction::I32Const(8),
        Instruction::I32Const(5),
        Instruction::Call(1),
    ];
    code.function(&body(&text))
        .function(&body(&[Instruction::I32Const(64)]))
        .function(&body(&[]));
    let mut module = Module::new();
    module
        .section(&types)
        .section(&imports)
        .section(&functions)
        .section(&tables)
        .section(&memories);
    module.section(&exports).section(&elements).section(&code);
    module
}

/// Returns the module with the stub of `say`.
fn stubs() -> Module {
    let (mut types, mut functions, mut tables) =
        (TypeSection::new(), FunctionSection::new(), TableSection::new());
    types.ty().function([ValType::I32, ValType::I32], []);
    functions.function(0);
    tables.table(TABLE);
    let (mut exports, mut code) = (ExportSection::new(), CodeSection::new());
    exports
        .export("0", ExportKind::Func, 0)
        .export("$imports", ExportKind::Table, 0);
    let mut stub = Function::new([]);
    stub.instruction(&Instruction::LocalGet(0))
        .instruction(&Instruction::LocalGet(1))
        .instruction(&Instruction::I32Const(0))
        .instruction(&Instruction::CallIndirect {
            type_index: 0,
            table_index: 0,
        })
        .instruction(&Instruction::End);
    code.function(&stub);
    let mut module = Module::new();
    module
        .section(&types)
        .section(&functions)
        .section(&tables)
        .section(&exports)
        .section(&code);
    module
}

/// Returns the module that connects the stub.
fn connection() -> Module {
    let (mut types, mut imports, mut elements) =
        (TypeSection::new(), ImportSection::new(), ElementSection::new());
    types.ty().function([ValType::I32, ValType::I32], []);
    imports
        .import("", "0", EntityType::Function(0))
        .import("", "$imports", TABLE);
    elements.active(
        None,
        &ConstExpr::i32_const(0),
        Elements::Functions((&[0][..]).into()),
    );
    let mut module = Module::new();
    module.section(&types).section(&imports).section(&elements);
    module
}

fn core(instance: u32, kind: ExportKind, name: &str) -> Alias<'_> {
    Alias::CoreInstanceExport { instance, kind, name }
}

fn component() -> Vec<u8> {
    let mut component = Component::new();
    let mut types = ComponentTypeSection::new();
    types
        .function()
        .params([] as [(&str, PrimitiveValType); 0])
        .result(None);
    types
        .function()
        .params([("text", PrimitiveValType::String)])
        .result(None);
    let mut imports = ComponentImportSection::new();
    imports.import("now", ComponentTypeRef::Func(0));
    imports.import("say", ComponentTypeRef::Func(1));
    component.section(&types).section(&imports);
    for module in [program(), stubs(), connection()] {
        component.section(&ModuleSection(&module));
    }
    let mut lowered = CanonicalFunctionSection::new();
    lowered.lower(0, []);
    let mut instances = InstanceSection::new();
    instances.instantiate(1, [] as [(&str, ModuleArg); 0]);
    let mut aliases = ComponentAliasSection::new();
    aliases.alias(core(0, ExportKind::Func, "0"));
    component.section(&lowered).section(&instances).section(&aliases);

    let mut instances = InstanceSection::new();
    instances.export_items([("now", ExportKind::Func, 0), ("say", ExportKind::Func, 1)]);
    instances.instantiate(0, [("host", ModuleArg::Instance(1))]);
    let mut aliases = ComponentAliasSection::new();
    aliases
        .alias(core(2, ExportKind::Memory, "memory"))
        .alias(core(0, ExportKind::Table, "$imports"))
        .alias(core(2, ExportKind::Func, "cabi_realloc"));
    let mut lowered = CanonicalFunctionSection::new();
    lowered.lower(
        1,
        [
            CanonicalOption::Memory(0),
            CanonicalOption::Realloc(2),
            CanonicalOption::UTF8,
        ],
    );
    component.section(&instances).section(&aliases).section(&lowered);

    let mut instances = InstanceSection::new();
    instances.export_items([("$imports", ExportKind::Table, 0), ("0", ExportKind::Func, 3)]);
    instances.instantiate(2, [("", ModuleArg::Instance(3))]);
    let mut aliases = ComponentAliasSection::new();
    aliases.alias(core(2, ExportKind::Func, "run"));
    let mut lifted = CanonicalFunctionSection::new();
    lifted.lift(4, 0, []);
    let mut exports = ComponentExportSection::new();
    exports.export("run", ComponentExportKind::Func, 2, None);
    component
        .section(&instances)
        .section(&aliases)
        .section(&lifted)
        .section(&exports);
    component.finish()
}

/// Returns the imports and exports of a component, and those of its core modules.
fn surface(binary: &[u8]) -> (Vec<String>, Vec<String>) {
    let (mut outer, mut inner) = (Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(binary) {
        match payload.unwrap() {
            Payload::ComponentImportSection(imports) => {
                outer.extend(imports.into_iter().map(|import| format!("{:?}", import.unwrap())));
            }
            Payload::ComponentExportSection(exports) => {
                outer.extend(
                    exports
                        .into_iter()
                        .map(|export| export.unwrap().name.name.to_owned()),
                );
            }
            Payload::ImportSection(imports) => {
                inner.extend(imports.into_imports().map(|import| {
                    let import = import.unwrap();
                    format!("{}.{}", import.module, import.name)
                }));
            }
            Payload::ExportSection(exports) => {
                inner.extend(exports.into_iter().map(|export| export.unwrap().name.to_owned()));
            }
            _ => {}
        }
    }
    (outer, inner)
}

#[test]
fn links_two_modules_under_short_names() {
    let before = component();
    Validator::new().validate_all(&before).unwrap();
    let after = relink(&before).unwrap();
    Validator::new().validate_all(&after).unwrap();
    assert_eq!(surface(&before).0, surface(&after).0);
    assert_eq!(surface(&after).1, ["m", "t", "a", ".a", ".b", "a.t", "a.m", "a"]);
    assert!(after.len() < before.len());
}

/// Returns the component with its export in an instance of a component inside.
fn component_with_interface() -> Vec<u8> {
    let mut outer = component();
    let mut inner = Component::new();
    let mut types = ComponentTypeSection::new();
    types
        .function()
        .params([] as [(&str, PrimitiveValType); 0])
        .result(None);
    let mut imports = ComponentImportSection::new();
    imports.import("import-func-run", ComponentTypeRef::Func(0));
    let mut exports = ComponentExportSection::new();
    exports.export("run", ComponentExportKind::Func, 0, None);
    inner.section(&types).section(&imports).section(&exports);
    let mut instances = ComponentInstanceSection::new();
    instances.instantiate(0, [("import-func-run", ComponentExportKind::Func, 3)]);
    let mut exports = ComponentExportSection::new();
    exports.export("a:b/c", ComponentExportKind::Instance, 0, None);
    NestedComponentSection(&inner).append_to_component(&mut outer);
    instances.append_to_component(&mut outer);
    exports.append_to_component(&mut outer);
    outer
}

#[test]
fn shortens_names_of_components_inside() {
    let before = component_with_interface();
    Validator::new().validate_all(&before).unwrap();
    let after = relink(&before).unwrap();
    Validator::new().validate_all(&after).unwrap();
    let has = |binary: &[u8], name: &[u8]| binary.windows(name.len()).any(|bytes| bytes == name);
    assert!(has(&before, b"import-func-run") && !has(&after, b"import-func-run"));
    assert!(has(&after, b"a:b/c"));
}

#[test]
fn refuses_components_that_are_linked_otherwise() {
    for (binary, reason) in [
        (program().finish(), "it is not a component"),
        (
            Component::new().finish(),
            "its core modules are not linked as expected",
        ),
    ] {
        assert_eq!(relink(&binary).unwrap_err().to_string(), reason);
    }
}

#[test]
fn names_of_numbers_differ() {
    let names: std::collections::BTreeSet<String> = (0..2000).map(short_name).collect();
    assert_eq!(names.len(), 2000);
    assert_eq!([0, 35, 36, 71, 72].map(short_name), ["a", "9", "aa", "9a", "ab"]);
}

proptest! {
    #[test]
    fn damaged_components_never_panic(at in 0_usize..1000, byte: u8) {
        let mut binary = component();
        let at = at % binary.len();
        binary[at] = byte;
        drop(relink(&binary));
    }
}
