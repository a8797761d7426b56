//! Makes functions of statements that occur often: such as dropping a text in memory, or storing two words.
//!
//! ```text
//! local.get 4  i32.load offset=8  local.get 4  i32.load offset=12  call $drop
//!    → local.get 4  i32.const 8  i32.add  call $new
//! ```
//!
//! Binaryen has no such pass. It runs after Binaryen, which gives equal code equal forms. A sequence has no control
//! flow, takes nothing from the stack, leaves nothing there, and sets no local: the locals that it reads become the
//! parameters of the function. Equal sequences may differ in their locals, and in the offset from the first address.
//!
//! [`sequence`] finds the sequences that begin at an instruction, [`candidates`] chooses among them, and [`operator`]
//! knows the effect of an instruction.

use std::cmp::Reverse;

use anyhow::{Context as _, Result, ensure};
use wasm_diet::component::section;
use wasm_encoder::{CodeSection, Encode as _, Instruction, RawSection, Section as _};
use wasmparser::{FunctionBody, Parser, Payload};

use self::{
    candidates::Candidates,
    operator::{Effect, Module},
    sequence::Sequence,
};
use super::lower::extended;

mod candidates;
mod operator;
mod sequence;

/// A function of the module.
struct Function {
    /// The declaration of its locals, encoded.
    head: Vec<u8>,
    /// The types of its locals, encoded; parameters first.
    locals: Vec<u8>,
    operators: Vec<Step>,
}

/// An instruction, or several ones that have become one step.
struct Step {
    bytes: Vec<u8>,
    effect: Effect,
}

/// Returns the module with functions for sequences that occur often.
///
/// # Errors
/// Fails if the module is damaged.
pub(super) fn outline(module: &[u8]) -> Result<Vec<u8>> {
    let mut types = Module::read(module)?;
    let mut functions = read(module, &types)?;
    let before = types.functions.len();
    let (mut bodies, mut calls) = (Vec::new(), Vec::new());
    let mut candidates = Candidates::of(&functions);
    while let Some((pattern, sequences)) = candidates.next() {
        let number = u32::try_from(types.functions.len())?;
        types.add(&pattern.parameters);
        bodies.push(pattern.function());
        calls.extend(sequences.into_iter().map(|sequence| (sequence, number)));
    }
    if bodies.is_empty() {
        return Ok(module.to_vec());
    }
    replace(&mut functions, calls);
    let mut code = CodeSection::new();
    for function in &functions {
        let steps = function.operators.iter().map(|step| step.bytes.as_slice());
        code.raw(&[&function.head, &steps.collect::<Vec<_>>().concat()[..]].concat());
    }
    bodies.iter().for_each(|body| {
        code.raw(body);
    });
    assemble(module, &types, before, &code)
}

fn read(module: &[u8], types: &Module) -> Result<Vec<Function>> {
    let mut functions = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::CodeSectionEntry(body) = payload? {
            let number = types.imported + functions.len();
            functions.push(Function::read(module, number, &body, types)?);
        }
    }
    Ok(functions)
}

impl Function {
    fn read(module: &[u8], number: usize, body: &FunctionBody<'_>, types: &Module) -> Result<Self> {
        let mut locals = types.of(number).context("a function has no type")?.params.clone();
        for declared in body.get_locals_reader()? {
            let (count, ty) = declared?;
            let ty = operator::encoded(ty)?;
            locals.extend(std::iter::repeat_n(ty, usize::try_from(count)?));
        }
        let mut reader = body.get_operators_reader()?;
        let head = section(module, body.range().start..reader.original_position())?.to_vec();
        let mut operators = Vec::new();
        while !reader.eof() {
            let (operator, start) = reader.read_with_offset()?;
            let bytes = section(module, start..reader.original_position())?.to_vec();
            let effect = Effect::of(&bytes, &operator, types);
            operators.push(Step { bytes, effect });
        }
        Ok(Self {
            head,
            locals,
            operators,
        })
    }
}

/// Replaces sequences by calls of the functions with these numbers.
fn replace(functions: &mut [Function], mut calls: Vec<(Sequence, u32)>) {
    // From the end, so that the positions before stay.
    calls.sort_by_key(|(sequence, _)| Reverse(sequence.begin()));
    for (sequence, number) in calls {
        let mut bytes = sequence.arguments;
        Instruction::Call(number).encode(&mut bytes);
        let effect = Effect::Other;
        if let Some(function) = functions.get_mut(sequence.function) {
            function
                .operators
                .splice(sequence.start..sequence.end, [Step { bytes, effect }]);
        }
    }
}

/// Copies the module with other code, and with the functions of `types` beyond the first `before`.
fn assemble(module: &[u8], types: &Module, before: usize, code: &CodeSection) -> Result<Vec<u8>> {
    let mut output = wasm_encoder::Module::HEADER.to_vec();
    let mut has_code = false;
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        let added = match &payload {
            Payload::CodeSectionStart { .. } => {
                code.append_to(&mut output);
                has_code = true;
                continue;
            }
            Payload::CodeSectionEntry(_) => continue,
            Payload::TypeSection(_) => types.added_types(),
            Payload::FunctionSection(_) => types.added_functions(before),
            _ => (0, Vec::new()),
        };
        if let Some((id, range)) = payload.as_section() {
            let data = extended_if(section(module, range)?, &added)?;
            RawSection { id, data: &data }.append_to(&mut output);
        }
    }
    ensure!(has_code, "the module has no code");
    Ok(output)
}

fn extended_if(list: &[u8], (count, entries): &(u32, Vec<u8>)) -> Result<Vec<u8>> {
    match count {
        0 => Ok(list.to_vec()),
        count => extended(list, *count, entries),
    }
}

#[cfg(test)]
mod tests;
