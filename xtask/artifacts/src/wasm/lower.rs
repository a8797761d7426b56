//! Replaces later WebAssembly features in a core module that std or the C library use: bulk copying and filling of
//! memory, and sign extension.
//!
//! Binaryen has such a pass since version 119; this one handles only the operators that occur, and finds them with
//! any C library. Everything else is copied byte by byte, and [`features`](super::features) finds the remaining
//! later features.

use anyhow::Result;
use wasm_diet::component::section;
use wasm_encoder::{CodeSection, Encode as _, Instruction, RawSection, Section as _};
use wasmparser::{BinaryReader, FunctionBody, Operator, Parser, Payload, TypeRef};

mod helpers;

/// Returns the module with calls in place of `memory.copy` and `memory.fill`, and shifts in place of sign
/// extensions.
///
/// The two called functions are the last ones of the module. They behave the same with one exception: where an
/// operator would trap before it changes anything, they trap at the first invalid byte.
pub(super) fn lower(module: &[u8]) -> Result<Vec<u8>> {
    let (mut types, mut functions) = (0, 0);
    let mut code = CodeSection::new();
    let mut bodies = 0;
    let mut output = wasm_encoder::Module::HEADER.to_vec();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        let mut added = None;
        match &payload {
            Payload::TypeSection(section) => {
                types = section.count();
                added = Some((1, helpers::TYPE.to_vec()));
            }
            Payload::ImportSection(imports) => {
                for import in imports.clone().into_imports() {
                    functions += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::FunctionSection(section) => {
                functions += section.count();
                added = Some((helpers::COUNT, [encoded(types), encoded(types)].concat()));
            }
            // It is for memory.init, which is not used.
            Payload::DataCountSection { .. } => continue,
            Payload::CodeSectionStart { count, .. } => {
                bodies = *count;
                continue;
            }
            Payload::CodeSectionEntry(body) => {
                code.raw(&rewritten(module, body, functions)?);
                if code.len() == bodies {
                    code.function(&helpers::copy())
                        .function(&helpers::fill())
                        .append_to(&mut output);
                }
                continue;
            }
            _ => {}
        }
        if let Some((id, range)) = payload.as_section() {
            let mut data = section(module, range)?.to_vec();
            if let Some((count, entries)) = added {
                data = extended(&data, count, &entries)?;
            }
            RawSection { id, data: &data }.append_to(&mut output);
        }
    }
    Ok(output)
}

/// Returns the content of a section that is a list, with `count` more `entries` at its end.
pub(super) fn extended(list: &[u8], count: u32, entries: &[u8]) -> Result<Vec<u8>> {
    let mut reader = BinaryReader::new(list, 0);
    let before = reader.read_var_u32()?;
    let rest = reader.read_bytes(reader.bytes_remaining())?;
    Ok([&encoded(before + count), rest, entries].concat())
}

fn encoded(number: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    number.encode(&mut bytes);
    bytes
}

/// Returns the body of a function, without its size, with calls to the function with the index `helpers` and the
/// next one.
fn rewritten(module: &[u8], body: &FunctionBody<'_>, helpers: u32) -> Result<Vec<u8>> {
    let mut operators = body.get_operators_reader()?;
    let mut output = section(module, body.range().start..operators.original_position())?.to_vec();
    while !operators.eof() {
        let (operator, start) = operators.read_with_offset()?;
        match in_place_of(&operator, helpers) {
            Some(instructions) => instructions
                .iter()
                .for_each(|instruction| instruction.encode(&mut output)),
            None => output.extend(section(module, start..operators.original_position())?),
        }
    }
    Ok(output)
}

fn in_place_of(operator: &Operator<'_>, helpers: u32) -> Option<Vec<Instruction<'static>>> {
    let shifts_32 = |bits| {
        vec![
            Instruction::I32Const(bits),
            Instruction::I32Shl,
            Instruction::I32Const(bits),
            Instruction::I32ShrS,
        ]
    };
    let shifts_64 = |bits| {
        vec![
            Instruction::I64Const(bits),
            Instruction::I64Shl,
            Instruction::I64Const(bits),
            Instruction::I64ShrS,
        ]
    };
    Some(match operator {
        Operator::MemoryCopy {
            dst_mem: 0,
            src_mem: 0,
        } => vec![Instruction::Call(helpers)],
        Operator::MemoryFill { mem: 0 } => vec![Instruction::Call(helpers + 1)],
        Operator::I32Extend8S => shifts_32(24),
        Operator::I32Extend16S => shifts_32(16),
        Operator::I64Extend8S => shifts_64(56),
        Operator::I64Extend16S => shifts_64(48),
        Operator::I64Extend32S => shifts_64(32),
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
