//! What must hold of a binary before it ships: it runs on its own, holds no key, and tells nothing of the machine that built
//! it.

use std::{
    env,
    path::{MAIN_SEPARATOR, PathBuf},
};

use anyhow::{Result, bail};
use devkit::{
    cmd,
    elf::{self, Machine},
    project::Project,
    secrets,
};
use flags::values::Target;
use memchr::memmem;
use xshell::cmd;

/// The folders of this machine that a build reads from and writes to, each with a separator behind it.
pub(super) struct Folders(Vec<String>);

impl Folders {
    /// Those of this machine.
    pub(super) fn new(project: &Project) -> Result<Self> {
        let shell = project.shell()?;
        let sysroot = cmd::read(cmd!(shell, "rustc --print sysroot"), "ask rustc for its folder")?;
        let mut folders = vec![PathBuf::from(sysroot)];
        folders.extend([&project.root, &project.target, &project.cache].map(Clone::clone));
        folders.extend(["CARGO_HOME", "RUSTUP_HOME"].into_iter().filter_map(env::var_os).map(PathBuf::from));
        folders.extend(env::home_dir());
        Ok(Self::of(&folders))
    }

    /// All but the root folder: everything is in that.
    fn of(folders: &[PathBuf]) -> Self {
        let texts = folders.iter().map(|folder| folder.display().to_string());
        let texts = texts.filter(|text| text.chars().any(char::is_alphanumeric));
        Self(texts.map(|text| format!("{}{MAIN_SEPARATOR}", text.trim_end_matches(MAIN_SEPARATOR))).collect())
    }

    /// The first of them that `binary` holds, and where.
    fn find(&self, binary: &[u8]) -> Option<(&str, usize)> {
        self.0.iter().find_map(|folder| Some((folder.as_str(), memmem::find(binary, folder.as_bytes())?)))
    }
}

/// Refuses `binary` if it is not fit to ship for `target`.
pub(super) fn check(binary: &[u8], target: Target, folders: &Folders) -> Result<()> {
    if let Some(machine) = machine(target) {
        elf::check_static(binary, machine)?;
    }
    secrets::scan(binary)?;
    if let Some((folder, at)) = folders.find(binary) {
        bail!(
            "it holds the path `{folder}` of this machine, at byte {at}, so that it would differ elsewhere"
        );
    }
    Ok(())
}

/// The processor that a static ELF file for `target` is for; `None` where programs are no such files.
fn machine(target: Target) -> Option<Machine> {
    match target {
        Target::LinuxAmd64 => Some(Machine::X86_64),
        Target::LinuxArm64 => Some(Machine::Aarch64),
        Target::MacosAmd64 | Target::MacosArm64 | Target::WindowsAmd64 => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_this_machine_is_found_and_one_that_begins_alike_is_not() {
        let folders = Folders::of(&["/".into(), "".into(), "/home/me/".into(), "/src".into()]);
        assert_eq!(folders.find(b"..\0/home/me/.cargo"), Some(("/home/me/", 3)));
        assert_eq!(folders.find(b"/home/me /srcs / /rustc/library"), None);
    }

    #[test]
    fn a_binary_is_looked_at_for_all_of_it() {
        let folders = Folders::of(&["/home/me".into()]);
        let error = |binary: &[u8], target| check(binary, target, &folders).unwrap_err().to_string();
        assert!(error(b"#!/bin/sh", Target::LinuxAmd64).contains("no 64-bit little-endian ELF file"));
        assert!(error(b"..-----BEGIN PRIVATE KEY-----", Target::MacosArm64).contains("a private key"));
        assert!(
            error(b"../home/me/x.rs", Target::WindowsAmd64)
                .contains("`/home/me/` of this machine, at byte 2")
        );
        check(b"nothing of the kind", Target::MacosArm64, &folders).unwrap();
    }
}
