//! Finds or installs the needs of commands, and implements `cargo xtask setup`.

use std::{env, path::PathBuf};

use anyhow::{Context as _, Result, bail};
use devkit::{project::Project, ui};
use flags::Setup;

use crate::{
    display,
    execute::{attempt, install, installations, mention_new},
    item::{Installation, Item, Node, Program, Python, Target, Tool},
    json,
    machine::Machine,
    pins::Pins,
    plan::{Step, plan},
    repair::repair,
    std_build,
};

/// A need of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// std's source, for building a std.
    RustSource,
    /// std and the C library for wasm32-wasip1 and wasm32-wasip2.
    WasmTargets,
    /// A C++ compiler.
    CxxCompiler,
    /// git.
    Git,
    /// A program.
    Tool(Tool),
    /// The releases of wasmtime before the pinned one that the component must run on and that an index has ready-made.
    OlderReleases,
    /// Those releases that cargo has to compile.
    CompiledReleases,
    /// Python packages.
    Python(Python),
    /// Node.js packages.
    Node(Node),
    /// A program of the system.
    Program(Program),
}

/// Installs missing items; with `--repair` installs damaged ones again, and no others; with `--check` lists all. Prints
/// one line per item on stdout, or JSON.
///
/// # Errors
///
/// Names every item that could not be installed or, with `--check`, counts the missing ones.
pub fn run(project: &Project, flags: &Setup) -> Result<()> {
    let others = if flags.all || flags.repair {
        Need::others()
    } else {
        Vec::new()
    };
    let items = items(&[Need::USUAL.as_slice(), &others].concat())?;
    if flags.check {
        return check(project, &items, flags.json);
    }
    let tell = |item, installation: &Installation, outcome| {
        if flags.json {
            return mention_new(item, installation, outcome);
        }
        ui::result(&display::line(item, installation, outcome))
    };
    let attempts = if flags.repair {
        repair(project, &items, tell)?
    } else {
        attempt(project, &items, tell)?
    };
    if flags.json {
        ui::result(&json::attempted(&attempts, &Pins::load()?)?)?;
    }
    installations(attempts).map(drop)
}

/// Installs those of `needs` that are missing. Prints nothing if none is.
///
/// # Errors
///
/// Names every item that could not be installed, the failed attempts, and the alternatives.
pub fn ensure(project: &Project, needs: &[Need]) -> Result<()> {
    install(project, &items(needs)?, mention_new).map(drop)
}

/// Returns the path of `tool`, which is installed if necessary.
///
/// # Errors
///
/// Fails as [`ensure`] does.
pub fn tool(project: &Project, tool: Tool) -> Result<PathBuf> {
    path(project, Item::Tool(tool))
}

/// Returns the directory of programs, including `python3`, of the environment `python`, which is made if
/// necessary.
///
/// # Errors
///
/// Fails as [`ensure`] does.
pub fn python(project: &Project, python: Python) -> Result<PathBuf> {
    path(project, Item::Python(python))
}

/// Returns the directory of programs of the packages `node`, which are fetched if necessary.
///
/// # Errors
///
/// Fails as [`ensure`] does.
pub fn node(project: &Project, node: Node) -> Result<PathBuf> {
    path(project, Item::Node(node))
}

/// Returns the version of `package` in the environment `python`.
///
/// # Errors
///
/// Fails if its list has no such package.
pub fn pinned(python: Python, package: &str) -> Result<&'static str> {
    let version = python.pinned(package);
    version.with_context(|| {
        format!(
            "xtask/data/python/{}.txt has no package `{package}`",
            python.name()
        )
    })
}

/// Returns the WASI targets, and for each the version of Debian's wasi-libc that its programs are linked with;
/// `None` for the C library that comes with Rust. The targets are installed if necessary.
///
/// # Errors
///
/// Fails as [`ensure`] does.
pub fn wasi_libc(project: &Project) -> Result<Vec<(&'static str, Option<String>)>> {
    let targets = [Target::Wasip1, Target::Wasip2];
    let installations = install(project, &targets.map(Item::Target), mention_new)?;
    let debian = |from: &str| {
        from.split_once(std_build::LIBC_ORIGIN)
            .map(|(_, version)| version.to_owned())
    };
    Ok(targets
        .into_iter()
        .zip(installations)
        .map(|(target, installation)| (target.triple(), debian(&installation.from)))
        .collect())
}

