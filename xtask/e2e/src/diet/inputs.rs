//! Small files, one for each kind of feature, section or structure.

/// The expected result for the code of the first module.
#[derive(Clone, Copy, Debug)]
pub(super) enum Code {
    /// It is smaller.
    Smaller,
    /// Nothing is gained.
    Same,
    /// It stays as it is, for a reason that contains this text.
    Left(&'static str),
}

/// A file and the expectations.
#[derive(Clone, Copy, Debug)]
pub(super) struct Input {
    /// The name of the case.
    pub(super) name: &'static str,
    /// The file as WebAssembly text.
    pub(super) text: &'static str,
    /// The function to call.
    pub(super) invoke: &'static str,
    /// The arguments of a core module's function.
    pub(super) arguments: &'static [&'static str],
    /// The result of the call.
    pub(super) result: &'static str,
    /// The features with which the result must be valid, for `wasm-tools validate`.
    pub(super) features: &'static str,
    /// The expected result for the code.
    pub(super) code: Code,
}

/// Defines an input of `inputs/`, whose function returns 42.
macro_rules! input {
    ($name:literal, $invoke:literal, $features:literal, $code:expr) => {
        Input {
            name: concat!("shrink::", $name),
            text: include_str!(concat!("inputs/", $name, ".wat")),
            invoke: $invoke,
            arguments: &[],
            result: "42",
            features: $features,
            code: $code,
        }
    };
}

use Code::{Left, Same, Smaller};

/// All inputs.
pub(super) const INPUTS: &[Input] = &[
    Input {
        arguments: &["0"],
        ..input!("branch-hint", "run", "mvp", Smaller)
    },
    Input {
        arguments: &["8"],
        result: "104",
        ..input!("mvp", "run", "mvp", Smaller)
    },
    Input {
        result: "trap: out of bounds memory access",
        ..input!("trap", "run", "mvp", Same)
    },
    Input {
        result: "trap: out of bounds memory access",
        ..input!("segment-outside", "run", "mvp", Left("no longer trap"))
    },
    input!("block-parameters", "run", "mvp,multi-value", Smaller),
    Input {
        result: "8688",
        ..input!("block-parameters-kinds", "run", "mvp,multi-value", Smaller)
    },
    input!(
        "block-parameters-mixed",
        "run",
        "mvp,multi-value",
        Left("misreads blocks with parameters")
    ),
    input!("bulk-memory", "run", "mvp,bulk-memory-opt", Smaller),
    input!("passive-data", "run", "mvp,bulk-memory", Same),
    input!("custom-sections", "run", "mvp", Same),
    input!(
        "exnref",
        "run",
        "mvp,exceptions",
        Left("Binaryen cannot optimise it")
    ),
    input!("extended-const", "run", "mvp,extended-const", Smaller),
    input!("gc", "run", "mvp,reference-types,function-references,gc", Smaller),
    input!("memory64", "run", "mvp,memory64", Same),
    input!("multi-memory", "run", "mvp,multi-memory", Same),
    input!("multi-value", "run", "mvp,multi-value", Smaller),
    input!("reference-types", "run", "mvp,reference-types", Smaller),
    input!("relaxed-simd", "run", "mvp,simd,relaxed-simd", Same),
    input!("tail-call", "run", "mvp,tail-call", Smaller),
    input!(
        "wide-arithmetic",
        "run",
        "mvp,wide-arithmetic,multi-value",
        Left("`wide_arithmetic`")
    ),
    input!("comp-async", "run()", "mvp,component-model,cm-async", Same),
    input!("comp-nested", "run()", "mvp,component-model", Same),
    input!(
        "comp-simd",
        "run()",
        "mvp,component-model,simd",
        Left("it would grow")
    ),
    input!("module-passed", "run()", "mvp,component-model", Smaller),
    input!("shared-everything", "run()", "mvp,component-model", Same),
    input!("twice", "run()", "mvp,component-model", Same),
    Input {
        invoke: "at(-4)",
        ..input!("lowc", "at(-4)", "mvp,component-model", Smaller)
    },
];
