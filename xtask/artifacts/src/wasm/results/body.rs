//! The body of a function with one result for each function and block.

use anyhow::{Context as _, Result, bail, ensure};
use wasm_diet::component::section;
use wasm_encoder::{BlockType, Encode as _, Instruction};
use wasmparser::{BlockType as Block, FunctionBody, Operator};

use super::{Functions, Variables, get, set, value_type};

/// A block that is open, or the function itself.
#[derive(Clone, Copy)]
struct Frame {
    /// The variable for the second result.
    second: Option<u32>,
    /// Whether a branch to it goes to its beginning, and so without results.
    is_loop: bool,
}

/// Returns the body of a function, without its size. `number` is its number among all functions of the module.
pub(super) fn rewritten(
    module: &[u8],
    number: usize,
    body: &FunctionBody<'_>,
    functions: &Functions<'_>,
    variables: &mut Variables,
) -> Result<Vec<u8>> {
    let own = variables.of_second(functions.ty(number)?)?;
    let mut frames = vec![Frame {
        second: own,
        is_loop: false,
    }];
    let mut operators = body.get_operators_reader()?;
    let mut output = section(module, body.range().start..operators.original_position())?.to_vec();
    while !operators.eof() {
        let (operator, start) = operators.read_with_offset()?;
        let bytes = section(module, start..operators.original_position())?;
        match operator {
            Operator::Block { blockty } | Operator::Loop { blockty } | Operator::If { blockty } => {
                let is_loop = matches!(operator, Operator::Loop { .. });
                let second = match begin(&operator, blockty, functions, variables, &mut output)? {
                    None => {
                        output.extend(bytes);
                        None
                    }
                    second => second,
                };
                frames.push(Frame { second, is_loop });
                continue;
            }
            Operator::Else => set(frame(&frames, 0)?.second, &mut output),
            Operator::End => {
                let Frame { second, .. } = frames.pop().context("a function goes on after its end")?;
                set(second, &mut output);
                output.extend(bytes);
                if !frames.is_empty() {
                    get(second, &mut output);
                }
                continue;
            }
            Operator::Return => set(own, &mut output),
            Operator::Br { relative_depth } => {
                set(frame(&frames, relative_depth)?.carried(), &mut output);
            }
            Operator::BrIf { relative_depth } => {
                ensure!(
                    frame(&frames, relative_depth)?.carried().is_none(),
                    "a conditional branch carries two values"
                );
            }
            Operator::BrTable { ref targets } => {
                for depth in targets.targets().chain([Ok(targets.default())]) {
                    ensure!(
                        frame(&frames, depth?)?.carried().is_none(),
                        "a branch by a table carries two values"
                    );
                }
            }
            Operator::Call { function_index } => {
                output.extend(bytes);
                let ty = functions.ty(usize::try_from(function_index)?)?;
                get(variables.of_second(ty)?, &mut output);
                continue;
            }
            Operator::CallIndirect { type_index, .. } => {
                output.extend(bytes);
                get(variables.of_second(functions.type_at(type_index)?)?, &mut output);
                continue;
            }
            Operator::ReturnCall { .. } | Operator::ReturnCallIndirect { .. } => {
                bail!("a function ends with a tail call");
            }
            _ => {}
        }
        output.extend(bytes);
    }
    Ok(output)
}

/// Begins a block that has two results, and returns the variable for the second one. Writes nothing for others.
fn begin(
    operator: &Operator<'_>,
    ty: Block,
    functions: &Functions<'_>,
    variables: &mut Variables,
    output: &mut Vec<u8>,
) -> Result<Option<u32>> {
    let Block::FuncType(index) = ty else {
        return Ok(None);
    };
    let ty = functions.type_at(index)?;
    ensure!(ty.params().is_empty(), "a block has parameters");
    let (Some(second), Some(first)) = (variables.of_second(ty)?, ty.results().first()) else {
        return Ok(None);
    };
    let ty = BlockType::Result(value_type(*first)?);
    match operator {
        Operator::Loop { .. } => Instruction::Loop(ty),
        Operator::If { .. } => Instruction::If(ty),
        _ => Instruction::Block(ty),
    }
    .encode(output);
    Ok(Some(second))
}

impl Frame {
    /// Returns the variable of the second value that a branch to this block carries.
    fn carried(self) -> Option<u32> {
        self.second.filter(|_| !self.is_loop)
    }
}

/// Returns the block that a branch of this depth leaves.
fn frame(frames: &[Frame], depth: u32) -> Result<Frame> {
    let depth = usize::try_from(depth)?;
    let frame = frames.iter().rev().nth(depth);
    frame.copied().context("a branch leads out of its function")
}
