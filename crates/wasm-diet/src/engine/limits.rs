//! The modules that Binaryen 116 misreads, or on which it takes very long.

use anyhow::{Result, bail};
use wasmparser::{BlockType, CompositeInnerType, FunctionBody, Operator, Parser, Payload, TypeRef};

/// The largest effort for a module that is accepted. A module of Rust with 16 MB of code takes 360 million. A large
/// program of Go takes 900 million, because in Go's functions each call ends a block around everything before it.
const LARGEST_EFFORT: u64 = 600_000_000;

/// The properties of the functions of a module that decide whether Binaryen reads it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Functions {
    /// Whether a block takes parameters.
    with_block_parameters: bool,
    /// The effort for the module. Binaryen looks through a block for branches whenever it computes the block's type, so
    /// the effort for an operator is the number of blocks around it.
    effort: u64,
    /// The index of the function that nests most blocks, and their number.
    deepest: Option<(u32, usize)>,
}

impl Functions {
    /// Reads a core module.
    ///
    /// # Errors
    /// Fails if the module is damaged.
    pub(super) fn of(module: &[u8]) -> Result<Self> {
        let mut functions = Self::default();
        // For each type, whether it is that of a function with parameters.
        let mut takes: Vec<bool> = Vec::new();
        let mut index = 0;
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::TypeSection(groups) => {
                    for group in groups {
                        takes.extend(group?.into_types().map(|kind| match kind.composite_type.inner {
                            CompositeInnerType::Func(of) => !of.params().is_empty(),
                            _ => false,
                        }));
                    }
                }
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        if let TypeRef::Func(_) | TypeRef::FuncExact(_) = import?.ty {
                            index += 1;
                        }
                    }
                }
                Payload::CodeSectionEntry(body) => {
                    functions.add(index, &body, &takes)?;
                    index += 1;
                }
                _ => {}
            }
        }
        Ok(functions)
    }

    fn add(&mut self, index: u32, body: &FunctionBody<'_>, takes: &[bool]) -> Result<()> {
        // For each open construct, whether it is a block.
        let mut open: Vec<bool> = Vec::new();
        let mut blocks = 0;
        let mut most = 0;
        for operator in body.get_operators_reader()? {
            let operator = operator?;
            if let Some(kind) = begins(&operator) {
                let is_block = matches!(operator, Operator::Block { .. });
                open.push(is_block);
                blocks += usize::from(is_block);
                most = most.max(blocks);
                if has_parameters(kind, takes) {
                    self.with_block_parameters = true;
                }
            } else if matches!(operator, Operator::End | Operator::Delegate { .. }) {
                blocks -= usize::from(open.pop().unwrap_or_default());
            }
            self.effort = self.effort.saturating_add(blocks as u64);
        }
        if self.deepest.is_none_or(|(_, deepest)| most > deepest) {
            self.deepest = Some((index, most));
        }
        Ok(())
    }

    /// Returns whether a block takes parameters: old versions of Binaryen drop the values that a branch carries to a
    /// loop.
    pub(super) fn take_block_parameters(&self) -> bool {
        self.with_block_parameters
    }

    /// Fails if Binaryen 116 would take very long.
    pub(super) fn refuse_endless_work(&self, engine: &str) -> Result<()> {
        match self.deepest {
            Some((index, blocks)) if self.effort > LARGEST_EFFORT => bail!(
                "{engine} would take very long, because large functions nest many blocks, such as {blocks} in function \
                 {index}; `--no-limit` tries it"
            ),
            _ => Ok(()),
        }
    }
}

/// Returns the type of the construct that an operator begins.
fn begins(operator: &Operator<'_>) -> Option<BlockType> {
    match operator {
        Operator::Block { blockty }
        | Operator::Loop { blockty }
        | Operator::If { blockty }
        | Operator::Try { blockty } => Some(*blockty),
        Operator::TryTable { try_table } => Some(try_table.ty),
        _ => None,
    }
}

/// Returns whether a construct of this type takes parameters.
fn has_parameters(kind: BlockType, takes: &[bool]) -> bool {
    match kind {
        BlockType::FuncType(index) => takes.get(index as usize).copied().unwrap_or_default(),
        BlockType::Empty | BlockType::Type(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{CodeSection, Function, FunctionSection, Instruction, Module, TypeSection, ValType};

    use super::*;

    fn module(body: &[Instruction<'_>]) -> Vec<u8> {
        let mut types = TypeSection::new();
        types.ty().function([], []);
        types.ty().function([ValType::I32], []);
        let mut functions = FunctionSection::new();
        functions.function(0).function(0);
        let mut code = CodeSection::new();
        code.function(Function::new([]).instruction(&Instruction::End));
        let mut function = Function::new([]);
        body.iter().for_each(|it| {
            function.instruction(it);
        });
        code.function(function.instruction(&Instruction::End));
        let mut module = Module::new();
        module.section(&types).section(&functions).section(&code);
        module.finish()
    }

    #[test]
    fn finds_every_block_with_parameters() {
        use wasm_encoder::BlockType::FunctionType;
        let found = |begin: Instruction<'_>| {
            let body = [
                Instruction::I32Const(1),
                begin,
                Instruction::Drop,
                Instruction::End,
            ];
            Functions::of(&module(&body)).unwrap().take_block_parameters()
        };
        for begin in [
            Instruction::Block(FunctionType(1)),
            Instruction::Loop(FunctionType(1)),
            Instruction::If(FunctionType(1)),
            Instruction::Try(FunctionType(1)),
            Instruction::TryTable(FunctionType(1), [].as_slice().into()),
        ] {
            assert!(found(begin));
        }
        assert!(!found(Instruction::Loop(FunctionType(0))));
    }

    #[test]
    fn effort_grows_with_the_square_of_nested_blocks() {
        let nested = |depth: usize| {
            let begin = vec![Instruction::Block(wasm_encoder::BlockType::Empty); depth];
            let end = vec![Instruction::End; depth];
            Functions::of(&module(&[begin, end].concat())).unwrap()
        };
        assert_eq!(nested(10).effort, 100);
        assert_eq!(nested(10).deepest, Some((1, 10)));
        assert!(nested(1000).refuse_endless_work("Binaryen").is_ok());
        let error = nested(30_000)
            .refuse_endless_work("Binaryen")
            .unwrap_err()
            .to_string();
        assert!(error.contains("30000 in function 1"), "{error}");
    }
}