/// Returns the path of `program`: the one in its variable, else the system's, else Debian's, which is unpacked
/// into the cache if necessary.
///
/// # Errors
///
/// Fails as [`ensure`] does.
pub fn program(project: &Project, program: Program) -> Result<PathBuf> {
    path(project, Item::Program(program))
}

/// Returns the emulator of the processor `arch`, `aarch64` or `x86_64`; `None` if this machine has that processor.
///
/// # Errors
///
/// Fails as [`ensure`] does.
pub fn emulator(project: &Project, arch: &str) -> Result<Option<PathBuf>> {
    emulating(arch)
        .map(|emulator| program(project, emulator))
        .transpose()
}

/// Returns the emulator of the processor `arch`, if this machine needs one.
fn emulating(arch: &str) -> Option<Program> {
    let emulator = if arch == "aarch64" {
        Program::QemuAarch64
    } else {
        Program::QemuX8664
    };
    (arch != env::consts::ARCH).then_some(emulator)
}

fn path(project: &Project, item: Item) -> Result<PathBuf> {
    let mut installations = install(project, &[item], mention_new)?;
    installations
        .pop()
        .map(|installation| installation.path)
        .with_context(|| format!("{item} is missing"))
}

impl Need {
    /// The needs of most work. Single commands set up further needs themselves.
    const USUAL: [Self; 7] = [
        Self::RustSource,
        Self::WasmTargets,
        Self::CxxCompiler,
        Self::Git,
        Self::Tool(Tool::Wasmtime),
        Self::Tool(Tool::WasmTools),
        Self::OlderReleases,
    ];

    /// Returns the other needs.
    fn others() -> Vec<Self> {
        let mut needs: Vec<Self> = vec![Self::CompiledReleases];
        needs.extend(Python::ALL.into_iter().map(Self::Python));
        needs.extend(
            [
                Tool::CargoTarpaulin,
                Tool::CargoMutants,
                Tool::CargoDeny,
                Tool::Twiggy,
                Tool::Wkg,
                Tool::CargoBinstall,
            ]
            .map(Self::Tool),
        );
        needs.extend(Node::ALL.map(Self::Node));
        needs.extend(
            [
                Program::Chromium,
                Program::Nginx,
                Program::Postgres,
                Program::Tmux,
                Program::Wine,
            ]
            .map(Self::Program),
        );
        needs.extend(
            ["aarch64", "x86_64"]
                .into_iter()
                .filter_map(emulating)
                .map(Self::Program),
        );
        needs
    }

    fn items(self, pins: &Pins) -> Vec<Item> {
        match self {
            Self::RustSource => vec![Item::RustSource],
            Self::WasmTargets => vec![Item::Target(Target::Wasip1), Item::Target(Target::Wasip2)],
            Self::CxxCompiler => vec![Item::CxxCompiler],
            Self::Git => vec![Item::Git],
            Self::Tool(tool) => vec![Item::Tool(tool)],
            Self::OlderReleases => older(pins, true),
            Self::CompiledReleases => older(pins, false),
            Self::Python(python) => vec![Item::Python(python)],
            Self::Node(node) => vec![Item::Node(node)],
            Self::Program(program) => vec![Item::Program(program)],
        }
    }
}

/// Returns the older releases of wasmtime that an index has ready-made, or those that it does not have.
fn older(pins: &Pins, ready: bool) -> Vec<Item> {
    let releases = pins.releases().skip(1);
    let chosen = releases.filter(|release| pins.wasmtime(*release).wheel.is_some() == ready);
    chosen.map(Item::Wasmtime).collect()
}

fn items(needs: &[Need]) -> Result<Vec<Item>> {
    let pins = Pins::load()?;
    Ok(needs.iter().flat_map(|need| need.items(&pins)).collect())
}

/// Prints the plan instead of carrying it out.
fn check(project: &Project, items: &[Item], as_json: bool) -> Result<()> {
    let mut machine = Machine::new(project)?;
    let steps = plan(machine.facts(items)?);
    if as_json {
        ui::result(&json::planned(&steps, &machine.pins)?)?;
    } else {
        for step in &steps {
            ui::result(&display::step(step, &machine.pins))?;
        }
    }
    match steps
        .iter()
        .filter(|step| !matches!(step, Step::Keep(..)))
        .count()
    {
        0 => Ok(()),
        missing => bail!("{missing} of {} items are missing or damaged", steps.len()),
    }
}
