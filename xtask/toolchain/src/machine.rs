//! The machine: finds the items on it, and installs others.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use builds::progress;
use devkit::{cmd, project::Project, ui};
use xshell::{Shell, cmd};

use super::{
    apt::Apt,
    apt_lists::Mirror,
    compiler,
    debian::{self, Debian},
    git,
    item::{Installation, Item, Program, State, Target, Tool},
    node, older_rust,
    pins::Pins,
    plan::{Facts, Installers, Method},
    programs, python,
    staging::{self, Contents},
    std_build,
    sysroot::{Sysroot, library_of},
    tools::{self, Compiler},
};

/// The directory of apt's lists of sources.
const APT: &str = "/etc/apt";

/// This machine, with the facts that were already looked up.
#[derive(Debug)]
pub(super) struct Machine<'a> {
    project: &'a Project,
    /// A shell in the workspace root, where `rust-toolchain.toml` applies.
    shell: Shell,
    pub(super) pins: Pins,
    /// Looked up only when needed, because asking rustc takes a moment.
    sysroot: Option<Sysroot>,
    /// Set once rustup has failed: if it cannot download here, it is not tried again.
    rustup_failed: bool,
}

impl<'a> Machine<'a> {
    /// Prepares without looking anything up.
    pub(super) fn new(project: &'a Project) -> Result<Self> {
        let shell = project.shell()?;
        let pins = Pins::load()?;
        Ok(Self {
            project,
            shell,
            pins,
            sysroot: None,
            rustup_failed: false,
        })
    }

    /// Returns the facts about `items`.
    pub(super) fn facts(&mut self, items: &[Item]) -> Result<Facts> {
        let has_no_wheel = |item: &Item| item.tool(&self.pins).is_some_and(|(_, pin)| pin.wheel.is_none());
        let only_compiled = items.iter().copied().filter(has_no_wheel).collect();
        let items = items
            .iter()
            .map(|&item| Ok((item, self.state(item)?)))
            .collect::<Result<_>>()?;
        let debian = on_path("apt-get") && on_path("dpkg") && Mirror::find(Path::new(APT)).is_some();
        let [rustup, python, npm] = ["rustup", "python3", "npm"].map(on_path);
        Ok(Facts {
            items,
            installers: Installers {
                rustup,
                debian,
                python,
                npm,
            },
            only_compiled,
        })
    }

    /// Installs `item` with one method, and checks that it is then found.
    pub(super) fn get(&mut self, item: Item, method: Method) -> Result<Installation> {
        match (method, item) {
            (Method::Rustup, _) => self.rustup(item)?,
            (Method::Debian, Item::RustSource) => self.debian_source()?,
            (Method::Debian, Item::Target(target)) => self.debian_target(target)?,
            (Method::Debian, Item::Program(program)) => self.program(program)?,
            (Method::Venv, Item::Python(python)) => {
                python::install(&self.shell, &self.project.cache, python)?
            }
            (Method::Npm, Item::Node(node)) => node::install(&self.shell, &self.project.cache, node)?,
            (Method::Wheel | Method::CargoInstall, Item::Tool(_) | Item::Wasmtime(_)) => {
                self.tool(item, method)?
            }
            _ => unreachable!("no plan combines this item and this method"),
        }
        match self.state(item)? {
            State::Found(installation) => Ok(installation),
            State::Missing(_) | State::Damaged(_) | State::Broken(_) => bail!("it is still missing"),
        }
    }

    fn state(&mut self, item: Item) -> Result<State> {
        Ok(match item {
            Item::RustSource => self.rust_source()?,
            Item::Target(target) => self.sysroot()?.target(target),
            Item::CxxCompiler => compiler::find(&self.shell),
            Item::Git => git::find(&self.shell),
            Item::Tool(tool) => tools::find(&self.shell, &self.project.cache, tool, self.pins.tool(tool)),
            Item::Wasmtime(release) => {
                tools::cached(&self.project.cache, Tool::Wasmtime, &self.pins.wasmtime(release))
            }
            Item::Python(python) => python::find(&self.shell, &self.project.cache, python),
            Item::Node(node) => node::find(&self.project.cache, node),
            Item::Program(program) => programs::find(
                &self.shell,
                &self.debian_directory(),
                program,
                program.pin(&self.pins),
            ),
        })
    }

