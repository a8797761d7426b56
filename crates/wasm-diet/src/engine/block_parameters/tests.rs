use wasm_encoder::{
    BlockType, CodeSection, Function, FunctionSection, Instruction, Instruction::*, Module, RefType,
    TypeSection,
};
use wasmparser::{Operator, Validator, WasmFeatures};

use super::*;

/// `[] -> []`, `[i32] -> [i32]`, `[i32 i64] -> [i64 i32]`, `[] -> [i32]`, `[(ref 0)] -> []`.
fn module(body: &[Instruction<'_>]) -> Vec<u8> {
    let (i32, i64) = (ValType::I32, ValType::I64);
    let mut types = TypeSection::new();
    types.ty().function([], []);
    types.ty().function([i32], [i32]);
    types.ty().function([i32, i64], [i64, i32]);
    types.ty().function([], [i32]);
    let reference = RefType {
        nullable: true,
        heap_type: wasm_encoder::HeapType::Concrete(0),
    };
    types.ty().function([ValType::Ref(reference)], []);
    let mut functions = FunctionSection::new();
    functions.function(3);
    let mut code = CodeSection::new();
    let mut function = Function::new([(1, i32)]);
    for it in body {
        function.instruction(it);
    }
    code.function(function.instruction(&I32Const(1)).instruction(&End));
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&code);
    module.finish()
}

/// Returns the operators of the lowered module, which is valid.
fn lowered(body: &[Instruction<'_>]) -> Result<Vec<String>> {
    let original = module(body);
    Validator::new_with_features(WasmFeatures::all())
        .validate_all(&original)
        .expect("the original is valid");
    let made = lower(&original)?;
    Validator::new_with_features(WasmFeatures::all())
        .validate_all(&made)
        .expect("the result is valid");
    let mut operators = Vec::new();
    for payload in Parser::new(0).parse_all(&made) {
        if let Payload::CodeSectionEntry(body) = payload? {
            for operator in body.get_operators_reader()? {
                let operator = operator?;
                if let Operator::Block { blockty } | Operator::Loop { blockty } | Operator::If { blockty } =
                    &operator
                {
                    let has_parameters = matches!(blockty, wasmparser::BlockType::FuncType(index) if *index < 5 && *index != 0);
                    assert!(!has_parameters, "{operator:?}");
                }
                operators.push(format!("{operator:?}"));
            }
        }
    }
    Ok(operators)
}

const ONE: BlockType = BlockType::FunctionType(1);
const TWO: BlockType = BlockType::FunctionType(2);

#[test]
fn functions_without_block_parameters_stay_as_they_are() {
    let original = module(&[Block(BlockType::Empty), Br(0), End]);
    assert_eq!(lower(&original).unwrap(), original);
}

#[test]
fn blocks_get_their_parameters_from_locals() {
    let body = [
        I32Const(1),
        I64Const(2),
        Block(TWO),
        Drop,
        Drop,
        I64Const(3),
        I32Const(4),
        End,
        Drop,
        Drop,
    ];
    let made = lowered(&body).unwrap();
    let begin = made.iter().position(|it| it.starts_with("Block")).unwrap();
    assert_eq!(made[begin - 2], "LocalSet { local_index: 2 }");
    assert_eq!(made[begin - 1], "LocalSet { local_index: 1 }");
    assert_eq!(made[begin + 1], "LocalGet { local_index: 1 }");
    assert_eq!(made[begin + 2], "LocalGet { local_index: 2 }");
}

#[test]
fn branches_to_a_loop_set_its_locals() {
    for branch in [
        vec![Br(0)],
        vec![I32Const(0), BrIf(0)],
        vec![I32Const(0), BrTable([0, 0].as_slice().into(), 0)],
    ] {
        let body = [&[I32Const(1), Loop(ONE)], branch.as_slice(), &[End, Drop]].concat();
        let made = lowered(&body).unwrap();
        let sets = made
            .iter()
            .filter(|it| *it == "LocalSet { local_index: 1 }")
            .count();
        assert_eq!(sets, 2, "{made:?}");
    }
    // From inside of another construct, and to two loops.
    let nested = [
        I32Const(1),
        Loop(ONE),
        Loop(ONE),
        I32Const(0),
        BrTable([0].as_slice().into(), 1),
        End,
        End,
        Drop,
    ];
    lowered(&nested).unwrap();
    let unreachable = [I32Const(1), Loop(ONE), Unreachable, BrIf(0), End, Drop];
    lowered(&unreachable).unwrap();
}

#[test]
fn both_arms_of_an_if_get_the_parameters() {
    let both = [
        I32Const(1),
        I32Const(0),
        If(ONE),
        Else,
        Drop,
        I32Const(2),
        End,
        Drop,
    ];
    let without = [I32Const(1), I32Const(0), If(ONE), Drop, I32Const(2), End, Drop];
    for body in [both.as_slice(), &without] {
        let made = lowered(body).unwrap();
        let other = made.iter().position(|it| it == "Else").unwrap();
        assert_eq!(made[other + 1], "LocalGet { local_index: 1 }");
    }
}

#[test]
fn refuses_branches_and_types_that_fit_no_locals() {
    let mixed = [
        Block(BlockType::Result(ValType::I32)),
        I32Const(1),
        Loop(ONE),
        I32Const(0),
        BrTable([0].as_slice().into(), 1),
        End,
        End,
        Drop,
    ];
    let typed = [
        RefNull(wasm_encoder::HeapType::Concrete(0)),
        Block(BlockType::FunctionType(4)),
        Drop,
        End,
    ];
    for (body, reason) in [
        (mixed.as_slice(), "to a loop and to another block"),
        (&typed, "values of the type"),
    ] {
        let error = format!("{:#}", lowered(body).unwrap_err());
        assert!(
            error.starts_with("the one of function 0 cannot") && error.contains(reason),
            "{error}"
        );
    }
}

#[test]
fn refuses_to_grow_without_bound() {
    let mut types = TypeSection::new();
    types.ty().function(vec![ValType::I32; 1000], []);
    types.ty().function([], []);
    let mut functions = FunctionSection::new();
    functions.function(1);
    let mut function = Function::new([]);
    function.instruction(&Unreachable);
    for _ in 0..1000 {
        function
            .instruction(&Block(BlockType::FunctionType(0)))
            .instruction(&Unreachable)
            .instruction(&End)
            .instruction(&Unreachable);
    }
    let mut code = CodeSection::new();
    code.function(function.instruction(&End));
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&code);
    let error = format!("{:#}", lower(&module.finish()).unwrap_err());
    assert!(error.contains("grow too much"), "{error}");
}
