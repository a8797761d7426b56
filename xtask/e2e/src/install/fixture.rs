//! The fixture of all cases: a release for Linux, wine with `weft.exe`, the mock provider, and a directory.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use devkit::{cmd as run, project::Project};
use flags::values::{System, Target};
use testkit::{Provider, WorkDirectory};
use toolchain::{Program, Python, Tool};
use xshell::{Cmd, Shell, cmd};

use super::{cases::Case, context::InstallContext, empty_root::EmptyRoot};
use crate::report::Failure;

/// The beginning of the names of cases that run cargo-binstall.
const BINSTALL: &str = "binstall::";

/// The beginning of the names of cases that run `weft.exe`.
const WINDOWS: &str = "windows::";

/// The beginning of the names of cases that run the examples.
const EXAMPLES: &str = "examples::";

/// The beginnings of the names of cases that run in an empty system.
const EMPTY: [&str; 2] = ["newcomer::", "systems::"];

/// The case that downloads the component as well.
const COMPONENT: &str = "newcomer::next_block";

/// The beginnings of the names of cases that install the release.
const RELEASE: [&str; 6] = ["script::", "unusual::", "package::", BINSTALL, EMPTY[0], EMPTY[1]];

/// The version of the release.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Everything that is prepared once, before the first case.
#[derive(Debug)]
pub(super) struct Fixture {
    /// The files of a release page, if a case needs them.
    release: Option<PathBuf>,
    /// The directory of `weft` and `wasm-diet`, if a case needs them.
    programs: Option<PathBuf>,
    /// The checkout.
    pub(super) root: PathBuf,
    /// The program cargo-binstall, if a case needs it.
    binstall: Option<PathBuf>,
    /// A system with nothing but a compiler, if a case needs it.
    empty_root: Option<EmptyRoot>,
    /// Wine with `weft.exe`, if a case needs it.
    wine: Option<Wine>,
    /// The mock provider. It is declared before the directory, so that it ends before its log is removed.
    pub(super) provider: Provider,
    directory: WorkDirectory,
}

/// Wine, and the program to run in it.
#[derive(Debug)]
struct Wine {
    program: PathBuf,
    /// The directory that stands for Windows' drives.
    prefix: PathBuf,
    /// The directories of libraries that this wine lacks, as Windows lists them.
    libraries: String,
    weft: PathBuf,
}

impl Fixture {
    /// Builds, finds and starts what `cases` need. With `keep`, the directory outlives the run, and its path is
    /// printed.
    pub(super) fn prepare(project: &Project, cases: &[Case], keep: bool) -> Result<Self> {
        let own = Target::of_this_machine().filter(|target| target.system() == System::Linux);
        let own = own.context("the installation is tried on Linux alone")?;
        let has = |groups: &[&str]| {
            let of = |case: &Case| groups.iter().any(|group| case.name.starts_with(group));
            cases.iter().any(of)
        };
        let directory = WorkDirectory::new(keep)?;
        let wine = match has(&[WINDOWS]) {
            false => None,
            true => Some(Wine::prepare(project, directory.path())?),
        };
        let programs = match has(&[EXAMPLES]) {
            false => None,
            true => Some(programs(project, own, directory.path())?),
        };
        let release = match has(&RELEASE) {
            false => None,
            true => {
                let release = directory.path().join("release");
                release::pack(project, &[own], &release)?;
                Some(release)
            }
        };
        if let (true, Some(release)) = (has(&[COMPONENT]), &release) {
            let component = artifacts::ensure_built(project)?.component;
            fs::copy(component, release.join("clawft.wasm")).context("could not copy the component")?;
        }
        let empty_root = match has(&EMPTY) {
            false => None,
            true => {
                let wasmtime = toolchain::tool(project, Tool::Wasmtime)?;
                Some(EmptyRoot::prepare(project, &wasmtime)?)
            }
        };
        let binstall = match has(&[BINSTALL]) {
            false => None,
            true => Some(toolchain::tool(project, Tool::CargoBinstall)?),
        };
        let provider = Provider::start(project, &directory.path().join("requests.jsonl"))?;
        Ok(Self {
            release,
            programs,
            root: project.root.clone(),
            binstall,
            empty_root,
            wine,
            provider,
            directory,
        })
    }

    /// Runs `case` in its own context.
    pub(super) fn attempt(&self, case: &Case) -> Result<(), Failure> {
        let test = InstallContext::new(self, case.name)?;
        (case.check)(&test).map_err(|error| Failure {
            error,
            seen: test.seen(),
        })
    }

    /// Returns the directory of the release.
    pub(super) fn release(&self) -> Result<&Path> {
        self.release.as_deref().context("there is no release")
    }