    /// Finds std's source, which may be a link to Debian's package in the cache.
    fn rust_source(&mut self) -> Result<State> {
        let sysroot = self.sysroot()?;
        let found = sysroot.source();
        let linked = fs::read_link(sysroot.source_directory()).ok();
        let package = linked.and_then(|linked| debian::package_of(&self.debian_directory(), &linked));
        Ok(match (found, package) {
            (State::Found(installation), Some(package)) => {
                Contents::of(&package).state(&package, |_| State::Found(installation))
            }
            (found, _) => found,
        })
    }

    fn tool(&mut self, item: Item, method: Method) -> Result<()> {
        let (tool, pin) = item.tool(&self.pins).context("it is not a program")?;
        if method == Method::Wheel {
            return tools::install_wheel(&self.shell, &self.project.cache, tool, &pin);
        }
        let sysroot = self.sysroot()?;
        let rustc = match &pin.rust {
            None => sysroot.program("rustc"),
            Some(release) => self.older_rustc(release)?,
        };
        let compiler = Compiler {
            cargo: sysroot.program("cargo"),
            rustc,
        };
        tools::install_crate(&self.shell, &compiler, &self.project.cache, tool, &pin)
    }

    /// Returns the compiler of another release of Rust: one that exists, else rustup's, else Debian's.
    fn older_rustc(&mut self, release: &str) -> Result<PathBuf> {
        let item = Item::Program(Program::Rustc185);
        match self.state(item)? {
            State::Found(installation) => return Ok(installation.path),
            State::Broken(reason) => bail!(reason),
            State::Missing(_) | State::Damaged(_) => {}
        }
        let rustup = match older_rust::from_rustup(&self.shell, release) {
            Ok(rustc) => return Ok(rustc),
            Err(error) => error,
        };
        let debian = self.get(item, Method::Debian);
        let debian = debian.with_context(|| format!("rustup has not installed Rust {release} ({rustup:#})"));
        let installation = debian.with_context(|| format!("it takes Rust {release} to compile it"))?;
        ui::status(
            "Installed",
            &format!("{item} {} ({})", installation.version, installation.from),
        );
        Ok(installation.path)
    }

    fn sysroot(&mut self) -> Result<Sysroot> {
        if let Some(sysroot) = &self.sysroot {
            return Ok(sysroot.clone());
        }
        Ok(self.sysroot.insert(Sysroot::ask(&self.shell)?).clone())
    }

    fn rustup(&mut self, item: Item) -> Result<()> {
        if self.rustup_failed {
            bail!("not tried, because rustup has just failed to install another item");
        }
        let sh = &self.shell;
        let command = match item {
            Item::Target(target) => cmd!(sh, "rustup target add").arg(target.triple()),
            _ => cmd!(sh, "rustup component add").arg(item.to_string()),
        };
        let result = progress::show("Asking", &format!("rustup for {item}"), || {
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
        staging::link(&tree, &sysroot.source_directory())
    }

    /// Builds std, and copies it and Debian's C library into the toolchain.
    fn debian_target(&mut self, target: Target) -> Result<()> {
        if !matches!(self.state(Item::RustSource)?, State::Found(_)) {
            self.debian_source()?;
        }
        let sysroot = self.sysroot()?;
        let libc = self.debian()?.wasi_libc()?;
        let directory = self.project.cache_folder("std")?.join(target.triple());
        std_build::install(&self.shell, &sysroot, target, &directory, &libc)
    }

    fn debian(&self) -> Result<Debian<'_>> {
        Ok(Debian::new(
            &self.shell,
            self.debian_directory(),
            mirror()?,
            &self.pins.debian,
        ))
    }

    /// Returns the directory of everything from Debian, which exists once there is anything.
    fn debian_directory(&self) -> PathBuf {
        self.project.cache.join("debian")
    }

    /// Unpacks Debian's packages of a program.
    fn program(&self, program: Program) -> Result<()> {
        let mirror = mirror()?;
        let apt = Apt::new(&self.shell, &self.debian_directory(), &mirror, &mirror.suite)?;
        programs::install(&apt, &self.debian_directory(), program, program.pin(&self.pins))
    }
}

fn mirror() -> Result<Mirror> {
    Mirror::find(Path::new(APT)).context("apt's lists name no mirror of Debian")
}

/// Returns whether there is a program of this name, without starting it.
fn on_path(name: &str) -> bool {
    programs::on_path(name).is_some()
}
