//! The functions that stand in for `memory.copy` and `memory.fill`: eight bytes at a time, then the rest one by one.

use wasm_encoder::{BlockType, Function, InstructionSink, MemArg, MemArgTarget, ValType};

/// How many functions there are.
pub(super) const COUNT: u32 = 2;

/// Their type, encoded: it takes three `i32` and returns nothing.
pub(super) const TYPE: [u8; 6] = [0x60, 3, 0x7f, 0x7f, 0x7f, 0];

/// The parameters: where to, what (where from, or which byte), and how many bytes.
const TO: u32 = 0;
const WHAT: u32 = 1;
const COUNT_OF_BYTES: u32 = 2;

/// Both work on any address.
const UNALIGNED: MemArg = MemArg { offset: 0, align: 0, target: MemArgTarget::Memory(0), ordering: None };

/// `memory.copy`: the ranges may overlap. Beginning at the end where the target begins within the source, else at the
/// beginning, no byte is overwritten that is still to be read.
pub(super) fn copy() -> Function {
    let mut function = Function::new([]);
    let mut code = function.instructions();
    code.local_get(TO).local_get(WHAT).i32_sub().local_get(COUNT_OF_BYTES).i32_ge_u();
    code.if_(BlockType::Empty);
    repeat(&mut code, 8, |code| {
        code.local_get(TO).local_get(WHAT).i64_load(UNALIGNED).i64_store(UNALIGNED);
        advance(code, TO, 8);
        advance(code, WHAT, 8);
        advance(code, COUNT_OF_BYTES, -8);
    });
    repeat(&mut code, 1, |code| {
        code.local_get(TO).local_get(WHAT).i32_load8_u(UNALIGNED).i32_store8(UNALIGNED);
        advance(code, TO, 1);
        advance(code, WHAT, 1);
        advance(code, COUNT_OF_BYTES, -1);
    });
    code.else_();
    repeat(&mut code, 8, |code| {
        advance(code, COUNT_OF_BYTES, -8);
        at_the_end(code, TO);
        at_the_end(code, WHAT).i64_load(UNALIGNED).i64_store(UNALIGNED);
    });
    repeat(&mut code, 1, |code| {
        advance(code, COUNT_OF_BYTES, -1);
        at_the_end(code, TO);
        at_the_end(code, WHAT).i32_load8_u(UNALIGNED).i32_store8(UNALIGNED);
    });
    code.end().end();
    function
}

/// `memory.fill`.
pub(super) fn fill() -> Function {
    const EIGHT: u32 = 3;
    const ONE_IN_EACH: i64 = 0x0101_0101_0101_0101;
    let mut function = Function::new([(1, ValType::I64)]);
    let mut code = function.instructions();
    code.local_get(WHAT).i32_const(0xff).i32_and().i64_extend_i32_u();
    code.i64_const(ONE_IN_EACH).i64_mul().local_set(EIGHT);
    repeat(&mut code, 8, |code| {
        advance(code, COUNT_OF_BYTES, -8);
        at_the_end(code, TO).local_get(EIGHT).i64_store(UNALIGNED);
    });
    repeat(&mut code, 1, |code| {
        advance(code, COUNT_OF_BYTES, -1);
        at_the_end(code, TO).local_get(WHAT).i32_store8(UNALIGNED);
    });
    code.end();
    function
}

/// Repeats `body` as long as there are `step` bytes or more to go.
fn repeat(code: &mut InstructionSink<'_>, step: i32, body: impl FnOnce(&mut InstructionSink<'_>)) {
    code.block(BlockType::Empty).loop_(BlockType::Empty);
    code.local_get(COUNT_OF_BYTES).i32_const(step).i32_lt_u().br_if(1);
    body(code);
    code.br(0).end().end();
}

/// Adds `step` to a parameter.
fn advance(code: &mut InstructionSink<'_>, parameter: u32, step: i32) {
    code.local_get(parameter).i32_const(step).i32_add().local_set(parameter);
}

/// The address behind the bytes that are still to go.
fn at_the_end<'a, 'b>(code: &'a mut InstructionSink<'b>, parameter: u32) -> &'a mut InstructionSink<'b> {
    code.local_get(parameter).local_get(COUNT_OF_BYTES).i32_add()
}
