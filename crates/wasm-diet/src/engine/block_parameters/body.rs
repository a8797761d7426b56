//! The body of one function.

use anyhow::{Context as _, Result, bail, ensure};
use wasm_encoder::{BlockType, Encode as _, Instruction, ValType};
use wasmparser::{FunctionBody, Operator};

use super::{Types, value};

/// The number of locals that a function may have.
const MOST_LOCALS: usize = 50_000;

/// The factor by which a body may grow, besides [`FREE`] bytes. One byte can name a type with a thousand parameters.
const MOST_GROWTH: usize = 8;
const FREE: usize = 4096;

/// A construct that is open.
#[derive(Debug, Default)]
struct Frame {
    is_loop: bool,
    /// Whether it is an `if` without an `else` so far. It passes its parameters on if the condition does not hold.
    wants_else: bool,
    /// The locals with its parameters.
    locals: Vec<u32>,
}

/// A body that is rewritten.
#[derive(Debug)]
pub(super) struct Body<'t> {
    types: &'t mut Types,
    /// The number of locals of the original, with parameters.
    before: u32,
    /// The types of the locals that are added.
    added: Vec<ValType>,
    /// The construct of the function itself is the first.
    open: Vec<Frame>,
    code: Vec<u8>,
}

impl<'t> Body<'t> {
    /// Returns the body of the function with this index, imported ones not counted.
    pub(super) fn lower(original: &FunctionBody<'_>, index: usize, types: &'t mut Types) -> Result<Vec<u8>> {
        let bytes = original.as_bytes();
        let start = original.range().start;
        let at = |position: u64| Ok::<usize, anyhow::Error>(usize::try_from(position - start)?);

        let mut locals = original.get_locals_reader()?;
        let declarations = locals.get_count();
        let first = at(locals.original_position())?;
        let of = types.of_functions.get(index).context("a body has no function")?;
        let mut before = u32::try_from(types.function(*of)?.params().len())?;
        for _ in 0..declarations {
            before = before.saturating_add(locals.read()?.0);
        }
        let declared = bytes
            .get(first..at(locals.original_position())?)
            .context("locals are damaged")?;

        let mut body = Self {
            types,
            before,
            added: Vec::new(),
            open: vec![Frame::default()],
            code: Vec::new(),
        };
        let mut operators = original.get_operators_reader()?;
        while !operators.eof() {
            let begin = at(operators.original_position())?;
            let operator = operators.read()?;
            let copied = bytes.get(begin..at(operators.original_position())?);
            body.add(&operator, copied.context("an operator is damaged")?)?;
            ensure!(
                body.code.len() <= bytes.len() * MOST_GROWTH + FREE,
                "the function would grow too much"
            );
        }
        if body.added.is_empty() {
            return Ok(bytes.to_vec());
        }
        let mut made = Vec::with_capacity(bytes.len() + body.code.len());
        (declarations + u32::try_from(body.added.len())?).encode(&mut made);
        made.extend(declared);
        for added in &body.added {
            1_u32.encode(&mut made);
            added.encode(&mut made);
        }
        made.extend(body.code);
        Ok(made)
    }

    /// Adds an operator, whose bytes are `copied`.
    fn add(&mut self, operator: &Operator<'_>, copied: &[u8]) -> Result<()> {
        match operator {
            Operator::Block { blockty } => return self.begin(*blockty, copied, Instruction::Block),
            Operator::Loop { blockty } => {
                self.begin(*blockty, copied, Instruction::Loop)?;
                if let Some(frame) = self.open.last_mut() {
                    frame.is_loop = true;
                }
                return Ok(());
            }
            Operator::If { blockty } => return self.begin(*blockty, copied, Instruction::If),
            Operator::Try { blockty } => return self.begin(*blockty, copied, Instruction::Try),
            Operator::TryTable { try_table } => {
                ensure!(self.parameters(try_table.ty)?.is_empty(), "it is a `try_table`");
                for catch in &try_table.catches {
                    let (wasmparser::Catch::One { label, .. }
                    | wasmparser::Catch::OneRef { label, .. }
                    | wasmparser::Catch::All { label }
                    | wasmparser::Catch::AllRef { label }) = catch;
                    self.refuse_loop(*label)?;
                }
                self.open.push(Frame::default());
            }
            Operator::Br { relative_depth } => self.set(&self.carried(*relative_depth)),
            Operator::BrIf { relative_depth } => self.branch_if(*relative_depth)?,
            Operator::BrTable { targets } => {
                let mut labels = targets.targets().collect::<Result<Vec<_>, _>>()?;
                labels.push(targets.default());
                self.branch_to_one_of(&labels)?;
            }
            Operator::BrOnNull { relative_depth }
            | Operator::BrOnNonNull { relative_depth }
            | Operator::BrOnCast { relative_depth, .. }
            | Operator::BrOnCastFail { relative_depth, .. } => self.refuse_loop(*relative_depth)?,
            Operator::BrOnCastDescEq { .. }
            | Operator::BrOnCastDescEqFail { .. }
            | Operator::Resume { .. }
            | Operator::ResumeThrow { .. }
            | Operator::ResumeThrowRef { .. } => ensure!(
                self.open
                    .iter()
                    .all(|frame| !frame.is_loop || frame.locals.is_empty()),
                "a branch may carry values to it"
            ),
            Operator::Else => {
                self.begin_else();
                return Ok(());
            }
            Operator::End | Operator::Delegate { .. } => {
                if self.open.last().is_some_and(|frame| frame.wants_else) {
                    self.begin_else();
                }
                self.open.pop();
            }
            _ => {}
        }
        self.code.extend(copied);
        Ok(())
    }

