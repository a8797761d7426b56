//! A module whose functions are the operators, lowered and run.

use proptest::{prop_assert_eq, proptest};
use wasm_encoder::{
    CodeSection, DataCountSection, EntityType, ExportKind, ExportSection, Function, FunctionSection,
    ImportSection, Instruction, MemorySection, MemoryType, Module, TypeSection, ValType,
};
use wasmi::{Engine, Instance, Linker, Memory, Store, WasmParams, WasmResults};

use super::lower;
use crate::wasm::features::check;

/// The number of bytes of memory that are compared.
const BYTES: usize = 64;

/// Returns a module with an imported function and functions of one operator each.
fn module() -> Vec<u8> {
    use ValType::{I32, I64};
    let of_memory = [
        (
            "copy",
            Instruction::MemoryCopy {
                src_mem: 0,
                dst_mem: 0,
            },
        ),
        ("fill", Instruction::MemoryFill(0)),
    ];
    let of_i32 = [
        ("i32_8", Instruction::I32Extend8S),
        ("i32_16", Instruction::I32Extend16S),
    ];
    let of_i64 = [
        ("i64_8", Instruction::I64Extend8S),
        ("i64_16", Instruction::I64Extend16S),
        ("i64_32", Instruction::I64Extend32S),
    ];
    let (mut types, mut imports, mut functions) =
        (TypeSection::new(), ImportSection::new(), FunctionSection::new());
    types.ty().function([I32, I32, I32], []);
    types.ty().function([I32], [I32]);
    types.ty().function([I64], [I64]);
    imports.import("host", "nothing", EntityType::Function(1));
    let (mut exports, mut code) = (ExportSection::new(), CodeSection::new());
    let all = [(0, 3, &of_memory[..]), (1, 1, &of_i32), (2, 1, &of_i64)];
    for (ty, parameters, (name, instruction)) in all
        .iter()
        .flat_map(|(ty, parameters, of)| of.iter().map(move |one| (*ty, *parameters, one)))
    {
        let mut function = Function::new([]);
        (0..parameters).for_each(|parameter| {
            function.instruction(&Instruction::LocalGet(parameter));
        });
        function.instruction(instruction).instruction(&Instruction::End);
        exports.export(name, ExportKind::Func, 1 + functions.len());
        functions.function(ty);
        code.function(&function);
    }
    let mut memory = MemorySection::new();
    memory.memory(MemoryType {
        minimum: 1,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    exports.export("memory", ExportKind::Memory, 0);
    let mut module = Module::new();
    module
        .section(&types)
        .section(&imports)
        .section(&functions)
        .section(&memory)
        .section(&exports);
    module.section(&DataCountSection { count: 0 }).section(&code);
    module.finish()
}

struct Running {
    store: Store<()>,
    instance: Instance,
}

impl Running {
    fn new(module: &[u8]) -> Self {
        let engine = Engine::default();
        let mut store = Store::new(&engine, ());
        let mut linker = Linker::new(&engine);
        linker.func_wrap("host", "nothing", |number: i32| number).unwrap();
        let module = wasmi::Module::new(&engine, module).unwrap();
        let instance = linker.instantiate_and_start(&mut store, &module).unwrap();
        Self { store, instance }
    }

    fn call<P: WasmParams, R: WasmResults>(&mut self, name: &str, parameters: P) -> R {
        let function = self.instance.get_typed_func::<P, R>(&self.store, name).unwrap();
        function.call(&mut self.store, parameters).unwrap()
    }

    fn memory(&mut self) -> &mut [u8] {
        let memory: Memory = self.instance.get_memory(&self.store, "memory").unwrap();
        &mut memory.data_mut(&mut self.store)[..BYTES]
    }
}

#[test]
fn removes_all_later_features() {
    check(&module(), &["bulk_memory", "bulk_memory_opt", "sign_extension"]).unwrap();
    let lowered = lower(&module()).unwrap();
    check(&lowered, &[]).unwrap();
    wasm_diet::features::validate(&lowered, &[]).unwrap();
}

#[test]
fn keeps_module_without_code() {
    assert_eq!(lower(&Module::new().finish()).unwrap(), Module::new().finish());
}

proptest! {
    #[test]
    fn copies_memory_as_the_operator(from in 0..BYTES, to in 0..BYTES, count in 0..BYTES) {
        let count = count.min(BYTES - from.max(to));
        let mut running = Running::new(&lower(&module()).unwrap());
        let mut expected: Vec<u8> = (0..).take(BYTES).collect();
        running.memory().copy_from_slice(&expected);
        running.call::<_, ()>("copy", (to as i32, from as i32, count as i32));
        expected.copy_within(from..from + count, to);
        prop_assert_eq!(running.memory(), &expected);
    }

    #[test]
    fn fills_memory_as_the_operator(to in 0..BYTES, count in 0..BYTES, byte: i32) {
        let count = count.min(BYTES - to);
        let mut running = Running::new(&lower(&module()).unwrap());
        running.call::<_, ()>("fill", (to as i32, byte, count as i32));
        let mut expected = [0; BYTES];
        expected[to..to + count].fill(byte as u8);
        prop_assert_eq!(running.memory(), &expected);
    }

    #[test]
    fn extends_signs_as_the_operators(number: i64) {
        let mut running = Running::new(&lower(&module()).unwrap());
        let short = number as i32;
        prop_assert_eq!(running.call::<_, i32>("i32_8", short), i32::from(short as i8));
        prop_assert_eq!(running.call::<_, i32>("i32_16", short), i32::from(short as i16));
        prop_assert_eq!(running.call::<_, i64>("i64_8", number), i64::from(number as i8));
        prop_assert_eq!(running.call::<_, i64>("i64_16", number), i64::from(number as i16));
        prop_assert_eq!(running.call::<_, i64>("i64_32", number), i64::from(number as i32));
    }

    #[test]
    fn damaged_input_never_panics(at in 0..module().len(), byte: u8) {
        let mut binary = module();
        binary[at] = byte;
        drop(lower(&binary));
        binary.truncate(at);
        drop(lower(&binary));
    }
}
