//! Modules with functions of two results, lowered and run.

use proptest::{prop_assert_eq, proptest};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, ExportKind, ExportSection, Function, FunctionSection, GlobalSection,
    GlobalType, Module, NameMap, NameSection, TypeSection, ValType,
};
use wasmi::{Engine, Linker, Store};

use super::lower;
use crate::wasm::features::check;

/// Returns a module with `functions`, each with the number of its type and its name if it is exported.
fn module(functions: &[(u32, Option<&str>, Function)], names: &[&str]) -> Vec<u8> {
    use ValType::{I32, I64};
    let mut types = TypeSection::new();
    types.ty().function([I32, I32], [I32, I32]);
    types.ty().function([I32, I32], [I32]);
    types.ty().function([I64, I64, I64, I64], [I64, I64]);
    types.ty().function([], [I32, I32]);
    types.ty().function([I64, I64, I64, I64], [I64]);
    let (mut declared, mut exports, mut code) =
        (FunctionSection::new(), ExportSection::new(), CodeSection::new());
    for (number, (ty, name, function)) in (0..).zip(functions) {
        declared.function(*ty);
        code.function(function);
        if let Some(name) = name {
            exports.export(name, ExportKind::Func, number);
        }
    }
    let mut globals = GlobalSection::new();
    let stack = GlobalType {
        val_type: I32,
        mutable: true,
        shared: false,
    };
    globals.global(stack, &ConstExpr::i32_const(65536));
    let mut map = NameMap::new();
    for (number, name) in (0..).zip(names) {
        map.append(number, name);
    }
    let mut section = NameSection::new();
    section.functions(&map);
    let mut module = Module::new();
    module.section(&types).section(&declared).section(&globals);
    module.section(&exports).section(&code).section(&section);
    module.finish()
}

/// Returns a function of type 0 that returns both arguments in the other order, from all kinds of places.
fn swap() -> Function {
    let mut function = Function::new([]);
    let mut code = function.instructions();
    // A loop that the function leaves with a value of its own, as LLVM ends functions.
    code.loop_(BlockType::FunctionType(3));
    code.local_get(0).i32_const(7).i32_eq().if_(BlockType::Empty);
    code.local_get(1).local_get(0).return_().end();
    code.block(BlockType::FunctionType(3));
    code.local_get(0).i32_const(8).i32_eq();
    code.if_(BlockType::FunctionType(3));
    code.local_get(1).local_get(0).else_();
    code.local_get(1).local_get(0).br(1).end();
    code.end();
    code.end().end();
    function
}

/// Returns a function of type 1: ten times the first result of [`swap`] plus the second one.
fn digits() -> Function {
    let mut function = Function::new([(1, ValType::I32)]);
    let mut code = function.instructions();
    code.local_get(0).local_get(1).call(0).local_set(2);
    code.i32_const(10).i32_mul().local_get(2).i32_add().end();
    function
}

/// Returns the function that the linker puts in the place of `__multi3`.
fn trap() -> Function {
    let mut function = Function::new([]);
    function.instructions().unreachable().end();
    function
}

/// Returns a function of type 4 that calls [`trap`], for the lower or the upper half of the product.
fn half(upper: bool) -> Function {
    let mut function = Function::new([(1, ValType::I64)]);
    let mut code = function.instructions();
    code.local_get(0)
        .local_get(1)
        .local_get(2)
        .local_get(3)
        .call(0)
        .local_set(4);
    if upper {
        code.drop().local_get(4);
    }
    code.end();
    function
}

fn run<P: wasmi::WasmParams, R: wasmi::WasmResults>(module: &[u8], name: &str, parameters: P) -> R {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let module = wasmi::Module::new(&engine, module).unwrap();
    let instance = Linker::new(&engine)
        .instantiate_and_start(&mut store, &module)
        .unwrap();
    let function = instance.get_typed_func::<P, R>(&store, name).unwrap();
    function.call(&mut store, parameters).unwrap()
}

fn pairs() -> Vec<u8> {
    module(
        &[(0, None, swap()), (1, Some("digits"), digits())],
        &["swap", "digits"],
    )
}

fn product() -> Vec<u8> {
    let functions = [
        (2, None, trap()),
        (4, Some("lower"), half(false)),
        (4, Some("upper"), half(true)),
    ];
    module(&functions, &["signature_mismatch:__multi3"])
}

#[test]
fn needs_no_later_feature() {
    check(&pairs(), &["multi_value"]).unwrap();
    check(&lower(&pairs()).unwrap(), &[]).unwrap();
    wasm_diet::features::validate(&lower(&pairs()).unwrap(), &[]).unwrap();
}

#[test]
fn keeps_module_with_one_result_each() {
    let lowered = lower(&pairs()).unwrap();
    assert_eq!(lower(&lowered).unwrap(), lowered);
    assert_eq!(lower(&Module::new().finish()).unwrap(), Module::new().finish());
}

#[test]
fn refuses_pairs_that_others_see() {
    let error = lower(&module(&[(0, Some("swap"), swap())], &[])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "function 0 is imported or exported and has 2 results"
    );
}

#[test]
fn refuses_functions_that_disagree() {
    let error = lower(&module(&[(0, None, swap())], &["signature_mismatch:div"])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "callers of `div` expect other parameters or results than it has"
    );
}

proptest! {
    #[test]
    fn returns_both_results_of_pair(first in 0..10, second in 0..10) {
        let both: i32 = run(&lower(&pairs()).unwrap(), "digits", (first, second));
        prop_assert_eq!(both, second * 10 + first);
    }

    #[test]
    fn multiplies_as_128_bits(a: u128, b: u128) {
        let [a_lower, a_upper, b_lower, b_upper] = [a as u64, (a >> 64) as u64, b as u64, (b >> 64) as u64];
        let parameters = (a_lower as i64, a_upper as i64, b_lower as i64, b_upper as i64);
        let lowered = lower(&product()).unwrap();
        let lower: i64 = run(&lowered, "lower", parameters);
        let upper: i64 = run(&lowered, "upper", parameters);
        let product = u128::from(lower as u64) | u128::from(upper as u64) << 64;
        prop_assert_eq!(product, a.wrapping_mul(b));
    }

    #[test]
    fn damaged_input_never_panics(at in 0..pairs().len(), byte: u8) {
        let mut binary = pairs();
        binary[at] = byte;
        drop(lower(&binary));
        binary.truncate(at);
        drop(lower(&binary));
    }
}
