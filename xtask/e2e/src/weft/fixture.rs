//! The fixture of all cases: the binaries, the programs that test them, the mock provider, and a directory.

use std::{
    collections::BTreeMap,
    env,
    path::{self, Path, PathBuf},
};

use anyhow::{Context as _, Result, bail, ensure};
use devkit::{cmd, project::Project};
use disk_shim::Effects;
use flags::values::Target;
use testkit::{LoadGenerator, Provider, WorkDirectory};
use toolchain::{Node, Program, Python};
use xshell::{Cmd, Shell, cmd};

use super::{cases::Case, context::WeftContext};
use crate::report::Failure;

/// The variable with the path of a binary to test instead of the released one.
const VARIABLE: &str = "WEFT";

/// The binaries for Linux, and their processors by Rust's names.
const BOTH: [(Target, &str); 2] = [(Target::LinuxAmd64, "x86_64"), (Target::LinuxArm64, "aarch64")];

/// The binary under test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// The binaries of `cargo xtask dist` for Linux.
    Released,
    /// The binary at this path, which the user chose.
    Chosen(PathBuf),
}

/// Everything that is prepared once, before the first case.
#[derive(Debug)]
pub(super) struct Fixture {
    /// The binary for this machine.
    weft: PathBuf,
    /// The binary for the other architecture, and its emulator.
    foreign: Option<[PathBuf; 2]>,
    python: PathBuf,
    /// The scripts that Python runs.
    scripts: PathBuf,
    /// The browser.
    pub(super) chromium: PathBuf,
    /// The directory with the packages of the page.
    pub(super) page_packages: PathBuf,
    /// The terminal.
    pub(super) tmux: PathBuf,
    /// The load generator.
    pub(super) load_generator: LoadGenerator,
    /// The directory of screenshots, which remain after the run.
    pub(super) screenshots: PathBuf,
    /// The project, in whose cache further programs are.
    pub(super) project: Project,
    /// The mock provider. It is declared before the directory, so that it ends before its log is removed.
    pub(super) provider: Provider,
    directory: WorkDirectory,
}

impl Fixture {
    /// Builds, finds and starts what the cases need. With `keep`, the directory outlives the run, and its path is
    /// printed.
    pub(super) fn prepare(project: &Project, subject: Subject, keep: bool) -> Result<Self> {
        let (weft, foreign) = subject.binaries(project)?;
        let python = toolchain::python(project, Python::Acceptance)?.join("python3");
        let chromium = toolchain::program(project, Program::Chromium)?;
        let programs = toolchain::node(project, Node::Page)?;
        let page_packages = programs.ancestors().nth(2).unwrap_or(&programs).to_owned();
        let tmux = toolchain::program(project, Program::Tmux)?;
        let load_generator = LoadGenerator::build(project)?;
        let directory = WorkDirectory::new(keep)?;
        let provider = Provider::start(project, &directory.path().join("requests.jsonl"))?;
        let (scripts, screenshots) = (
            project.root.join("xtask/acceptance"),
            project.target.join("acceptance"),
        );
        Ok(Self {
            weft,
            foreign,
            python,
            scripts,
            chromium,
            page_packages,
            tmux,
            load_generator,
            screenshots,
            project: project.clone(),
            provider,
            directory,
        })
    }

    /// Runs `case` in its own context, and checks that no key is anywhere that somebody could see it.
    pub(super) fn attempt(&self, case: &Case) -> Result<(), Failure> {
        let test = WeftContext::new(self, case.name)?;
        let tried = (case.check)(&test).and_then(|()| test.kept_the_key());
        tried.map_err(|error| Failure {
            error,
            seen: test.seen(),
        })
    }

    /// Returns the version that the binary prints.
    pub(super) fn version(&self) -> Result<String> {
        cmd::read(
            self.weft(&self.shell()?).arg("--version"),
            "ask weft for its version",
        )
    }

    /// Returns the command of the binary for this machine.
    pub(super) fn weft<'a>(&self, shell: &'a Shell) -> Cmd<'a> {
        let weft = &self.weft;
        cmd!(shell, "{weft}")
    }

    /// Returns the path of the binary for this machine.
    pub(super) fn program(&self) -> &Path {
        &self.weft
    }

    /// Returns the command of the binary for this machine with files limited to 2 KB.
    pub(super) fn weft_without_room<'a>(&self, shell: &'a Shell) -> Cmd<'a> {
        let weft = &self.weft;
        // The signal that comes with the limit is ignored, so that the writer gets an error instead.
        let script = "trap '' XFSZ; ulimit -f 4; exec \"$@\"";
        cmd!(shell, "sh -c {script} sh {weft}")
    }

    /// Returns the command of the binary for the other architecture, in its emulator.
    pub(super) fn foreign<'a>(&self, shell: &'a Shell) -> Result<Cmd<'a>> {
        let Some([emulator, weft]) = &self.foreign else {
            bail!("there is no binary for the other architecture")
        };
        Ok(cmd!(shell, "{emulator} {weft}"))
    }

    /// Returns the command of one of our Python scripts.
    pub(super) fn script<'a>(&self, shell: &'a Shell, name: &str) -> Cmd<'a> {
        let python = &self.python;
        let script = self.scripts.join(name).with_extension("py");
        // `-B`: no compiled Python files are written into the checkout.
        cmd!(shell, "{python} -B {script}")
    }

    /// Returns effects on the disk of a program that is linked with the C library, with no effect yet.
    pub(super) fn effects(&self) -> Result<Effects> {
        self.directory.effects()
    }

    /// Returns the directory that contains one directory for each case.
    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Returns a new shell for one thread: shells are not shared between threads.
    pub(super) fn shell(&self) -> Result<Shell> {
        self.directory.shell()
    }
}

impl Subject {
    /// Returns the choice in the environment.
    pub(crate) fn chosen() -> Result<Self> {
        let Some(chosen) = env::var_os(VARIABLE).filter(|value| !value.is_empty()) else {
            return Ok(Self::Released);
        };
        let path = path::absolute(&chosen).unwrap_or_default();
        let shown = chosen.display();
        ensure!(
            path.is_file(),
            "{VARIABLE} is `{shown}`, and there is no such file: correct it or unset it"
        );
        Ok(Self::Chosen(path))
    }

    /// Returns the binary for this machine, and the emulator with the binary for the other architecture.
    fn binaries(self, project: &Project) -> Result<(PathBuf, Option<[PathBuf; 2]>)> {
        match self {
            Self::Released => released(project).map(|(own, foreign)| (own, Some(foreign))),
            Self::Chosen(path) => Ok((path, None)),
        }
    }
}

fn released(project: &Project) -> Result<(PathBuf, [PathBuf; 2])> {
    let own = Target::of_this_machine().filter(|target| BOTH.iter().any(|(both, _)| both == target));
    let own = own.with_context(|| {
        format!("the released binaries run on Linux alone: name one for this machine in {VARIABLE}")
    })?;
    let (other, arch) = BOTH
        .into_iter()
        .find(|(target, _)| *target != own)
        .context("there are two")?;
    let mut built: BTreeMap<Target, PathBuf> = release::ensure_built(project, &[own, other])?;
    let mut take = |target| {
        built
            .remove(&target)
            .context("dist did not build a requested target")
    };
    let emulator = toolchain::emulator(project, arch)?.context("this is the machine's own architecture")?;
    Ok((take(own)?, [emulator, take(other)?]))
}
