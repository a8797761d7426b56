//! Sequences that can become a call, in the form that equal ones share.

use wasm_encoder::{Encode as _, Instruction};

use super::{
    Function,
    operator::{self, Effect},
};

/// The number of instructions in a sequence.
const LENGTHS: std::ops::RangeInclusive<usize> = 3..=24;

/// The number of bytes of a call. The functions are the last ones of a module with more than 127.
const CALL: usize = 3;

/// A sequence with its locals in the order in which it reads them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pattern {
    /// The types of the locals, encoded.
    pub(super) parameters: Vec<u8>,
    /// The instructions, encoded.
    pub(super) code: Vec<u8>,
}

impl Pattern {
    /// Returns the body of the function, without its size: no further locals, the code, and its end.
    pub(super) fn function(&self) -> Vec<u8> {
        [&[0], &self.code[..], &[0x0b]].concat()
    }

    /// Returns the bytes that the function takes, with its size and the number of its type.
    pub(super) fn cost(&self) -> usize {
        self.code.len() + 4
    }
}

/// Instructions that can be a call.
#[derive(Clone, Debug)]
pub(super) struct Sequence {
    /// The position of the function.
    pub(super) function: usize,
    /// The position of the first instruction.
    pub(super) start: usize,
    /// The position after the last one.
    pub(super) end: usize,
    /// The instructions that give the call its arguments, encoded.
    pub(super) arguments: Vec<u8>,
    /// The bytes that the call saves.
    pub(super) saved: usize,
}

impl Sequence {
    /// Returns the position of the function, and that of the first instruction.
    pub(super) fn begin(&self) -> (usize, usize) {
        (self.function, self.start)
    }
}

/// A local that a sequence reads.
struct Read {
    local: u32,
    /// The lowest offset at which it is an address, if it is nothing else.
    base: Option<u32>,
}

/// The state of the stack within a sequence.
#[derive(Default)]
struct State {
    reads: Vec<Read>,
    /// The values on the stack: the position of the local that one is, if it is one.
    stack: Vec<Option<usize>>,
    /// The instructions that use a local as an address: position in the sequence, position of the local, offset.
    addresses: Vec<(usize, usize, u32)>,
}

impl State {
    /// Performs the instruction at `position`. Returns none if it cannot be part of the sequence.
    fn perform(&mut self, position: usize, effect: Effect) -> Option<()> {
        match effect {
            Effect::Get(local) => {
                let known = self.reads.iter().position(|read| read.local == local);
                let at = known.unwrap_or_else(|| {
                    let base = Some(u32::MAX);
                    self.reads.push(Read { local, base });
                    self.reads.len() - 1
                });
                self.stack.push(Some(at));
            }
            Effect::Load(offset) => {
                self.address(position, offset)?;
                self.stack.push(None);
            }
            Effect::Store(offset) => {
                self.value()?;
                self.address(position, offset)?;
            }
            Effect::Values(taken, left) => {
                for _ in 0..taken {
                    self.value()?;
                }
                self.stack.extend((0..left).map(|_| None));
            }
            Effect::Other => return None,
        }
        Some(())
    }

    /// Takes a value that is no address.
    fn value(&mut self) -> Option<()> {
        let local = self.stack.pop()?;
        if let Some(read) = local.and_then(|at| self.reads.get_mut(at)) {
            read.base = None;
        }
        Some(())
    }

    /// Takes an address.
    fn address(&mut self, position: usize, offset: u32) -> Option<()> {
        if let Some(at) = self.stack.pop()? {
            let read = self.reads.get_mut(at)?;
            read.base = read.base.map(|base| base.min(offset));
            self.addresses.push((position, at, offset));
        }
        Some(())
    }
}

/// Passes each sequence that begins at `start` to `take`: as it is, and with the first address increased by its offset.
pub(super) fn from(
    function: &Function,
    number: usize,
    start: usize,
    take: &mut dyn FnMut(Pattern, Sequence),
) {
    let steps = function.operators.get(start..).unwrap_or_default();
    let mut state = State::default();
    for (position, step) in steps.iter().enumerate().take(*LENGTHS.end()) {
        if state.perform(position, step.effect).is_none() {
            return;
        }
        let length = position + 1;
        if !state.stack.is_empty() || !LENGTHS.contains(&length) {
            continue;
        }
        let moved = state.addresses.first().and_then(|&(_, at, _)| {
            let base = state.reads.get(at)?.base?;
            (base > 0).then_some((at, base))
        });
        for moved in [None, moved].into_iter().take(1 + usize::from(moved.is_some())) {
            let Some(pattern) = pattern(function, start, length, &state, moved) else {
                return;
            };
            let arguments = arguments(&state, moved);
            let before: usize = steps.iter().take(length).map(|step| step.bytes.len()).sum();
            if let Some(saved) = before
                .checked_sub(arguments.len() + CALL)
                .filter(|saved| *saved > 0)
            {
                take(
                    pattern,
                    Sequence {
                        function: number,
                        start,
                        end: start + length,
                        arguments,
                        saved,
                    },
                );
            }
        }
    }
}

/// Returns the form that equal sequences share. The local in `moved` is increased by that base before.
fn pattern(
    function: &Function,
    start: usize,
    length: usize,
    state: &State,
    moved: Option<(usize, u32)>,
) -> Option<Pattern> {
    let mut code = Vec::new();
    let steps = function.operators.get(start..start + length)?;
    for (position, step) in steps.iter().enumerate() {
        let is_moved = |&(at, local, offset): &(usize, usize, u32)| {
            let (moved, base) = moved?;
            (at == position && local == moved).then(|| offset - base)
        };
        match step.effect {
            Effect::Get(local) => {
                let at = state.reads.iter().position(|read| read.local == local)?;
                Instruction::LocalGet(u32::try_from(at).ok()?).encode(&mut code);
            }
            _ => match state.addresses.iter().find_map(is_moved) {
                Some(offset) => code.extend(operator::with_offset(&step.bytes, offset)),
                None => code.extend(&step.bytes),
            },
        }
    }
    let parameters = state
        .reads
        .iter()
        .map(|read| function.locals.get(read.local as usize).copied());
    Some(Pattern {
        parameters: parameters.collect::<Option<_>>()?,
        code,
    })
}

/// Returns the instructions that give a call its arguments.
fn arguments(state: &State, moved: Option<(usize, u32)>) -> Vec<u8> {
    let mut code = Vec::new();
    for (at, read) in state.reads.iter().enumerate() {
        Instruction::LocalGet(read.local).encode(&mut code);
        if let Some((_, base)) = moved.filter(|(moved, _)| *moved == at) {
            Instruction::I32Const(base.cast_signed()).encode(&mut code);
            Instruction::I32Add.encode(&mut code);
        }
    }
    code
}
