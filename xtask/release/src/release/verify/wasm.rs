//! Finds the sections of a WebAssembly binary that differ, including those of nested core modules and components.

use std::{collections::BTreeMap, ops::Range};

use anyhow::{Context as _, Result};
use wasmparser::{Encoding, Parser, Payload};

use super::difference;

/// The sections of a core module, by id; 0 is for custom sections, which have their own names.
const OF_MODULE: [&str; 14] = [
    "custom",
    "type",
    "import",
    "function",
    "table",
    "memory",
    "global",
    "export",
    "start",
    "element",
    "code",
    "data",
    "data count",
    "tag",
];

/// The sections of a component, by id.
const OF_COMPONENT: [&str; 13] = [
    "custom",
    "core module",
    "core instance",
    "core type",
    "component",
    "instance",
    "alias",
    "type",
    "canonical function",
    "start",
    "import",
    "export",
    "value",
];

/// Returns the differences of the sections of two binaries; `None` if they are not WebAssembly.
pub(super) fn differences(made: &[u8], again: &[u8]) -> Option<Vec<String>> {
    let (sections, others) = (sections(made).ok()?, sections(again).ok()?);
    let mut found = Vec::new();
    for Section { name, range } in &sections {
        match others.iter().find(|other| other.name == *name) {
            None => found.push(format!("the {name} is missing from the second build")),
            Some(other) => found.extend(compare(name, (made, range), (again, &other.range))),
        }
    }
    let new = others
        .iter()
        .filter(|other| sections.iter().all(|section| section.name != other.name));
    found.extend(new.map(|Section { name, .. }| format!("the {name} is only in the second build")));
    Some(found)
}

/// A section with a unique name.
struct Section {
    name: String,
    /// The range of its content, in bytes from the start of the whole file.
    range: Range<usize>,
}

/// Compares a section of two binaries. Offsets in the message are those in the first file.
fn compare(name: &str, made: (&[u8], &Range<usize>), again: (&[u8], &Range<usize>)) -> Option<String> {
    let [one, other] = [made, again].map(|(binary, range)| &binary[range.clone()]);
    if one == other {
        return None;
    }
    let start = made.1.start;
    Some(format!(
        "{name} (from {start:#x} in the file): {}",
        difference::bytes(one, other)
    ))
}

/// Returns the sections of a binary that hold no other binary, in order.
///
/// # Errors
/// Fails if the binary is not WebAssembly, or is damaged.
fn sections(binary: &[u8]) -> Result<Vec<Section>> {
    anyhow::ensure!(binary.starts_with(b"\0asm"), "no WebAssembly");
    let mut sections = Vec::new();
    let mut outer: Vec<(Encoding, String)> = Vec::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut number = |name: String| {
        let count = seen.entry(name.clone()).or_default();
        *count += 1;
        if *count == 1 {
            name
        } else {
            format!("{name} {count}")
        }
    };
    // The name of the next nested binary.
    let mut next = String::new();
    for payload in Parser::new(0).parse_all(binary) {
        let payload = payload?;
        let place = outer.last().map_or("", |(_, place)| place).to_owned();
        match &payload {
            Payload::Version { encoding, .. } => outer.push((*encoding, next.clone())),
            Payload::ModuleSection { .. } => next = format!("{} › ", number(format!("{place}core module"))),
            Payload::ComponentSection { .. } => next = format!("{} › ", number(format!("{place}component"))),
            Payload::End(_) => drop(outer.pop()),
            _ => {
                let Some((id, range)) = payload.as_section() else {
                    continue;
                };
                let names: &[&str] = match outer.last().context("a section of nothing")?.0 {
                    Encoding::Module => &OF_MODULE,
                    Encoding::Component => &OF_COMPONENT,
                };
                let name = match &payload {
                    Payload::CustomSection(custom) => format!("section `{}`", custom.name()),
                    _ => format!("{} section", names.get(usize::from(id)).unwrap_or(&"unknown")),
                };
                let range = usize::try_from(range.start)?..usize::try_from(range.end)?;
                binary
                    .get(range.clone())
                    .context("a section reaches beyond the end of the binary")?;
                sections.push(Section {
                    name: number(format!("{place}{name}")),
                    range,
                });
            }
        }
    }
    Ok(sections)
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{
        CodeSection, Component, CustomSection, Function, FunctionSection, Module, ModuleSection,
        NestedComponentSection, TypeSection,
    };

    use super::*;

    /// Makes a module whose function returns a number.
    fn module(number: i32) -> Module {
        let (mut types, mut functions, mut code) =
            (TypeSection::new(), FunctionSection::new(), CodeSection::new());
        types.ty().function([], [wasm_encoder::ValType::I32]);
        functions.function(0);
        let mut function = Function::new([]);
        function.instructions().i32_const(number).end();
        code.function(&function);
        let mut module = Module::new();
        module.section(&types).section(&functions).section(&code);
        module
    }

    fn component(modules: &[i32], inner: Option<i32>) -> Vec<u8> {
        let mut component = Component::new();
        for number in modules {
            component.section(&ModuleSection(&module(*number)));
        }
        if let Some(number) = inner {
            let mut nested = Component::new();
            nested.section(&ModuleSection(&module(number)));
            component.section(&NestedComponentSection(&nested));
        }
        component.finish()
    }

    #[test]
    fn finds_section_of_a_changed_byte() {
        let (made, again) = (module(5).finish(), module(6).finish());
        let at = made
            .iter()
            .zip(&again)
            .position(|(one, other)| one != other)
            .unwrap();
        let found = differences(&made, &again).unwrap();
        assert_eq!(found.len(), 1);
        let start = found[0]
            .strip_prefix("code section (from 0x")
            .unwrap()
            .split_once(" in")
            .unwrap()
            .0;
        let start = usize::from_str_radix(start, 16).unwrap();
        let expected = format!(
            "bytes {:#x}..{:#x}, of which 1 differ",
            at - start,
            at - start + 1
        );
        assert!(found[0].contains(&expected), "{found:?}");
    }

    #[test]
    fn finds_sections_at_every_depth() {
        let found = differences(&component(&[1, 2], Some(3)), &component(&[1, 7], Some(8))).unwrap();
        let names: Vec<&str> = found
            .iter()
            .map(|place| place.split_once(" (").unwrap().0)
            .collect();
        assert_eq!(
            names,
            [
                "core module 2 › code section",
                "component › core module › code section"
            ]
        );
    }

    #[test]
    fn names_section_of_one_binary_only() {
        let mut made = module(1);
        let again = module(1).finish();
        made.section(&CustomSection {
            name: "producers".into(),
            data: b"rustc"[..].into(),
        });
        let found = differences(&made.finish(), &again).unwrap();
        assert_eq!(
            found,
            ["the section `producers` is missing from the second build"]
        );
    }

    #[test]
    fn ignores_files_that_are_not_webassembly() {
        assert_eq!(differences(b"abc", b"abd"), None);
        assert_eq!(
            differences(b"\0asm\x01\0\0\0\x0a\xff", b"\0asm\x01\0\0\0\x0a\xfe"),
            None
        );
    }
}
