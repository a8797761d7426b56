//! Engines that misbehave, and sections that must go or stay.

mod stale;

use anyhow::bail;
use wasm_encoder::{
    CodeSection, Component, ConstExpr, CustomSection, EntityType, ExportKind, ExportSection, Function,
    FunctionSection, GlobalSection, GlobalType, ImportSection, Instruction, Module, ModuleSection, NameMap,
    NameSection, TypeSection, ValType,
};

use super::*;
use crate::names::Names;

/// A module with a function of `nops` operators without effect, exported as `run`, and these custom sections.
fn module(nops: usize, customs: &[(&'static str, &'static [u8])]) -> Module {
    with_body(&vec![Instruction::Nop; nops], customs)
}

fn with_body(body: &[Instruction<'_>], customs: &[(&'static str, &'static [u8])]) -> Module {
    let (mut types, mut functions, mut exports, mut code) = (
        TypeSection::new(),
        FunctionSection::new(),
        ExportSection::new(),
        CodeSection::new(),
    );
    types.ty().function([], []);
    functions.function(0);
    exports.export("run", ExportKind::Func, 0);
    let mut function = Function::new([]);
    body.iter().for_each(|instruction| {
        function.instruction(instruction);
    });
    code.function(function.instruction(&Instruction::End));
    let mut module = Module::new();
    module
        .section(&types)
        .section(&functions)
        .section(&exports)
        .section(&code);
    for (name, data) in customs {
        module.section(&CustomSection {
            name: (*name).into(),
            data: (*data).into(),
        });
    }
    module
}

fn component(modules: &[Module]) -> Vec<u8> {
    let mut component = Component::new();
    for module in modules {
        component.section(&ModuleSection(module));
    }
    component.finish()
}

fn run(binary: &[u8], engine: impl Fn(&Task<'_>) -> Result<Vec<u8>>) -> Result<Shrunk> {
    shrink(binary, &Options::default(), &mut |task| engine(task))
}

fn customs(module: &[u8]) -> Vec<String> {
    let (_, customs) = crate::sections::detach(module).unwrap();
    customs.into_iter().map(|custom| custom.name).collect()
}

#[test]
fn takes_smaller_module_and_tells_sizes() {
    let shrunk = run(&module(50, &[]).finish(), |_| Ok(module(0, &[]).finish())).unwrap();
    assert_eq!(shrunk.bytes, module(0, &[]).finish());
    assert_eq!(shrunk.report.modules[0].outcome, Outcome::Optimised);
    assert_eq!(shrunk.report.before.raw - shrunk.report.after.raw, 50);
    assert_eq!(
        shrunk.report.after.gzip,
        deflate::gzip(&shrunk.bytes).unwrap().len()
    );
}

#[test]
fn failing_module_stays_and_others_are_done() {
    let binary = component(&[module(30, &[]), module(40, &[]), module(50, &[])]);
    let shrunk = run(&binary, |task| match task.number {
        2 => bail!("the engine crashed (signal 11): "),
        _ => Ok(module(0, &[]).finish()),
    })
    .unwrap();
    let expected = component(&[module(0, &[]), module(40, &[]), module(0, &[])]);
    assert_eq!(shrunk.bytes, expected);
    let left: Vec<_> = shrunk.report.left().collect();
    let (module, reason) = left[0];
    assert_eq!(
        (left.len(), module.number, reason),
        (1, 2, "the engine crashed (signal 11): ")
    );
    let at = usize::try_from(module.offset).unwrap();
    assert_eq!(&binary[at..at + 4], b"\0asm");
}

#[test]
fn unavailable_engine_ends_everything() {
    let binary = component(&[module(3, &[]), module(3, &[])]);
    let error = run(&binary, |task| match task.number {
        1 => Ok(task.module.to_vec()),
        _ => Err(Unavailable::wrap(anyhow::anyhow!("full").context("no room"))),
    });
    assert_eq!(format!("{:#}", error.unwrap_err()), "no room: full");
}

#[test]
fn refuses_every_wrong_result_of_an_engine() {
    let reason = |made: Vec<u8>| {
        let shrunk = run(&module(5, &[]).finish(), |_| Ok(made.clone())).unwrap();
        assert_eq!(shrunk.bytes, module(5, &[]).finish());
        shrunk
            .report
            .left()
            .map(|(_, reason)| reason.to_owned())
            .next()
            .unwrap()
    };
    assert_eq!(
        reason(b"garbage".to_vec()).split(':').next(),
        Some("the engine's result is damaged")
    );
    let invalid = with_body(&[Instruction::I32Add], &[]);
    assert_eq!(
        reason(invalid.finish()).split(':').next(),
        Some("the engine's result is not valid")
    );
    let newer = with_body(&[Instruction::ReturnCall(0)], &[]);
    assert_eq!(
        reason(newer.finish()),
        "it would need `tail_call`, unlike the original"
    );
    assert_eq!(
        reason(module(9, &[]).finish()),
        "it would grow from 38 to 42 bytes"
    );
    let mut empty = Module::new();
    assert!(
        reason(empty.section(&TypeSection::new()).clone().finish()).starts_with("it would not export `run`")
    );
    let mut imports = ImportSection::new();
    imports.import("a", "b", EntityType::Function(0));
    let mut types = TypeSection::new();
    types.ty().function([], []);
    let importing = Module::new().section(&types).section(&imports).clone().finish();
    assert!(reason(importing).starts_with("it would import `a` `b`"));
}

#[test]
fn allowed_feature_may_be_needed() {
    let newer = with_body(&[Instruction::ReturnCall(0)], &[]).finish();
    let options = Options {
        allow: [features::named("tail-call").unwrap()].into(),
        ..Options::default()
    };
    let input = module(9, &[]).finish();
    let shrunk = shrink(&input, &options, &mut |task| {
        assert!(task.features.contains("tail_call"));
        Ok(newer.clone())
    })
    .unwrap();
    assert_eq!(shrunk.bytes, newer);
}

#[test]
fn count_of_data_goes_unless_operator_wants_it() {
    let with_count = |body: &[Instruction<'_>], count: bool| {
        let (mut types, mut functions, mut exports, mut code) = (
            TypeSection::new(),
            FunctionSection::new(),
            ExportSection::new(),
            CodeSection::new(),
        );
        types.ty().function([], []);
        functions.function(0);
        exports.export("run", ExportKind::Func, 0);
        let mut function = Function::new([]);
        body.iter().for_each(|instruction| {
            function.instruction(instruction);
        });
        code.function(function.instruction(&Instruction::End));
        let mut memories = wasm_encoder::MemorySection::new();
        memories.memory(wasm_encoder::MemoryType {
            minimum: 1,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        let mut data = wasm_encoder::DataSection::new();
        data.active(0, &ConstExpr::i32_const(8), *b"data");
        let mut module = Module::new();
        module
            .section(&types)
            .section(&functions)
            .section(&memories)
            .section(&exports);
        if count {
            module.section(&wasm_encoder::DataCountSection { count: 1 });
        }
        module.section(&code).section(&data);
        module.finish()
    };
    let nops = vec![Instruction::Nop; 20];
    let made = |count| with_count(&[], count);
    let shrunk = run(&with_count(&nops, false), |_| Ok(made(true))).unwrap();
    assert_eq!(shrunk.bytes, made(false));
    let drop = [Instruction::DataDrop(0)];
    let input = with_count(&[nops, drop.to_vec()].concat(), true);
    let shrunk = run(&input, |_| Ok(with_count(&drop, true))).unwrap();
    assert_eq!(shrunk.bytes, with_count(&drop, true));
}

#[test]
fn engine_gets_needed_features_whatever_the_module_claims() {
    let body = [
        Instruction::I32Const(0),
        Instruction::I32Extend8S,
        Instruction::Drop,
    ];
    // It claims atomics and tail calls.
    let claims: &[u8] = b"\x02+\x07atomics+\x09tail-call";
    let binary = component(&[with_body(&body, &[("target_features", claims)]), module(1, &[])]);
    let needs = std::cell::RefCell::new(Vec::new());
    run(&binary, |task| {
        needs.borrow_mut().push(task.features.clone());
        assert!(customs(task.module).is_empty());
        Ok(task.module.to_vec())
    })
    .unwrap();
    let expected: [features::Features; 2] = [["sign_extension".to_owned()].into(), [].into()];
    assert_eq!(needs.into_inner(), expected);
}

#[test]
fn sections_that_no_longer_fit_are_dropped() {
    let all: &[(&'static str, &'static [u8])] = &[
        ("build_id", b"\x04abcd"),
        ("sourceMappingURL", b"\x07foo.map"),
        ("component-type:x", b"opaque"),
        ("licence", b"MIT"),
        ("external_debug_info", b"\x04a.dw"),
        ("metadata.code.branch_hint", b"\0"),
        ("linking", b"\x02"),
        ("reloc.CODE", b"\x03\0"),
        ("producers", b"\0"),
        ("contractspecv0", b"soroban"),
    ];
    let smaller = run(&module(9, all).finish(), |_| Ok(module(0, &[]).finish())).unwrap();
    assert_eq!(
        customs(&smaller.bytes),
        ["component-type:x", "licence", "contractspecv0"]
    );
    // The functions are the same, and so are the positions of the hints.
    let same = run(&module(9, all).finish(), |task| Ok(task.module.to_vec())).unwrap();
    assert_eq!(
        customs(&same.bytes),
        [
            "component-type:x",
            "licence",
            "metadata.code.branch_hint",
            "contractspecv0"
        ]
    );
    let told: Vec<_> = smaller
        .report
        .sections
        .iter()
        .map(|it| (it.name.as_str(), it.left))
        .collect();
    assert!(
        told.contains(&("reloc.CODE", 0)) && told.contains(&("contractspecv0", 1)),
        "{told:?}"
    );
}

#[test]
fn user_overrules_the_rules() {
    let input = module(
        9,
        &[("licence", b"MIT"), (".debug_info", b"x"), ("producers", b"\0")],
    )
    .finish();
    let options = Options {
        keep: vec![".debug*".to_owned()],
        drop: vec!["licence".to_owned()],
        ..Options::default()
    };
    let shrunk = shrink(&input, &options, &mut |_| Ok(module(0, &[]).finish())).unwrap();
    assert_eq!(customs(&shrunk.bytes), [".debug_info"]);
}

#[test]
fn signature_stays_only_if_nothing_changes() {
    let signed = module(3, &[("signature", b"opaque")]).finish();
    let same = run(&signed, |task| Ok(task.module.to_vec())).unwrap();
    assert_eq!(same.bytes, signed);
    assert!(!same.report.lost_signature());
    let smaller = run(&signed, |_| Ok(module(0, &[]).finish())).unwrap();
    assert_eq!(customs(&smaller.bytes), [""; 0]);
    assert!(smaller.report.lost_signature());
}

/// A module with two globals, of which the second has a name.
fn with_global() -> Module {
    let mut globals = GlobalSection::new();
    let val_type = ValType::I32;
    let kind = GlobalType {
        val_type,
        mutable: true,
        shared: false,
    };
    globals
        .global(kind, &ConstExpr::i32_const(7))
        .global(kind, &ConstExpr::i32_const(8));
    let (mut section, mut functions, mut names) = (NameSection::new(), NameMap::new(), NameMap::new());
    functions.append(0, "run");
    names.append(1, "__stack_pointer");
    section.functions(&functions);
    section.globals(&names);
    let mut module = Module::new();
    module.section(&globals).section(&section);
    module
}

#[test]
fn names_of_globals_stay_in_module_without_component() {
    // As Binaryen does it: the first global is gone, and the second keeps the name that it was given.
    let engine = |task: &Task<'_>| {
        let given = Names::read(task.module).unwrap();
        let mut globals = GlobalSection::new();
        let kind = GlobalType {
            val_type: ValType::I32,
            mutable: true,
            shared: false,
        };
        globals.global(kind, &ConstExpr::i32_const(8));
        let mut module = Module::new();
        module.section(&globals);
        if let Some(name) = given.globals.get(&1) {
            let (mut section, mut names) = (NameSection::new(), NameMap::new());
            names.append(0, name);
            section.globals(&names);
            module.section(&section);
        }
        Ok(module.finish())
    };
    let shrunk = run(&with_global().finish(), engine).unwrap();
    let names = Names::read(&shrunk.bytes).unwrap();
    assert_eq!(
        names.globals.into_iter().collect::<Vec<_>>(),
        [(0, "__stack_pointer".to_owned())]
    );
    assert!(names.functions.is_empty());

    let inside = run(&component(&[with_global()]), engine).unwrap();
    assert!(!inside.bytes.windows(5).any(|bytes| bytes == b"stack"));
    let options = Options {
        drop_names_of_globals: true,
        ..Options::default()
    };
    let dropped = shrink(&with_global().finish(), &options, &mut |task| engine(task)).unwrap();
    assert_eq!(Names::read(&dropped.bytes).unwrap(), Names::default());
}

#[test]
fn gzip_form_never_grows_if_it_counts() {
    // Smaller by a byte, but of bytes that do not repeat.
    let noise: Vec<Instruction<'_>> = (0..20)
        .flat_map(|n: i32| {
            [
                Instruction::I32Const(n.wrapping_mul(0x1234_5671)),
                Instruction::Drop,
            ]
        })
        .collect();
    let made = with_body(&noise, &[]).finish();
    let input = module(made.len(), &[]).finish();
    assert!(run(&input, |_| Ok(made.clone())).unwrap().bytes == made);
    let options = Options {
        metric: Metric::Gzip,
        ..Options::default()
    };
    let shrunk = shrink(&input, &options, &mut |_| Ok(made.clone())).unwrap();
    assert_eq!(shrunk.bytes, input);
    let (_, reason) = shrunk.report.left().next().unwrap();
    assert!(reason.ends_with("bytes in gzip form"), "{reason}");
}

#[test]
fn refuses_other_files_by_their_kind() {
    let error = |bytes: &[u8]| format!("{:#}", run(bytes, |task| Ok(task.module.to_vec())).unwrap_err());
    let plain = module(3, &[]).finish();
    assert_eq!(error(b""), "it is empty");
    assert!(error(&deflate::gzip(&plain).unwrap()).contains("compressed with gzip"));
    assert!(error(b"(module)").contains("WebAssembly text"));
    assert!(error(b"hello").contains("does not begin with `\\0asm`"));
    assert!(error(b"\0asm\x07\0\0\0").contains("of a version that is known"));
    let both = [plain.clone(), plain.clone()].concat();
    assert!(
        error(&both).contains("a second WebAssembly binary begins at offset"),
        "{}",
        error(&both)
    );
    // Where a section ends, the rest may be a whole module.
    let whole = [14];
    for length in (9..plain.len()).filter(|length| !whole.contains(length)) {
        let error = error(&plain[..length]);
        assert!(
            error.starts_with("it is cut short") || error.starts_with("it is not valid"),
            "{error}"
        );
    }
    assert!(error(&[plain.as_slice(), b"\x01\x02"].concat()).contains("it is cut short"));
    assert!(error(&with_body(&[Instruction::I32Add], &[]).finish()).starts_with("it is not valid"));
}

#[test]
fn refuses_objects_that_have_to_be_linked() {
    let object = Module::new()
        .section(&CustomSection {
            name: "linking".into(),
            data: b"\x02"[..].into(),
        })
        .clone()
        .finish();
    let error = run(&object, |task| Ok(task.module.to_vec())).unwrap_err();
    assert!(
        format!("{error:#}").contains("an object that has to be linked first"),
        "{error:#}"
    );
    assert!(run(&module(1, &[("linking", b"\x02")]).finish(), |_| bail!("no")).is_ok());
}

proptest::proptest! {
    #[test]
    fn damaged_input_never_panics(cut in 0_usize..400, flip: u8) {
        let mut binary = component(&[module(30, &[("licence", b"MIT")]), with_global()]);
        let at = cut % binary.len();
        binary[at] ^= flip;
        drop(run(&binary, |task| Ok(task.module.to_vec())));
        binary.truncate(at);
        drop(run(&binary, |task| Ok(task.module.to_vec())));
    }
}
