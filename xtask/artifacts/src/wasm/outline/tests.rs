//! Modules of random statements, run as they are and with functions for what repeats.

use proptest::{collection::vec, prelude::*};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, ExportKind, ExportSection, Function, FunctionSection, GlobalSection,
    GlobalType, Instruction, MemArg, MemArgTarget, MemorySection, MemoryType, Module, TypeSection, ValType,
};
use wasmi::{Engine, Linker, Store};

use super::{operator, outline};

/// The addresses that the functions get.
const ADDRESSES: (i32, i32, i32, i32) = (16, 80, 144, 208);

/// The address at which a function of the module keeps a sum of its arguments.
const SUM: i32 = 512;

/// The number of bytes that are compared.
const BYTES: usize = 1024;

/// Numbers from which one statement is made: its kind, two locals, and two offsets.
type Numbers = (u8, u32, u32, u64, u64);

fn at(offset: u64, align: u32) -> MemArg {
    MemArg {
        offset: offset * 4,
        align,
        target: MemArgTarget::Memory(0),
        ordering: None,
    }
}

/// Returns a statement. Those of the first kinds can be part of a sequence.
fn statement((kind, first, second, offset, other): Numbers) -> Vec<Instruction<'static>> {
    use Instruction as I;
    let (p, q) = (I::LocalGet(first), I::LocalGet(second));
    let load = I::I32Load(at(other, 2));
    let store = I::I32Store(at(offset, 2));
    match kind {
        0 => vec![p, q, store],
        1 => vec![p, q, load, store],
        2 => vec![p, q, I::I64Load(at(other, 3)), I::I64Store(at(offset, 3))],
        3 => vec![p, q, load, I::Call(0)],
        4 => vec![
            p,
            I::I32Load8U(at(offset, 0)),
            I::I32Eqz,
            q,
            I::I32Add,
            I::GlobalSet(0),
        ],
        5 => vec![p, I::I32Load(at(offset, 2)), I::Drop],
        6 => vec![I::I32Const(256 + offset as i32), I::LocalSet(first)],
        _ => vec![p.clone(), load, I::If(BlockType::Empty), q, p, store, I::End],
    }
}

/// Returns a module with a function for each list of statements.
fn module(functions: &[Vec<Numbers>]) -> Vec<u8> {
    use ValType::I32;
    let (mut types, mut declared, mut code) =
        (TypeSection::new(), FunctionSection::new(), CodeSection::new());
    let (mut memory, mut globals, mut exports) =
        (MemorySection::new(), GlobalSection::new(), ExportSection::new());
    types.ty().function([I32, I32], []);
    types.ty().function([I32; 4], []);
    declared.function(0);
    let mut sum = Function::new([]);
    for instruction in [
        Instruction::I32Const(SUM),
        Instruction::I32Const(SUM),
        Instruction::I32Load(at(0, 2)),
        Instruction::LocalGet(0),
        Instruction::I32Add,
        Instruction::LocalGet(1),
        Instruction::I32Xor,
        Instruction::I32Store(at(0, 2)),
        Instruction::End,
    ] {
        sum.instruction(&instruction);
    }
    code.function(&sum);
    for (number, statements) in functions.iter().enumerate() {
        declared.function(1);
        exports.export(&number.to_string(), ExportKind::Func, 1 + number as u32);
        let mut function = Function::new([(1, ValType::I64)]);
        for instruction in statements.iter().flat_map(|numbers| statement(*numbers)) {
            function.instruction(&instruction);
        }
        // The global variable is seen in memory.
        for instruction in [
            Instruction::I32Const(SUM),
            Instruction::GlobalGet(0),
            Instruction::I32Store(at(1, 2)),
            Instruction::End,
        ] {
            function.instruction(&instruction);
        }
        code.function(&function);
    }
    memory.memory(MemoryType {
        minimum: 1,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let counter = GlobalType {
        val_type: I32,
        mutable: true,
        shared: false,
    };
    globals.global(counter, &ConstExpr::i32_const(0));
    exports.export("memory", ExportKind::Memory, 0);
    let mut module = Module::new();
    module
        .section(&types)
        .section(&declared)
        .section(&memory)
        .section(&globals);
    module.section(&exports).section(&code);
    module.finish()
}

/// Returns the memory after calls of `count` functions.
fn run(module: &[u8], count: usize) -> Vec<u8> {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let module = wasmi::Module::new(&engine, module).unwrap();
    let instance = Linker::new(&engine)
        .instantiate_and_start(&mut store, &module)
        .unwrap();
    let memory = instance.get_memory(&store, "memory").unwrap();
    for (at, byte) in memory.data_mut(&mut store)[..BYTES].iter_mut().enumerate() {
        *byte = (at * 7) as u8;
    }
    for number in 0..count {
        let function = instance.get_typed_func::<(i32, i32, i32, i32), ()>(&store, &number.to_string());
        function.unwrap().call(&mut store, ADDRESSES).unwrap();
    }
    memory.data(&store)[..BYTES].to_vec()
}

fn functions() -> impl Strategy<Value = Vec<Vec<Numbers>>> {
    vec(vec((0..8u8, 0..4u32, 0..4u32, 0..4u64, 0..4u64), 0..60), 1..6)
}

proptest! {
    #[test]
    fn outlined_module_does_the_same(functions in functions()) {
        let module = module(&functions);
        let outlined = outline(&module).unwrap();
        wasm_diet::features::validate(&outlined, &[]).unwrap();
        prop_assert!(outlined.len() <= module.len());
        prop_assert_eq!(run(&outlined, functions.len()), run(&module, functions.len()));
        prop_assert_eq!(outline(&module).unwrap(), outlined);
    }

    #[test]
    fn damaged_input_never_panics(at in 0..1000usize, byte: u8) {
        let mut binary = module(&vec![vec![(1, 0, 1, 2, 3); 20]; 3]);
        let at = at % binary.len();
        binary[at] = byte;
        drop(outline(&binary));
        binary.truncate(at);
        drop(outline(&binary));
    }
}

/// Returns the number of functions that are added to functions of these statements.
fn added(functions: &[Vec<Numbers>]) -> usize {
    let module = module(functions);
    let count = |module: &[u8]| operator::Module::read(module).unwrap().functions.len();
    count(&outline(&module).unwrap()) - count(&module)
}

#[test]
fn equal_sequences_differ_in_locals_and_first_offset() {
    // The changed local ends the sequence.
    let words = |p: u32, q: u32, offset: u64| -> Vec<Numbers> {
        let word = |at: u64| (0, p, q, offset + at, 0);
        [word(0), word(1), word(2), (6, 3, 0, 0, 0)].repeat(4)
    };
    let functions = [0, 1, 2, 3, 5, 8].map(|offset| words(0, 1, offset));
    assert_eq!(added(&functions), 1);
    let functions = [(0, 1), (1, 0), (2, 3), (3, 1), (0, 2)].map(|(p, q)| words(p, q, 0));
    assert_eq!(added(&functions), 1);
}

#[test]
fn leaves_alone_what_saves_little() {
    let one = vec![(1, 0, 1, 0, 0), (2, 0, 1, 2, 2), (3, 2, 3, 0, 0)];
    assert_eq!(added(&[one.clone(), one]), 0);
    // Control flow and changed locals are no part of a sequence.
    assert_eq!(added(&[[(6, 0, 0, 1, 0), (7, 0, 1, 0, 0)].repeat(20)]), 0);
    assert_eq!(outline(&Module::new().finish()).unwrap(), Module::new().finish());
}
