//! `cargo xtask setup`, and the same on demand: what other commands need is found on this machine or put there.
//!
//! Modules in reading order: [`item`] says what is looked after; [`plan`] decides what to do; [`act`] does it; [`machine`]
//! knows the ways, with [`sysroot`] (the toolchain's folder), [`debian`] with [`apt_lists`], [`std_build`] and [`tools`].
//! What is fetched is pinned in `xtask/tools.toml` ([`pins`]), of wasmtime several releases ([`matrix`]); [`compiler`] is
//! looked for only; [`staging`] lets nothing be there by half.

mod act;
mod apt_lists;
mod compiler;
mod debian;
mod item;
mod machine;
mod matrix;
mod pins;
mod plan;
mod staging;
mod std_build;
mod sysroot;
mod tools;
mod words;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use self::{
    act::{Outcome, install},
    item::{Item, Piece, Target},
    machine::Machine,
    matrix::Release,
    pins::Pins,
    plan::{Step, plan},
};
pub(crate) use self::{
    item::Tool,
    matrix::{Releases, Wasmtime, wasmtimes},
};
use crate::{cli, project::Project, ui};

/// What a command can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// std's source, to build a std of one's own from.
    RustSource,
    /// std and the C library for wasm32-wasip1 and wasm32-wasip2.
    WasmTargets,
    /// A C++ compiler.
    CxxCompiler,
    /// A program.
    Tool(Tool),
    /// The releases of wasmtime before the pinned one that the component has to run on.
    OlderReleases,
}

impl cli::Setup {
    /// Installs what is missing, or says what that would be, with one line an item on stdout.
    ///
    /// # Errors
    ///
    /// Names every item that could not be had or, with `--check`, counts those that are missing.
    pub(crate) fn run(self, project: &Project) -> Result<()> {
        let everything = items(&Need::ALL)?;
        if self.check {
            return check(project, &everything);
        }
        install(project, &everything, |item, piece, outcome| ui::result(&words::line(item, piece, outcome)))
            .map(drop)
    }
}

/// Makes sure of `needs`, and installs what is missing. Says nothing where nothing is.
///
/// # Errors
///
/// Names every item that could not be had, and for each what was tried and what else can be done.
pub(crate) fn ensure(project: &Project, needs: &[Need]) -> Result<()> {
    install(project, &items(needs)?, mention_new).map(drop)
}

/// The path of `tool`, which is installed if need be.
///
/// # Errors
///
/// As [`ensure`].
pub(crate) fn tool(project: &Project, tool: Tool) -> Result<PathBuf> {
    let mut pieces = install(project, &[Item::Tool(tool)], mention_new)?;
    pieces.pop().map(|piece| piece.path).with_context(|| format!("there is no {}", tool.name()))
}

impl Need {
    /// Everything.
    pub(crate) const ALL: [Self; 6] = [
        Self::RustSource,
        Self::WasmTargets,
        Self::CxxCompiler,
        Self::Tool(Tool::Wasmtime),
        Self::Tool(Tool::WasmTools),
        Self::OlderReleases,
    ];

    fn items(self, pins: &Pins) -> Vec<Item> {
        match self {
            Self::RustSource => vec![Item::RustSource],
            Self::WasmTargets => vec![Item::Target(Target::Wasip1), Item::Target(Target::Wasip2)],
            Self::CxxCompiler => vec![Item::CxxCompiler],
            Self::Tool(tool) => vec![Item::Tool(tool)],
            Self::OlderReleases => Release::all(pins).into_iter().skip(1).map(Item::Wasmtime).collect(),
        }
    }
}

fn items(needs: &[Need]) -> Result<Vec<Item>> {
    let pins = Pins::load()?;
    Ok(needs.iter().flat_map(|need| need.items(&pins)).collect())
}

/// Other commands say what they had to install, and nothing of what was there.
fn mention_new(item: Item, piece: &Piece, outcome: Outcome) -> Result<()> {
    if outcome == Outcome::Installed {
        ui::status("Installed", &format!("{item} {} ({})", piece.version, piece.from));
    }
    Ok(())
}

/// Prints the plan instead of carrying it out.
fn check(project: &Project, items: &[Item]) -> Result<()> {
    let mut machine = Machine::new(project)?;
    let steps = plan(machine.facts(items)?);
    for step in &steps {
        ui::result(&words::step(step, &machine.pins))?;
    }
    match steps.iter().filter(|step| !matches!(step, Step::Keep(..))).count() {
        0 => Ok(()),
        missing => bail!("{missing} of {} items are missing", steps.len()),
    }
}
