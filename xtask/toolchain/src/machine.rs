//! The machine: what is on it, and the ways of putting more on it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use devkit::{cmd, project::Project, ui};
use xshell::{Shell, cmd};

use super::{
    apt::Apt,
    apt_lists::Mirror,
    compiler,
    debian::{self, Debian},
    item::{Item, Piece, Program, State, Target, Tool},
    node,
    pins::Pins,
    plan::{Facts, Means, Way},
    programs, python,
    staging::{self, Contents},
    std_build,
    sysroot::{Sysroot, library_of},
    tools,
};

/// Where apt keeps its lists of sources.
const APT: &str = "/etc/apt";

/// This machine, with what has been learnt about it.
#[derive(Debug)]
pub(super) struct Machine<'a> {
    project: &'a Project,
    /// Stands in the workspace root, where `rust-toolchain.toml` holds.
    shell: Shell,
    pub(super) pins: Pins,
    /// Asking rustc takes a moment, and who needs a program only needs not ask.
    sysroot: Option<Sysroot>,
    /// Set once rustup has failed: a machine on which it cannot download need not be tried again.
    rustup_failed: bool,
}

impl<'a> Machine<'a> {
    /// Nothing is looked at yet.
    pub(super) fn new(project: &'a Project) -> Result<Self> {
        let (shell, pins) = (project.shell()?, Pins::load()?);
        Ok(Self { project, shell, pins, sysroot: None, rustup_failed: false })
    }

    /// What there is to know about `items`.
    pub(super) fn facts(&mut self, items: &[Item]) -> Result<Facts> {
        let items = items.iter().map(|&item| Ok((item, self.state(item)?))).collect::<Result<_>>()?;
        let debian = on_path("apt-get") && on_path("dpkg") && Mirror::find(Path::new(APT)).is_some();
        let [rustup, python, npm] = ["rustup", "python3", "npm"].map(on_path);
        Ok(Facts { items, means: Means { rustup, debian, python, npm } })
    }

    /// Goes one way to `item`, and makes sure of having arrived.
    pub(super) fn get(&mut self, item: Item, way: Way) -> Result<Piece> {
        match (way, item) {
            (Way::Rustup, _) => self.rustup(item)?,
            (Way::Debian, Item::RustSource) => self.debian_source()?,
            (Way::Debian, Item::Target(target)) => self.debian_target(target)?,
            (Way::Debian, Item::Program(program)) => self.program(program)?,
            (Way::Venv, Item::Python(python)) => python::install(&self.shell, &self.project.cache, python)?,
            (Way::Npm, Item::Node(node)) => node::install(&self.shell, &self.project.cache, node)?,
            (Way::Wheel | Way::CargoInstall, Item::Tool(_) | Item::Wasmtime(_)) => self.tool(item, way)?,
            _ => unreachable!("no plan sends an item this way"),
        }
        match self.state(item)? {
            State::Found(piece) => Ok(piece),
            State::Missing(_) | State::Damaged(_) | State::Broken(_) => bail!("it is still not there"),
        }
    }

    fn state(&mut self, item: Item) -> Result<State> {
        Ok(match item {
            Item::RustSource => self.rust_source()?,
            Item::Target(target) => self.sysroot()?.target(target),
            Item::CxxCompiler => compiler::find(&self.shell),
            Item::Tool(tool) => tools::find(&self.shell, &self.project.cache, tool, self.pins.tool(tool)),
            Item::Wasmtime(release) => {
                tools::cached(&self.project.cache, Tool::Wasmtime, &self.pins.wasmtime(release))
            }
            Item::Python(python) => python::find(&self.shell, &self.project.cache, python),
            Item::Node(node) => node::find(&self.project.cache, node),
            Item::Program(program) => {
                programs::find(&self.shell, &self.debian_folder(), program, program.pin(&self.pins))
            }
        })
    }

    /// std's source, which may be a link to Debian's package in the cache.
    fn rust_source(&mut self) -> Result<State> {
        let sysroot = self.sysroot()?;
        let found = sysroot.source();
        let linked = fs::read_link(sysroot.source_folder()).ok();
        let package = linked.and_then(|linked| debian::package_of(&self.debian_folder(), &linked));
        Ok(match (found, package) {
            (State::Found(piece), Some(package)) => {
                Contents::of(&package).state(&package, |_| State::Found(piece))
            }
            (found, _) => found,
        })
    }

    fn tool(&mut self, item: Item, way: Way) -> Result<()> {
        let (tool, pin) = item.tool(&self.pins).context("it is no program")?;
        if way == Way::Wheel {
            return tools::install_wheel(&self.shell, &self.project.cache, tool, &pin);
        }
        let sysroot = self.sysroot()?;
        tools::install_crate(&self.shell, &sysroot, &self.project.cache, tool, &pin)
    }

    fn sysroot(&mut self) -> Result<Sysroot> {
        if let Some(sysroot) = &self.sysroot {
            return Ok(sysroot.clone());
        }
        Ok(self.sysroot.insert(Sysroot::ask(&self.shell)?).clone())
    }

    fn rustup(&mut self, item: Item) -> Result<()> {
        if self.rustup_failed {
            bail!("not tried, for rustup has just failed to get another item");
        }
        let sh = &self.shell;
        let command = match item {
            Item::Target(target) => cmd!(sh, "rustup target add").arg(target.triple()),
            _ => cmd!(sh, "rustup component add").arg(item.to_string()),
        };
        let result = ui::progress("Asking", &format!("rustup for {item}"), || {
            cmd::run_quietly(command.env("RUST_BACKTRACE", "0"), "get it from rustup", 8)
        });
        self.rustup_failed = result.is_err();
        result
    }

    /// Links Debian's source into the toolchain.
    fn debian_source(&mut self) -> Result<()> {
        let sysroot = self.sysroot()?;
        let package = self.debian()?.rust_source(sysroot.release())?;
        let tree = package.root.join(format!("usr/src/rustc-{}", sysroot.release()));
        library_of(&tree)?;
        staging::link(&tree, &sysroot.source_folder())
    }

    /// Builds std, and puts it and Debian's C library into the toolchain.
    fn debian_target(&mut self, target: Target) -> Result<()> {
        if !matches!(self.state(Item::RustSource)?, State::Found(_)) {
            self.debian_source()?;
        }
        let sysroot = self.sysroot()?;
        let libc = self.debian()?.wasi_libc()?;
        let folder = self.project.cache_folder("std")?.join(target.triple());
        std_build::install(&self.shell, &sysroot, target, &folder, &libc)
    }

    fn debian(&self) -> Result<Debian<'_>> {
        Ok(Debian::new(&self.shell, self.debian_folder(), mirror()?, &self.pins.debian))
    }

    /// Everything from Debian is in here, once there is anything.
    fn debian_folder(&self) -> PathBuf {
        self.project.cache.join("debian")
    }

    /// Unpacks Debian's packages of a program.
    fn program(&self, program: Program) -> Result<()> {
        let mirror = mirror()?;
        let apt = Apt::new(&self.shell, &self.debian_folder(), &mirror, &mirror.suite)?;
        programs::install(&apt, &self.debian_folder(), program, program.pin(&self.pins))
    }
}

fn mirror() -> Result<Mirror> {
    Mirror::find(Path::new(APT)).context("apt's lists name no mirror of Debian")
}

/// Is there a program of this name? Nothing is started to find out.
fn on_path(name: &str) -> bool {
    programs::on_path(name).is_some()
}
