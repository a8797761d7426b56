//! The functions that replace `memory.copy` and `memory.fill`: they handle eight bytes at a time, then the rest
//! one by one.

use wasm_encoder::{BlockType, Function, InstructionSink, MemArg, MemArgTarget, ValType};

/// The number of functions.
pub(super) const COUNT: u32 = 2;

/// Their encoded type: three `i32` parameters, no result.
pub(super) const TYPE: [u8; 6] = [0x60, 3, 0x7f, 0x7f, 0x7f, 0];

/// The parameters: the destination, the source or the byte, and the number of bytes.
const TO: u32 = 0;
const WHAT: u32 = 1;
const COUNT_OF_BYTES: u32 = 2;

/// Both functions work on any address.
const UNALIGNED: MemArg = MemArg {
    offset: 0,
    align: 0,
    target: MemArgTarget::Memory(0),
    ordering: None,
};

/// Returns `memory.copy`. The ranges may overlap: it copies from the end if the destination begins within the
/// source, else from the beginning, so that no byte is overwritten before it is read.
pub(super) fn copy() -> Function {
    let mut function = Function::new([]);
    let mut code = function.instructions();
    code.local_get(TO)
        .local_get(WHAT)
        .i32_sub()
        .local_get(COUNT_OF_BYTES)
        .i32_ge_u();
    code.if_(BlockType::Empty);
    repeat(&mut code, 8, |code| {
        code.local_get(TO)
            .local_get(WHAT)
            .i64_load(UNALIGNED)
            .i64_store(UNALIGNED);
        advance(code, TO, 8);
        advance(code, WHAT, 8);
        advance(code, COUNT_OF_BYTES, -8);
    });
    repeat(&mut code, 1, |code| {
        code.local_get(TO)
            .local_get(WHAT)
            .i32_load8_u(UNALIGNED)
            .i32_store8(UNALIGNED);
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
        at_the_end(code, WHAT)
            .i32_load8_u(UNALIGNED)
            .i32_store8(UNALIGNED);
    });
    code.end().end();
    function
}

/// Returns `memory.fill`.
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

/// Repeats `body` while at least `step` bytes remain.
fn repeat(code: &mut InstructionSink<'_>, step: i32, body: impl FnOnce(&mut InstructionSink<'_>)) {
    code.block(BlockType::Empty).loop_(BlockType::Empty);
    code.local_get(COUNT_OF_BYTES).i32_const(step).i32_lt_u().br_if(1);
    body(code);
    code.br(0).end().end();
}

/// Adds `step` to a parameter.
fn advance(code: &mut InstructionSink<'_>, parameter: u32, step: i32) {
    code.local_get(parameter)
        .i32_const(step)
        .i32_add()
        .local_set(parameter);
}

/// Pushes the address after the remaining bytes.
fn at_the_end<'a, 'b>(code: &'a mut InstructionSink<'b>, parameter: u32) -> &'a mut InstructionSink<'b> {
    code.local_get(parameter).local_get(COUNT_OF_BYTES).i32_add()
}
