//! Debian's package of `weft`: an `ar` archive of the format's version, the control files and the installed files.
//! Equal contents give equal bytes. `man 5 deb` describes the format.

use std::{collections::BTreeSet, path::Path};

use anyhow::{Context as _, Result};
use ar::{Builder, Header};
use builds::files::{Mode, gzip};
use flags::values::Target;
use tar::EntryType;

use super::{
    archive::{Entries, Entry},
    execute::VERSION,
};

/// The paths in an archive of a release and in the package. Debian wants the manual compressed.
const INSTALLED: [(&str, &str); 6] = [
    ("weft", "usr/bin/weft"),
    ("man/weft.1", "usr/share/man/man1/weft.1.gz"),
    (
        "completions/weft.bash",
        "usr/share/bash-completion/completions/weft",
    ),
    ("completions/_weft", "usr/share/zsh/vendor-completions/_weft"),
    (
        "completions/weft.fish",
        "usr/share/fish/vendor_completions.d/weft.fish",
    ),
    ("CHANGELOG.md", "usr/share/doc/weft/changelog.gz"),
];

/// The files that together are the copyright file of the package.
const COPYRIGHT: [&str; 3] = ["LICENSE-MIT", "LICENSE-APACHE", "THIRD-PARTY-NOTICES.txt"];

/// Returns the package's file name for `target`; `None` for systems without packages.
pub(crate) fn name(target: Target) -> Option<String> {
    let architecture = target.debian_architecture()?;
    Some(format!("weft_{}_{architecture}.deb", version(VERSION)))
}

/// Returns Debian's form of a version: what comes before a release sorts before it.
fn version(version: &str) -> String {
    version.replacen('-', "~", 1)
}

/// Returns the package of the files in `entries`, which are those of an archive, dated `time` seconds after 1970.
///
/// # Errors
/// Fails if a file is missing from `entries`.
pub(super) fn package(architecture: &str, entries: &Entries, time: u64) -> Result<Vec<u8>> {
    let installed = installed(entries)?;
    let control = control(architecture, &installed);
    let mut package = Builder::new(Vec::new());
    let members = [
        ("debian-binary", b"2.0\n".to_vec()),
        ("control.tar.gz", tar_gz(&control, time)?),
        ("data.tar.gz", tar_gz(&installed, time)?),
    ];
    for (name, bytes) in members {
        let mut header = Header::new(name.as_bytes().to_vec(), bytes.len() as u64);
        header.set_mode(0o100_644);
        header.set_mtime(time);
        package
            .append(&header, &bytes[..])
            .with_context(|| format!("could not put `{name}` into the package"))?;
    }
    package.into_inner().context("could not finish the package")
}

/// Returns the files of the package by their path below `/`.
fn installed(entries: &Entries) -> Result<Entries> {
    let find = |path: &str| {
        let entry = entries.get(path);
        entry.with_context(|| format!("there is no `{path}` to put into the package"))
    };
    let mut installed = Entries::new();
    for (path, place) in INSTALLED {
        let entry = find(path)?;
        let bytes = match place.ends_with(".gz") {
            true => gzip(&entry.bytes).with_context(|| format!("could not compress `{path}`"))?,
            false => entry.bytes.clone(),
        };
        let mode = entry.mode;
        installed.insert(place.to_owned(), Entry { bytes, mode });
    }
    let mut copyright = Vec::new();
    for path in COPYRIGHT {
        copyright.extend_from_slice(&find(path)?.bytes);
        copyright.push(b'\n');
    }
    installed.insert("usr/share/doc/weft/copyright".to_owned(), data(copyright));
    Ok(installed)
}

/// Returns the control files of a package of the files `installed`.
fn control(architecture: &str, installed: &Entries) -> Entries {
    let bytes: usize = installed.values().map(|entry| entry.bytes.len()).sum();
    let control = format!(
        "\
Package: weft
Version: {}
Architecture: {architecture}
Maintainer: The clawft authors <clawft@users.noreply.github.com>
Installed-Size: {}
Section: utils
Priority: optional
Homepage: {}
Description: LLM agent for the terminal, and a gateway to models
 weft asks a language model in the terminal, lets it use tools, keeps the
 conversations, and serves the APIs of OpenAI and Anthropic as a gateway.
 It is static and needs no other package.
",
        version(VERSION),
        bytes.div_ceil(1024),
        env!("CARGO_PKG_REPOSITORY"),
    );
    [("control".to_owned(), data(control.into_bytes()))].into()
}

