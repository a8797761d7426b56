//! The checks of a binary before it ships: it is self-contained, contains no key, and contains neither a path of the
//! machine that built it nor the date of the build.

use std::{
    env,
    path::{MAIN_SEPARATOR, PathBuf},
};

use anyhow::{Result, bail};
use builds::{
    elf::{self, Machine},
    macho, pe, secrets,
};
use devkit::{cmd, project::Project};
use flags::values::Target;
use memchr::memmem;
use xshell::cmd;

/// The directories of this machine that a build reads and writes, each with a final separator.
pub(super) struct Directories(Vec<String>);

impl Directories {
    /// Finds the directories of this machine.
    pub(super) fn new(project: &Project) -> Result<Self> {
        let shell = project.shell()?;
        let sysroot = cmd::read(
            cmd!(shell, "rustc --print sysroot"),
            "ask rustc for its directory",
        )?;
        // The sysroot itself may be `/usr/local`, which programs name for other reasons.
        let mut directories = vec![PathBuf::from(sysroot).join("lib/rustlib")];
        directories.extend([&project.root, &project.target, &project.cache].map(Clone::clone));
        directories.extend(
            ["CARGO_HOME", "RUSTUP_HOME"]
                .into_iter()
                .filter_map(env::var_os)
                .map(PathBuf::from),
        );
        directories.extend(env::home_dir());
        Ok(Self::of(&directories))
    }

    /// Keeps all but the root directory, because every path begins with that.
    fn of(directories: &[PathBuf]) -> Self {
        let texts = directories
            .iter()
            .map(|directory| directory.display().to_string());
        let texts = texts.filter(|text| text.chars().any(char::is_alphanumeric));
        Self(
            texts
                .map(|text| format!("{}{MAIN_SEPARATOR}", text.trim_end_matches(MAIN_SEPARATOR)))
                .collect(),
        )
    }

    /// Returns the first of the directories that `binary` contains, and its offset.
    fn find(&self, binary: &[u8]) -> Option<(&str, usize)> {
        self.0
            .iter()
            .find_map(|directory| Some((directory.as_str(), memmem::find(binary, directory.as_bytes())?)))
    }
}

/// Fails if `binary` must not ship for `target`.
pub(super) fn check(binary: &[u8], target: Target, directories: &Directories) -> Result<()> {
    check_format(binary, target)?;
    check_content(binary, directories)
}

/// Fails if `binary` is not an executable of `target` that needs nothing but the system.
fn check_format(binary: &[u8], target: Target) -> Result<()> {
    match target {
        Target::LinuxAmd64 => elf::check_static(binary, Machine::X86_64)?,
        Target::LinuxArm64 => elf::check_static(binary, Machine::Aarch64)?,
        Target::MacosAmd64 => macho::check(binary, Machine::X86_64)?,
        Target::MacosArm64 => macho::check(binary, Machine::Aarch64)?,
        Target::WindowsAmd64 => pe::check(binary)?,
    }
    Ok(())
}

/// Fails if `binary` holds a key, a path of this machine, or a date that a C compiler wrote.
fn check_content(binary: &[u8], directories: &Directories) -> Result<()> {
    secrets::scan(binary)?;
    if let Some((directory, at)) = directories.find(binary) {
        bail!(
            "it holds the path `{directory}` of this machine, at byte {at}, and would differ on another machine"
        );
    }
    if let Some((date, at)) = date(binary) {
        bail!(
            "it holds the date `{date}`, at byte {at}, as C's `__DATE__` writes it, and would differ on another day"
        );
    }
    Ok(())
}

/// The months, as C's `__DATE__` names them.
const MONTHS: [&[u8]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

/// Returns the first text of the form `Nov 27 2026` that ends as a text in C does, and its offset.
fn date(binary: &[u8]) -> Option<(String, usize)> {
    let is_date = |text: &[u8]| match text {
        [
            month @ ..,
            b' ',
            b' ' | b'0'..=b'3',
            b'0'..=b'9',
            b' ',
            b'2',
            b'0',
            b'0'..=b'9',
            b'0'..=b'9',
            0,
        ] => MONTHS.contains(&month),
        _ => false,
    };
    let at = binary.windows(12).position(is_date)?;
    let text = binary.get(at..at + 11)?;
    Some((String::from_utf8_lossy(text).into_owned(), at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_whole_directory_names_only() {
        let directories = Directories::of(&["/".into(), "".into(), "/home/me/".into(), "/src".into()]);
        assert_eq!(directories.find(b"..\0/home/me/.cargo"), Some(("/home/me/", 3)));
        assert_eq!(directories.find(b"/home/me /srcs / /rustc/library"), None);
    }

    #[test]
    fn finds_date_of_the_build() {
        for (bytes, expected) in [
            (b"..Nov 27 2026\0".as_slice(), Some(("Nov 27 2026", 2))),
            (b"Jan  1 2030\0 04:06:56\0", Some(("Jan  1 2030", 0))),
            (b"Nov 27 2026 in a sentence\0", None),
            (b"Nov 27 1926\0 Non 27 2026\0", None),
            (b"Nov 27", None),
        ] {
            let found = date(bytes);
            assert_eq!(found.as_ref().map(|(text, at)| (text.as_str(), *at)), expected);
        }
    }

    #[test]
    fn refuses_binary_for_each_fault() {
        let directories = Directories::of(&["/home/me".into()]);
        let content = |binary: &[u8]| check_content(binary, &directories).unwrap_err().to_string();
        assert!(content(b"..-----BEGIN PRIVATE KEY-----").contains("a private key"));
        assert!(content(b"../home/me/x.rs").contains("`/home/me/` of this machine, at byte 2"));
        assert!(content(b"..Nov 27 2026\0").contains("`Nov 27 2026`, at byte 2"));
        check_content(b"nothing of the kind", &directories).unwrap();
        let formats = [
            (Target::LinuxAmd64, "64-bit little-endian ELF file"),
            (Target::MacosArm64, "64-bit little-endian Mach-O file"),
            (Target::WindowsAmd64, "64-bit PE file"),
        ];
        for (target, format) in formats {
            let error = check(b"#!/bin/sh", target, &directories).unwrap_err().to_string();
            assert!(error.contains(&format!("it is no {format}")), "{error}");
        }
    }
}
