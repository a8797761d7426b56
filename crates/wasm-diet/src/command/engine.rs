//! The engine that the user named, or the one that is compiled in.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use wasm_diet::engine::{PASSES, Program, VERSION, WasmOpt};

use super::{Verdict, help::INSTALL};

/// An engine.
pub(super) enum Choice {
    /// None: only custom sections are dropped.
    None,
    /// A program.
    Program(Program),
}

/// The variable that names an engine.
const VARIABLE: &str = "WASM_OPT";

/// Returns the engine at `named`, else the one that the variable names, else the one that is compiled in.
///
/// # Errors
/// Fails if the named one cannot be started, or if there is none.
pub(super) fn choose(named: Option<&Path>) -> Result<Choice> {
    let variable = env::var_os(VARIABLE)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from);
    match named.or(variable.as_deref()) {
        Some(path) if path == Path::new("none") => Ok(Choice::None),
        Some(path) => {
            let origin = if named.is_some() { "--engine" } else { VARIABLE };
            let tool = WasmOpt::find(path);
            let tool = tool.with_context(|| format!("could not use the engine that {origin} names"))?;
            Ok(Choice::Program(Program::WasmOpt(tool)))
        }
        _ if cfg!(feature = "binaryen") => Ok(Choice::Program(Program::Own(this_program()?))),
        _ => bail!(
            "this wasm-diet was built without Binaryen: name a wasm-opt with --engine, install one with Binaryen inside with \
             `{INSTALL}`, or only drop custom sections with `--engine none`"
        ),
    }
}

/// Returns the path of this program: the system's, else that by which it was started, because an empty container has no
/// `/proc`.
fn this_program() -> Result<PathBuf> {
    let found = env::current_exe();
    let named = env::args_os().next().map(PathBuf::from);
    match (found, named) {
        (Ok(path), _) => Ok(path),
        (Err(_), Some(path)) if path.components().count() > 1 => Ok(path),
        (Err(error), _) => Err(error)
            .context("could not find this program: start it by its whole path where there is no `/proc`"),
    }
}

impl Choice {
    /// Returns the name for people.
    pub(super) fn name(&self) -> String {
        match self {
            Self::None => "no engine".to_owned(),
            Self::Program(Program::Own(_)) => format!("{VERSION} {PASSES}"),
            Self::Program(Program::WasmOpt(tool)) => format!("{} {PASSES}", tool.version()),
        }
    }
}

/// Optimises one module with the Binaryen that is compiled in. The process that started this one reads the error, so it
/// is one line.
#[cfg(feature = "binaryen")]
pub(super) fn serve(arguments: &[OsString]) -> Result<Verdict> {
    let done = wasm_diet::engine::serve(arguments);
    if let Err(error) = &done {
        super::files::tell(&format!("error: {error:#}"));
    }
    Ok(if done.is_ok() { Verdict::Good } else { Verdict::Bad })
}

/// Fails, because no Binaryen is compiled in.
#[cfg(not(feature = "binaryen"))]
pub(super) fn serve(_: &[OsString]) -> Result<Verdict> {
    bail!("this wasm-diet was built without Binaryen")
}
