//! The command line, with `iwasm`'s options as far as it has them.

use std::{ffi::OsString, path::PathBuf};

use anyhow::{Context as _, Result, bail, format_err};

/// The command.
#[derive(Debug)]
pub(crate) enum Command {
    /// Print the version of WAMR.
    Version,
    /// Run a guest.
    Guest(Options),
}

/// A guest, and the way to run it.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) mode: Mode,
    /// The file of the module.
    pub(crate) module: PathBuf,
    pub(crate) grants: Grants,
    /// The file for the report of the guest's memory.
    pub(crate) report: Option<PathBuf>,
}

/// The ways to run a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Run it as a command.
    Run,
    /// Call the functions that it exports.
    Call,
}

/// The grants of a guest. Texts are in WAMR's form.
#[derive(Debug)]
pub(crate) struct Grants {
    /// Directories, by the host's path.
    pub(crate) directories: Vec<String>,
    /// Directories, each as `GUEST::HOST`.
    pub(crate) mapped: Vec<String>,
    /// The environment, each as `NAME=VALUE`.
    pub(crate) variables: Vec<String>,
    /// The guest's own arguments, its name first.
    pub(crate) arguments: Vec<String>,
    /// The size of the interpreter's stack in bytes.
    pub(crate) stack: u32,
    /// The number of bytes that WAMR adds to the guest's memory, for its own allocator.
    pub(crate) heap: u32,
    /// The limit of the guest's memory in bytes.
    pub(crate) max_memory: Option<u32>,
}

impl Default for Grants {
    /// Returns no grants, and `iwasm`'s sizes.
    fn default() -> Self {
        Self {
            directories: Vec::new(),
            mapped: Vec::new(),
            variables: Vec::new(),
            arguments: Vec::new(),
            stack: 64 << 10,
            heap: 0,
            max_memory: None,
        }
    }
}

impl Command {
    /// Parses the arguments without the program's own name.
    pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Self> {
        let mut arguments = arguments.map(|argument| {
            argument
                .into_string()
                .map_err(|argument| format_err!("`{}` is not UTF-8", argument.display()))
        });
        let mut mode = Mode::Run;
        let mut grants = Grants::default();
        let mut report = None;
        loop {
            let argument = arguments.next().context("the module is missing")??;
            if !argument.starts_with('-') {
                grants.arguments.push(argument.clone());
                grants.arguments.extend(arguments.collect::<Result<Vec<_>>>()?);
                return Ok(Self::Guest(Options {
                    mode,
                    module: argument.into(),
                    grants,
                    report,
                }));
            }
            let (name, value) = argument.split_once('=').unwrap_or((&argument, ""));
            match name {
                "--version" => return Ok(Self::Version),
                "--call" => mode = Mode::Call,
                "--dir" => grants.directories.push(value.to_owned()),
                "--map-dir" => grants.mapped.push(value.to_owned()),
                "--env" => grants.variables.push(value.to_owned()),
                "--stack-size" => grants.stack = number(name, value)?,
                "--heap-size" => grants.heap = number(name, value)?,
                "--max-memory" => grants.max_memory = Some(number(name, value)?),
                "--report" => report = Some(value.into()),
                _ => bail!("unknown option `{argument}`"),
            }
        }
    }
}

fn number(name: &str, value: &str) -> Result<u32> {
    value
        .parse()
        .with_context(|| format!("`{name}` takes a number of bytes, as `{name}=65536`"))
}