    /// Begins a construct, with its parameters in locals.
    fn begin(
        &mut self,
        kind: wasmparser::BlockType,
        copied: &[u8],
        make: fn(BlockType) -> Instruction<'static>,
    ) -> Result<()> {
        let parameters = self.parameters(kind)?;
        if parameters.is_empty() {
            self.open.push(Frame::default());
            self.code.extend(copied);
            return Ok(());
        }
        let locals = parameters
            .into_iter()
            .map(|of| self.fresh(of))
            .collect::<Result<Vec<_>>>()?;
        let without = self.without_parameters(kind)?;
        let begin = make(without);
        let is_if = matches!(begin, Instruction::If(_));
        if is_if {
            let condition = self.fresh(ValType::I32)?;
            self.set(&[condition]);
            self.set(&locals);
            self.get(&[condition]);
        } else {
            self.set(&locals);
        }
        begin.encode(&mut self.code);
        self.get(&locals);
        self.open.push(Frame {
            is_loop: false,
            wants_else: is_if,
            locals,
        });
        Ok(())
    }

    /// Begins the other arm of an `if`, which gets the same parameters.
    fn begin_else(&mut self) {
        Instruction::Else.encode(&mut self.code);
        let locals = match self.open.last_mut() {
            Some(frame) => {
                frame.wants_else = false;
                frame.locals.clone()
            }
            None => Vec::new(),
        };
        self.get(&locals);
    }

    /// Branches to a loop if a condition holds. If it does not, the values stay.
    fn branch_if(&mut self, label: u32) -> Result<()> {
        let locals = self.carried(label);
        if locals.is_empty() {
            return Ok(());
        }
        // The condition is on top of the values.
        let condition = self.fresh(ValType::I32)?;
        self.set(&[condition]);
        self.set(&locals);
        self.get(&locals);
        self.get(&[condition]);
        Ok(())
    }

    /// Branches to one of several constructs: all of them are loops with parameters, or none.
    fn branch_to_one_of(&mut self, labels: &[u32]) -> Result<()> {
        let mut labels = labels.to_vec();
        labels.sort_unstable();
        labels.dedup();
        let mut targets: Vec<Vec<u32>> = labels.iter().map(|label| self.carried(*label)).collect();
        let Some(first) = targets.pop() else { return Ok(()) };
        if first.is_empty() && targets.iter().all(Vec::is_empty) {
            return Ok(());
        }
        ensure!(
            targets.iter().all(|locals| locals.len() == first.len()),
            "a `br_table` carries values to a loop and to another block"
        );
        let index = self.fresh(ValType::I32)?;
        self.set(&[index]);
        self.set(&first);
        for locals in &targets {
            self.get(&first);
            self.set(locals);
        }
        self.get(&[index]);
        Ok(())
    }

    /// Fails if a branch that is not rewritten carries values to a loop.
    fn refuse_loop(&self, label: u32) -> Result<()> {
        match self.carried(label).is_empty() {
            true => Ok(()),
            false => bail!("a branch on a reference or an exception carries values to it"),
        }
    }

    /// Returns the locals for the values that a branch carries, if it is one to a loop.
    fn carried(&self, label: u32) -> Vec<u32> {
        let frame = self.open.iter().rev().nth(label as usize);
        match frame.filter(|frame| frame.is_loop) {
            Some(frame) => frame.locals.clone(),
            None => Vec::new(),
        }
    }

    fn parameters(&self, kind: wasmparser::BlockType) -> Result<Vec<ValType>> {
        match kind {
            wasmparser::BlockType::FuncType(index) => {
                let parameters = self.types.function(index)?.params();
                ensure!(
                    parameters.len() < MOST_LOCALS,
                    "the function would have too many locals"
                );
                parameters.iter().map(|of| value(*of)).collect()
            }
            wasmparser::BlockType::Empty | wasmparser::BlockType::Type(_) => Ok(Vec::new()),
        }
    }

    /// Returns the type of a construct with the same results.
    fn without_parameters(&mut self, kind: wasmparser::BlockType) -> Result<BlockType> {
        let wasmparser::BlockType::FuncType(index) = kind else {
            return Ok(BlockType::Empty);
        };
        Ok(match self.types.function(index)?.results() {
            [] => BlockType::Empty,
            [one] => BlockType::Result(value(*one)?),
            _ => BlockType::FunctionType(self.types.without_parameters(index)?),
        })
    }

    /// Adds a local.
    fn fresh(&mut self, of: ValType) -> Result<u32> {
        let index = self.before.saturating_add(u32::try_from(self.added.len())?);
        ensure!(
            (index as usize) < MOST_LOCALS,
            "the function would have too many locals"
        );
        self.added.push(of);
        Ok(index)
    }

    /// Moves the values on top of the stack to locals.
    fn set(&mut self, locals: &[u32]) {
        for local in locals.iter().rev() {
            Instruction::LocalSet(*local).encode(&mut self.code);
        }
    }

    fn get(&mut self, locals: &[u32]) {
        for local in locals {
            Instruction::LocalGet(*local).encode(&mut self.code);
        }
    }
}
