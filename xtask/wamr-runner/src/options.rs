//! The command line, in `iwasm`'s words as far as they go.

use std::{ffi::OsString, path::PathBuf};

use anyhow::{Context as _, Result, bail, format_err};

/// What is asked for.
#[derive(Debug)]
pub(crate) enum Command {
    /// Say what WAMR this is.
    Version,
    /// Do something with a guest.
    Guest(Options),
}

/// What to do with which guest.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) mode: Mode,
    /// The file that the guest is in.
    pub(crate) module: PathBuf,
    pub(crate) grants: Grants,
    /// Where to write down what the guest took.
    pub(crate) report: Option<PathBuf>,
}

/// What to do with a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Run it as a command.
    Run,
    /// Call the functions that it exports.
    Call,
}

/// What a guest gets from its host. Texts are in WAMR's form.
#[derive(Debug)]
pub(crate) struct Grants {
    /// Folders, by the host's path.
    pub(crate) folders: Vec<String>,
    /// Folders, each as `GUEST::HOST`.
    pub(crate) mapped: Vec<String>,
    /// The environment, each as `NAME=VALUE`.
    pub(crate) variables: Vec<String>,
    /// The guest's own command line, its name first.
    pub(crate) arguments: Vec<String>,
    /// How many bytes the interpreter's stack has.
    pub(crate) stack: u32,
    /// How many bytes WAMR adds to the guest's memory, for what a host passes in by WAMR's own allocator.
    pub(crate) heap: u32,
    /// How many bytes the guest's memory may grow to.
    pub(crate) max_memory: Option<u32>,
}

impl Default for Grants {
    /// Nothing, and `iwasm`'s sizes.
    fn default() -> Self {
        Self {
            folders: Vec::new(),
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
    /// Reads the arguments without the program's own name.
    pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Self> {
        let mut arguments = arguments.map(|argument| {
            argument.into_string().map_err(|argument| format_err!("`{}` is not UTF-8", argument.display()))
        });
        let (mut mode, mut grants, mut report) = (Mode::Run, Grants::default(), None);
        loop {
            let argument = arguments.next().context("the module is missing")??;
            if !argument.starts_with('-') {
                grants.arguments.push(argument.clone());
                grants.arguments.extend(arguments.collect::<Result<Vec<_>>>()?);
                return Ok(Self::Guest(Options { mode, module: argument.into(), grants, report }));
            }
            let (name, value) = argument.split_once('=').unwrap_or((&argument, ""));
            match name {
                "--version" => return Ok(Self::Version),
                "--call" => mode = Mode::Call,
                "--dir" => grants.folders.push(value.to_owned()),
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
    value.parse().with_context(|| format!("`{name}` takes a number of bytes, as `{name}=65536`"))
}