    /// Returns the program cargo-binstall.
    pub(super) fn binstall(&self) -> Result<&Path> {
        self.binstall.as_deref().context("there is no cargo-binstall")
    }

    /// Returns the directory of `weft` and `wasm-diet`.
    pub(super) fn programs(&self) -> Result<&Path> {
        self.programs.as_deref().context("there are no programs")
    }

    /// Returns a command that runs `words` in a copy of an empty system, with `files` and what rustup installed.
    pub(super) fn empty_root<'s>(
        &self,
        shell: &'s Shell,
        copy: &Path,
        files: &[(&str, &[u8])],
        words: &[&str],
    ) -> Result<Cmd<'s>> {
        let root = self.empty_root.as_ref().context("there is no empty system")?;
        root.command(shell, copy, files, words)
    }

    /// Returns the command of `weft.exe`, in wine.
    pub(super) fn weft_exe<'s>(&self, shell: &'s Shell) -> Result<Cmd<'s>> {
        Ok(self.wine.as_ref().context("there is no wine")?.command(shell))
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

impl Wine {
    /// Builds `weft.exe`, and runs it once: wine makes its directory then, which takes a while.
    fn prepare(project: &Project, directory: &Path) -> Result<Self> {
        let mut built = release::ensure_built(project, &[Target::WindowsAmd64])?;
        let program = toolchain::program(project, Program::Wine)?;
        compile_random_numbers(project, directory)?;
        let wine = Self {
            libraries: libraries(&program, directory),
            program,
            prefix: project.cache_folder("wine")?,
            weft: built
                .remove(&Target::WindowsAmd64)
                .context("dist did not build `weft.exe`")?,
        };
        let shell = project.shell()?;
        let version = wine.command(&shell).arg("--version");
        let printed = run::read(version, "run `weft.exe` in wine")?;
        ensure!(
            printed.starts_with(&format!("weft {VERSION}")),
            "`weft.exe --version` prints `{printed}`"
        );
        Ok(wine)
    }

    fn command<'s>(&self, shell: &'s Shell) -> Cmd<'s> {
        let (program, weft) = (&self.program, &self.weft);
        cmd!(shell, "{program} {weft}")
            .env("WINEPREFIX", &self.prefix)
            .env("WINEPATH", &self.libraries)
            // No messages of wine's own, and no offer to download further parts.
            .env("WINEDEBUG", "-all")
            .env("WINEDLLOVERRIDES", "mscoree,mshtml=")
            .env_remove("DISPLAY")
    }
}

/// Puts `weft` for this machine, `own`, and `wasm-diet` into a directory below `directory`, under their names.
fn programs(project: &Project, own: Target, directory: &Path) -> Result<PathBuf> {
    let programs = directory.join("programs");
    fs::create_dir(&programs).context("could not make a directory for programs")?;
    release::ensure_built(project, &[own])?;
    let weft = project.dist.join(own.file_name());
    fs::copy(weft, programs.join("weft")).context("could not copy `weft`")?;
    let diet = artifacts::ensure_diet_built(project)?;
    fs::copy(diet, programs.join("wasm-diet")).context("could not copy `wasm-diet`")?;
    Ok(programs)
}

/// Compiles the library of random numbers, which older versions of wine lack, into `directory`.
fn compile_random_numbers(project: &Project, directory: &Path) -> Result<()> {
    let shell = project.shell()?;
    let zig = toolchain::python(project, Python::Zig)?.join("python-zig");
    let source = project.root.join("xtask/e2e/src/install/prng.c");
    let library = directory.join("bcryptprimitives.dll");
    let cache = project.cache_folder("zig")?;
    let options = ["-target", "x86_64-windows-gnu", "-shared", "-Os", "-nostdlib"];
    let command = cmd!(shell, "{zig} cc {options...} -o {library} {source} -ladvapi32")
        .env("ZIG_GLOBAL_CACHE_DIR", &cache)
        .env("ZIG_LOCAL_CACHE_DIR", &cache);
    run::read(command, "compile a library for wine").map(drop)
}

/// Returns the list of directories with libraries: `directory`, and the one of Debian's packages where wine comes from
/// these.
fn libraries(wine: &Path, directory: &Path) -> String {
    let packages = wine.parent().map(|root| root.join("usr/x86_64-w64-mingw32/lib"));
    let paths = [Some(directory.to_owned()), packages];
    let paths = paths.into_iter().flatten().map(|path| on_drive(&path));
    paths.collect::<Vec<_>>().join(";")
}

/// Returns `path` as programs for Windows see it: wine shows the root directory as the drive Z.
pub(super) fn on_drive(path: &Path) -> String {
    format!("Z:{}", path.display()).replace('/', "\\")
}
