//! The product of two numbers of 128 bits.
//!
//! LLVM calls `__multi3` for it, also to find out whether a product of 64 bits overflows. With two results for a
//! pair, it expects two results of that function too, but `compiler_builtins` defines it in C's way: the linker puts
//! a function that traps in its place.

use anyhow::Result;
use wasm_encoder::{Function, InstructionSink, ValType};
use wasmparser::{FuncType, FunctionBody, Operator, ValType as Type};

/// The parameters, the lower half of each number first.
const A: u32 = 0;
const A_UPPER: u32 = 1;
const B: u32 = 2;
const B_UPPER: u32 = 3;

/// Locals.
const MIDDLE: u32 = 4;
const CROSS: u32 = 5;

/// The lower half of a number of 64 bits.
const LOWER: i64 = 0xffff_ffff;

/// Returns whether a function is the one that traps.
pub(super) fn is_missing(ty: &FuncType, body: &FunctionBody<'_>) -> Result<bool> {
    if ty.params() != [Type::I64; 4] || ty.results() != [Type::I64; 2] {
        return Ok(false);
    }
    let mut operators = body.get_operators_reader()?;
    Ok(matches!(operators.read()?, Operator::Unreachable) && matches!(operators.read()?, Operator::End))
}

/// Returns the function. The upper half of its result goes to the global variable `second`.
pub(super) fn body(second: u32) -> Function {
    let mut function = Function::new([(2, ValType::I64)]);
    let mut code = function.instructions();
    // Halves of 32 bits are multiplied, so that no carry is lost.
    lower(&mut code, A);
    lower(&mut code, B);
    code.i64_mul();
    shifted(&mut code);
    upper(&mut code, A);
    lower(&mut code, B);
    code.i64_mul().i64_add().local_set(MIDDLE);
    lower(&mut code, A);
    upper(&mut code, B);
    code.i64_mul();
    lower(&mut code, MIDDLE);
    code.i64_add().local_set(CROSS);
    upper(&mut code, A);
    upper(&mut code, B);
    code.i64_mul();
    upper(&mut code, MIDDLE);
    code.i64_add();
    upper(&mut code, CROSS);
    code.i64_add();
    code.local_get(A).local_get(B_UPPER).i64_mul().i64_add();
    code.local_get(A_UPPER).local_get(B).i64_mul().i64_add();
    code.global_set(second);
    code.local_get(A).local_get(B).i64_mul();
    code.end();
    function
}

fn lower(code: &mut InstructionSink<'_>, local: u32) {
    code.local_get(local).i64_const(LOWER).i64_and();
}

fn upper(code: &mut InstructionSink<'_>, local: u32) {
    code.local_get(local);
    shifted(code);
}

fn shifted(code: &mut InstructionSink<'_>) {
    code.i64_const(32).i64_shr_u();
}
