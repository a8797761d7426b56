//! A system with nothing but a compiler, git and curl, in which cases run as if on a new machine.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use builds::files;
use devkit::{cmd as run, project::Project, ui};
use xshell::{Cmd, Shell, cmd};

/// The packages beyond those that `ci/empty-root` installs anyway: a small shell with small programs, and another
/// client.
const PACKAGES: [&str; 2] = ["busybox", "wget"];

/// The directories of programs in it, as a new user of Debian has them.
const PATH: &str = "PATH=/root/.cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The system. It is never changed: each case gets a copy.
#[derive(Debug)]
pub(super) struct EmptyRoot {
    system: PathBuf,
    enter: PathBuf,
    /// The files and directories of this machine in it, as `enter.sh` takes them.
    mounts: String,
}

impl EmptyRoot {
    /// Finds the system in the cache, or makes it, which takes two minutes. `wasmtime` is in it at `/opt/wasmtime`.
    ///
    /// # Errors
    /// Fails without root, or on another system than Debian.
    pub(super) fn prepare(project: &Project, wasmtime: &Path) -> Result<Self> {
        let script = project.root.join("ci/empty-root");
        let cache = project.cache_folder("empty-root")?;
        let _alone = files::lock(&cache.join("lock"))?;
        let system = cache.join("system");
        let stamp = cache.join("script");
        let base = script.with_file_name("debian-root");
        let text = [files::read_text(&script)?, files::read_text(&base)?].concat();
        let text = format!("{text}{}", PACKAGES.join(" "));
        if !system.is_dir() || fs::read_to_string(&stamp).ok().as_ref() != Some(&text) {
            ui::status("Installing", "an empty Debian, for two minutes");
            for old in ["system", "system.new"].map(|name| cache.join(name)) {
                if old.exists() {
                    fs::remove_dir_all(&old)
                        .with_context(|| format!("could not remove `{}`", old.display()))?;
                }
            }
            let shell = project.shell()?;
            run::read(
                cmd!(shell, "{script} {system} {PACKAGES...}"),
                "make an empty Debian",
            )?;
            fs::write(&stamp, text).with_context(|| format!("could not write `{}`", stamp.display()))?;
        }
        let enter = project.root.join("xtask/e2e/src/install/enter.sh");
        let (rustup, cargo) = (home("RUSTUP_HOME", ".rustup")?, home("CARGO_HOME", ".cargo")?);
        let programs = cargo.join("bin");
        let mounts = [
            (project.root.as_path(), "checkout"),
            (wasmtime, "opt/wasmtime"),
            (rustup.as_path(), "root/.rustup"),
            (programs.as_path(), "root/.cargo/bin"),
        ];
        let mounts = mounts.map(|(from, to)| format!("{}:{to}", from.display()));
        Ok(Self {
            system,
            enter,
            mounts: mounts.join(" "),
        })
    }

    /// Returns a command that runs `words` with `variables` in a copy of the system, which is in the directory `copy`.
    /// `files` are put into it first, by their paths, as programs.
    pub(super) fn command<'s>(
        &self,
        shell: &'s Shell,
        copy: &Path,
        files: &[(&str, &[u8])],
        words: &[&str],
    ) -> Result<Cmd<'s>> {
        for (path, bytes) in files {
            let path = copy.join("changes").join(path);
            let directory = path.parent().context("a file is in a directory")?;
            fs::create_dir_all(directory)
                .with_context(|| format!("could not make `{}`", directory.display()))?;
            files::replace_as(&path, bytes, files::Mode::Program)?;
        }
        let (enter, system) = (&self.enter, &self.system);
        let command = cmd!(
            shell,
            "unshare --mount sh {enter} {system} {copy} {PATH} {words...}"
        );
        Ok(command.env("MOUNTS", &self.mounts))
    }
}

/// Returns the directory that `variable` names, or else `name` in the home directory.
fn home(variable: &str, name: &str) -> Result<PathBuf> {
    let chosen = env::var_os(variable).filter(|value| !value.is_empty());
    chosen
        .map(PathBuf::from)
        .or_else(|| Some(env::home_dir()?.join(name)))
        .with_context(|| format!("there is no home directory: set {variable}"))
}
