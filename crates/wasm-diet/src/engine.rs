//! Binaryen, as a program that is started for each module: a crash costs one module.
//!
//! [`Program::Own`] is a program with Binaryen inside that calls `serve` when it is started again with
//! [`COMMAND`]; [`Program::WasmOpt`] is a `wasm-opt` of any version.

#[cfg(feature = "binaryen")]
mod binaryen;
mod block_parameters;
mod changed;
mod complaints;
mod limits;
mod process;
mod running;
mod wasm_opt;

use std::{
    borrow::Cow,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use self::{changed::Avoided, limits::Functions};
use crate::{
    features::{self, Features},
    shrink::{Task, Unavailable},
};

#[cfg(feature = "binaryen")]
pub use self::binaryen::serve;
pub use self::{complaints::complaints, process::Purpose, running::stop, wasm_opt::WasmOpt};

/// The argument that makes a program with Binaryen inside optimise one module and end. Input, output, assumptions and
/// features follow it.
pub const COMMAND: &str = "optimise-module";

/// The version of the Binaryen that is compiled in.
pub const VERSION: &str = "Binaryen 116";

/// The passes of the Binaryen that is compiled in, for people.
pub const PASSES: &str = "-Oz";

/// The option behind [`COMMAND`] for the passes of [`Program::optimise_thoroughly`].
pub(crate) const THOROUGH: &str = "--thorough";

/// The beginning of an option behind [`COMMAND`] that leaves out a pass.
const WITHOUT: &str = "--without=";

/// An assumption about a program that no tool can check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assumption {
    /// No data is in the first 1,024 bytes of memory.
    LowMemoryUnused,
    /// No operator traps.
    TrapsNeverHappen,
}

impl Assumption {
    /// All assumptions.
    pub const ALL: [Self; 2] = [Self::LowMemoryUnused, Self::TrapsNeverHappen];

    /// Returns the option of `wasm-opt`, without its dashes.
    pub fn name(self) -> &'static str {
        match self {
            Self::LowMemoryUnused => "low-memory-unused",
            Self::TrapsNeverHappen => "traps-never-happen",
        }
    }
}

/// A program that optimises core modules.
#[derive(Clone, Debug)]
pub enum Program {
    /// A program that calls `serve`.
    Own(PathBuf),
    /// A `wasm-opt`.
    WasmOpt(WasmOpt),
}

impl Program {
    /// Returns the engine's result for a task.
    ///
    /// # Errors
    /// Fails with the reason why the module cannot be optimised: features, blocks that the engine misreads, its
    /// complaints, a crash. If the engine cannot be used at all, because there is no room or it was stopped,
    /// [`shrink`](mod@crate::shrink) fails.
    pub fn optimise(&self, task: &Task<'_>, assumptions: &[Assumption]) -> Result<Vec<u8>> {
        self.run(task, assumptions, None)
    }

    /// Does the same with more passes in the Binaryen that is compiled in: control flow is taken apart and built anew,
    /// large functions are not inlined, and `-Oz` runs twice. That takes three times as long. Most modules become
    /// smaller than with `-Oz` alone, but not all, and Binaryen refuses some newer operators.
    ///
    /// # Errors
    /// As [`Self::optimise`].
    pub fn optimise_thoroughly(&self, task: &Task<'_>, assumptions: &[Assumption]) -> Result<Vec<u8>> {
        self.run(
            task,
            assumptions,
            matches!(self, Self::Own(_)).then_some(THOROUGH),
        )
    }

    /// Fails if the engine would take very long for a module.
    ///
    /// # Errors
    /// Names the function that it would take so long for.
    pub fn refuse_endless_work(&self, task: &Task<'_>) -> Result<()> {
        match self {
            Self::Own(_) => Functions::of(task.module)?.refuse_endless_work(VERSION),
            Self::WasmOpt(_) => Ok(()),
        }
    }

    /// Returns the module in a form that the engine does not misread.
    fn readable<'m>(&self, module: &'m [u8]) -> Result<Cow<'m, [u8]>> {
        let reads_them = matches!(self, Self::WasmOpt(tool) if tool.reads_block_parameters());
        if reads_them || !Functions::of(module)?.take_block_parameters() {
            return Ok(module.into());
        }
        let lowered = block_parameters::lower(module)
            .with_context(|| format!("{} misreads blocks with parameters", self.name()))?;
        Ok(lowered.into())
    }

    /// Returns the name and version for people.
    fn name(&self) -> &str {
        match self {
            Self::Own(_) => VERSION,
            Self::WasmOpt(tool) => tool.version(),
        }
    }

    fn run(&self, task: &Task<'_>, assumptions: &[Assumption], option: Option<&str>) -> Result<Vec<u8>> {
        let avoided = changed::avoided(task.module)?;
        let module = self.readable(task.module)?;
        let directory = running::directory().map_err(Unavailable::wrap)?;
        let (input, output) = (
            directory.path().join("in.wasm"),
            directory.path().join("out.wasm"),
        );
        let (program, mut arguments) =
            self.arguments(&input, &output, task.features, assumptions, &avoided)?;
        arguments.extend(option.map(OsString::from));
        fs::write(&input, module)
            .with_context(|| format!("could not write `{}`", input.display()))
            .map_err(Unavailable::wrap)?;
        process::run(program, &arguments, Purpose::Optimise)?;
        fs::read(&output).context("the engine wrote no module")
    }

    fn arguments(
        &self,
        input: &Path,
        output: &Path,
        features: &Features,
        assumptions: &[Assumption],
        avoided: &Avoided,
    ) -> Result<(&Path, Vec<OsString>)> {
        match self {
            Self::Own(path) => {
                let mut arguments = vec![COMMAND.into(), input.into(), output.into()];
                arguments.extend(assumptions.iter().map(|it| format!("--{}", it.name()).into()));
                arguments.extend(avoided.iter().map(|pass| format!("{WITHOUT}{pass}").into()));
                arguments.extend(features::for_binaryen(features)?.iter().map(OsString::from));
                Ok((path, arguments))
            }
            Self::WasmOpt(tool) => {
                let arguments = tool.arguments(input, output, features, assumptions, avoided)?;
                Ok((tool.path(), arguments))
            }
        }
    }
}