fn data(bytes: Vec<u8>) -> Entry {
    Entry {
        bytes,
        mode: Mode::Data,
    }
}

/// Returns `entries` as a `tar.gz` file with paths that begin with `./`, each after its directories, as `dpkg` wants.
fn tar_gz(entries: &Entries, time: u64) -> Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    let paths = entries
        .keys()
        .flat_map(|path| Path::new(path).ancestors().skip(1));
    let directories: BTreeSet<&Path> = paths.collect();
    for directory in directories {
        let path = match directory.as_os_str().is_empty() {
            true => "./".to_owned(),
            false => format!("./{}/", directory.display()),
        };
        add(&mut tar, &path, EntryType::Directory, 0o755, &[], time)?;
    }
    for (path, entry) in entries {
        let mode = entry.mode.bits();
        add(
            &mut tar,
            &format!("./{path}"),
            EntryType::Regular,
            mode,
            &entry.bytes,
            time,
        )?;
    }
    let tar = tar.into_inner().context("could not finish the archive")?;
    gzip(&tar).context("could not compress the archive")
}

fn add(
    tar: &mut tar::Builder<Vec<u8>>,
    path: &str,
    kind: EntryType,
    mode: u32,
    bytes: &[u8],
    time: u64,
) -> Result<()> {
    let mut header = tar::Header::new_ustar();
    // `set_path` would remove the `./`.
    let name = header.as_old_mut().name.get_mut(..path.len());
    name.with_context(|| format!("`{path}` is too long for the archive"))?
        .copy_from_slice(path.as_bytes());
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_username("root")?;
    header.set_groupname("root")?;
    header.set_mtime(time);
    header.set_size(bytes.len() as u64);
    header.set_cksum();
    tar.append(&header, bytes)
        .with_context(|| format!("could not put `{path}` into the archive"))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn entries() -> Entries {
        let names = INSTALLED.map(|(path, _)| path);
        let entry = |name: &str| {
            let mode = if name == "weft" { Mode::Program } else { Mode::Data };
            let bytes = name.repeat(100).into_bytes();
            (name.to_owned(), Entry { bytes, mode })
        };
        names.into_iter().chain(COPYRIGHT).map(entry).collect()
    }

    fn members(package: &[u8]) -> Vec<(String, Vec<u8>)> {
        let mut archive = ar::Archive::new(package);
        let mut members = Vec::new();
        while let Some(entry) = archive.next_entry() {
            let mut entry = entry.unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            members.push((
                String::from_utf8(entry.header().identifier().to_vec()).unwrap(),
                bytes,
            ));
        }
        members
    }

    fn paths(packed: &[u8]) -> Vec<(String, u32)> {
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(packed));
        let path = |header: &tar::Header| String::from_utf8(header.path_bytes().to_vec()).unwrap();
        let entries = archive.entries().unwrap().map(|entry| {
            let header = entry.unwrap().header().clone();
            (path(&header), header.mode().unwrap())
        });
        entries.collect()
    }

    #[test]
    fn packs_same_files_to_same_bytes() {
        let [one, two] = [(); 2].map(|()| package("amd64", &entries(), 7).unwrap());
        assert_eq!(one, two);
        assert_ne!(one, package("amd64", &entries(), 8).unwrap());
    }

    #[test]
    fn members_and_paths_are_as_dpkg_wants() {
        let members = members(&package("arm64", &entries(), 7).unwrap());
        let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["debian-binary", "control.tar.gz", "data.tar.gz"]);
        assert_eq!(members[0].1, b"2.0\n");
        let data = paths(&members[2].1);
        assert_eq!(data[0], ("./".to_owned(), 0o755));
        assert!(data.contains(&("./usr/bin/".to_owned(), 0o755)));
        assert!(data.contains(&("./usr/bin/weft".to_owned(), 0o755)));
        assert!(data.contains(&("./usr/share/man/man1/weft.1.gz".to_owned(), 0o644)));
    }

    #[test]
    fn version_before_a_release_sorts_before_it() {
        assert_eq!(version("0.2.0"), "0.2.0");
        assert_eq!(version("0.2.0-rc.1"), "0.2.0~rc.1");
        assert!(name(Target::MacosArm64).is_none());
    }

    #[test]
    fn names_file_that_is_missing() {
        let mut entries = entries();
        entries.remove("man/weft.1");
        let error = package("amd64", &entries, 7).unwrap_err().to_string();
        assert!(error.contains("`man/weft.1`"), "{error}");
    }
}
