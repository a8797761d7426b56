//! The largest functions of an artifact's core module, from twiggy.

use std::fs;

use anyhow::{Context as _, Result};
use builds::files;
use devkit::{cmd, project::Project};
use serde::{Deserialize, Serialize};
use toolchain::Tool;
use wasm_diet::component;
use xshell::cmd;

use crate::wasm;

/// A line of twiggy's output.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Line {
    /// Name of a function, or twiggy's name for another part.
    pub(super) name: String,
    /// Its own bytes, without the functions that it calls.
    #[serde(rename(deserialize = "shallow_size"))]
    pub(super) bytes: usize,
}

/// Returns the `number` largest functions of an artifact that was just built.
///
/// # Errors
/// Fails if twiggy is not available, or cannot read the module.
pub(super) fn top(project: &Project, artifact: &str, number: usize) -> Result<Vec<Line>> {
    let twiggy = toolchain::tool(project, Tool::Twiggy)?;
    let path = wasm::named(project, artifact);
    let named = files::read(&path)?;
    // A component has small adapter modules beside its own one, and twiggy reads core modules only.
    let modules = component::modules(&named)?;
    let module = modules
        .iter()
        .max_by_key(|module| module.len())
        .context("it has no core module")?;
    let core = path.with_extension("core.wasm");
    fs::write(&core, module).with_context(|| format!("could not write `{}`", core.display()))?;
    let shell = project.shell()?;
    let output = cmd::read(cmd!(shell, "{twiggy} top --format json {core}"), "run twiggy")?;
    let lines: Vec<Line> = serde_json::from_str(&output).context("could not read twiggy's answer")?;
    let functions = lines.into_iter().filter(is_function).take(number);
    Ok(functions
        .map(|line| Line {
            name: without_hashes(&line.name),
            ..line
        })
        .collect())
}

/// Removes the hashes that distinguish crates of equal names: `core[2f7c18b80f81f2a8]::fmt`.
fn without_hashes(name: &str) -> String {
    let is_hash = |text: &str| text.len() > 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut pieces = name.split('[');
    let mut shown = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        match piece.split_once(']') {
            Some((hash, rest)) if is_hash(hash) => shown.push_str(rest),
            _ => {
                shown.push('[');
                shown.push_str(piece);
            }
        }
    }
    shown
}

/// Returns whether the line is a function, and not a section or a sum.
fn is_function(line: &Line) -> bool {
    let sections = [
        "data[",
        "\"function names\"",
        "custom section",
        "import ",
        "export ",
        "elem[",
        "table[",
    ];
    !sections.iter().any(|section| line.name.starts_with(section))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_hashes_and_keeps_slices() {
        let name =
            "<alloc[2f7c18b80f81f2a8]::vec::Vec<[u8]> as core[d9a3]::fmt::Debug[0123456789abcdef]>::fmt[0]";
        assert_eq!(
            without_hashes(name),
            "<alloc::vec::Vec<[u8]> as core[d9a3]::fmt::Debug>::fmt[0]"
        );
    }

    #[test]
    fn sections_and_sums_are_not_functions() {
        let line = |name: &str| Line {
            name: name.to_owned(),
            bytes: 1,
        };
        assert!(is_function(&line("dlmalloc")));
        assert!(!is_function(&line("data[0]")));
    }
}
