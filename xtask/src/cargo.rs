//! Cargo's answers: what a build made, as cargo's own messages tell it.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Cursor},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use cargo_metadata::Message;
use sha2::{Digest as _, Sha256};
use xshell::{Cmd, cmd};

use crate::{
    cmd, digest, files,
    project::Project,
    setup::{self, Need},
    ui,
};

/// A program of this workspace that few commands need and that takes long to compile: it is built when it is needed, and
/// kept in the cache, where every checkout finds it. Which dependencies are fresh there, cargo decides; of the program itself
/// it cannot tell, because it goes by times, and another checkout's sources may be older than what was built from ours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OnDemand {
    /// The package, and the program in it.
    pub(crate) package: &'static str,
    /// The profile that it is built with.
    pub(crate) profile: &'static str,
    /// What the first time builds and how long that takes, for whoever waits.
    pub(crate) first_time: &'static str,
    /// Its own sources, files and folders from the workspace's root.
    pub(crate) sources: &'static [&'static str],
    /// What it is compiled with beside cargo.
    pub(crate) needs: &'static [Need],
}

/// A way to compile such a program.
#[derive(Clone, Debug, Default)]
pub(crate) struct Variant {
    /// The folder in the cache beside those of other ways; empty for the usual one.
    pub(crate) name: &'static str,
    /// What cargo is told beside.
    pub(crate) options: &'static [&'static str],
    /// The environment that it takes.
    pub(crate) variables: Vec<(&'static str, OsString)>,
}

impl OnDemand {
    /// The path of the program, which is compiled if need be.
    pub(crate) fn ensure_built(&self, project: &Project) -> Result<PathBuf> {
        self.ensure_variant_built(project, &Variant::default())
    }

    /// The path of the program as `variant` compiles it, which is done if need be.
    pub(crate) fn ensure_variant_built(&self, project: &Project, variant: &Variant) -> Result<PathBuf> {
        let Self { package, profile, first_time, sources, needs } = self;
        let target = project.cache_folder("build")?.join(variant.name);
        if !target.join(profile).join(package).exists() {
            setup::ensure(project, needs)?;
            ui::status("Building", first_time);
        }
        let _turn = turn(&target, package)?;
        let shell = project.shell()?;
        let (stamp, digest) =
            (target.join(format!("{package}.sources")), sources_digest(&project.root, sources)?);
        if fs::read_to_string(&stamp).is_ok_and(|built| built != digest) {
            let clean = cmd!(
                shell,
                "cargo clean --quiet --package {package} --profile {profile} --target-dir {target}"
            );
            cmd::run(clean, &format!("forget {package} as another checkout built it"))?;
        }
        let options = variant.options;
        let build = cmd!(
            shell,
            "cargo build --package {package} --profile {profile} --target-dir {target} {options...}"
        );
        let build = build
            .envs(variant.variables.iter().map(|(name, value)| (name, value)))
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS");
        let program = executable(build, &format!("build {package}"))?;
        fs::write(&stamp, digest).with_context(|| format!("could not write `{}`", stamp.display()))?;
        Ok(program)
    }
}

/// Waits for whoever else brings `package` in `target` up to date, and has others wait until this is dropped: one of two would
/// otherwise forget what the other has just built.
fn turn(target: &Path, package: &str) -> Result<File> {
    let path = target.join(format!("{package}.lock"));
    let lock = || -> io::Result<File> {
        fs::create_dir_all(target)?;
        let file = File::create(&path)?;
        file.lock()?;
        Ok(file)
    };
    lock().with_context(|| format!("could not lock `{}`", path.display()))
}

/// The SHA-256 of everything in `sources`, names included.
fn sources_digest(root: &Path, sources: &[&str]) -> Result<String> {
    let mut files = Vec::new();
    for source in sources {
        files.extend(files::below(&root.join(source))?);
    }
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        let bytes = fs::read(&file).with_context(|| format!("could not read `{}`", file.display()))?;
        hash.update(file.strip_prefix(root)?.as_os_str().as_encoded_bytes());
        hash.update(Sha256::digest(bytes));
    }
    Ok(digest::hex(hash))
}

/// Runs `build`, a `cargo build` without a message format, and returns the path of the executable that it made.
/// `purpose` completes the sentence "could not …".
pub(crate) fn executable(build: Cmd<'_>, purpose: &str) -> Result<PathBuf> {
    let mut made = executables(build, purpose)?;
    Ok(made.pop().expect("there is at least one"))
}

/// The same for a build that makes several: at least one, in the order in which they were finished.
pub(crate) fn executables(build: Cmd<'_>, purpose: &str) -> Result<Vec<PathBuf>> {
    let messages = cmd::read(build.args(["--message-format", "json-render-diagnostics"]), purpose)?;
    find_executables(&messages).with_context(|| format!("could not {purpose}"))
}

/// The executables among cargo's messages, one JSON object a line.
fn find_executables(messages: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for message in Message::parse_stream(Cursor::new(messages)) {
        if let Message::CompilerArtifact(artifact) = message.context("could not read cargo's messages")? {
            found.extend(artifact.executable.map(PathBuf::from));
        }
    }
    ensure!(!found.is_empty(), "cargo named no executable among what it built");
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_follows_names_and_contents() {
        let root = tempfile::tempdir().unwrap();
        let (folder, sources) = (root.path().join("package/src"), ["package"]);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("main.rs"), "one").unwrap();
        let one = sources_digest(root.path(), &sources).unwrap();
        assert_eq!(sources_digest(root.path(), &sources).unwrap(), one);
        fs::write(folder.join("main.rs"), "two").unwrap();
        assert_ne!(sources_digest(root.path(), &sources).unwrap(), one);
        fs::write(folder.join("main.rs"), "one").unwrap();
        fs::rename(folder.join("main.rs"), folder.join("lib.rs")).unwrap();
        assert_ne!(sources_digest(root.path(), &sources).unwrap(), one);
    }

    #[test]
    fn a_build_without_an_executable_is_an_error() {
        let finished = r#"{"reason":"build-finished","success":true}"#;
        assert!(find_executables(finished).unwrap_err().to_string().contains("no executable"));
    }
}
