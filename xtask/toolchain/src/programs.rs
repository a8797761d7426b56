//! Programs of the system: the one that the user chose, else the one on the `PATH`, else Debian's packages. These
//! are unpacked into the cache with all dependencies that the system lacks: `debian/<program>_<version>/`, with a
//! script `run` that starts the program with the unpacked files.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use devkit::cmd;
use xshell::{Shell, cmd};

use super::{
    apt::Apt,
    debian,
    item::{Installation, Program, State},
    pins::ProgramPin,
    staging::{Staging, Stamp},
};

/// The script that runs the program.
const SCRIPT: &str = "run";

/// The directories of libraries in a Debian package.
const LIBRARIES: [&str; 2] = ["usr/lib", "lib"];

/// Finds `program`. One that does not run counts as missing; if the user chose it, that is an error.
pub(super) fn find(shell: &Shell, directory: &Path, program: Program, pin: &ProgramPin) -> State {
    if let Some(chosen) = env::var_os(&pin.variable).filter(|value| !value.is_empty()) {
        let path = env::current_dir()
            .map(|directory| directory.join(&chosen))
            .unwrap_or_default();
        return runs_in_version(shell, path, &pin.variable, pin).map_or_else(
            || State::Broken(broken(program, pin, &chosen.display().to_string())),
            State::Found,
        );
    }
    let system = pin.names.iter().filter_map(|name| of_system(name));
    let system = system
        .into_iter()
        .find_map(|path| runs_in_version(shell, path, "the system's", pin));
    if let Some(installation) = system {
        return State::Found(installation);
    }
    let Some((unpacked, contents)) = debian::cached(directory, program.name(), |_| true) else {
        return State::Missing(None);
    };
    let runs = |stamp: Stamp| runs_in_version(shell, unpacked.root.join(SCRIPT), &stamp.from, pin);
    contents.state(&unpacked.root, |stamp| {
        runs(stamp).map_or(State::Missing(None), State::Found)
    })
}

/// Unpacks Debian's packages of `program` and their dependencies below `directory`.
pub(super) fn install(apt: &Apt<'_>, directory: &Path, program: Program, pin: &ProgramPin) -> Result<()> {
    let names = pin.packages_in(&apt.suite);
    let own = names.first().context("tools.toml names no package")?;
    let mut packages = apt.missing(names)?;
    // The first one is named in messages.
    packages.sort_by_key(|package| package.name != *own);
    let version = packages.first().filter(|package| package.name == *own);
    let version = version.map(|package| package.version.clone());
    let version =
        version.with_context(|| format!("the package `{own}` is installed, but its program does not run"))?;
    ensure!(
        pin.fits(&version),
        "Debian's {} has `{own}` {version}, and {} is needed",
        apt.suite,
        pin.version.as_deref().unwrap_or_default()
    );
    // A colon separates the directories of a list, and a version may have one.
    let place = debian::unpacked_directory(directory, program.name(), &version.replace(':', "."));
    let staging = Staging::begin(&place)?;
    apt.unpack(&packages, staging.path(), |_| Ok(()))?;
    let path = starred(staging.path(), &pin.path)
        .with_context(|| format!("there is no `{}` in the package", pin.path))?;
    link(staging.path(), &pin.links)?;
    let libraries = library_directories(staging.path())?;
    write_executable(&staging.path().join(SCRIPT), &script(&libraries, &path))?;
    for name in &pin.also {
        let path = Path::new(&path).with_file_name(name);
        let script = script(&libraries, &path.display().to_string());
        write_executable(&staging.path().join(name), &script)?;
    }
    fs::write(staging.path().join("fonts.conf"), FONTS)?;
    staging.commit(&Stamp {
        version,
        from: format!("Debian's {}", apt.suite),
    })
}

/// Makes `links` in the directory `root`, in place of files.
fn link(root: &Path, links: &BTreeMap<String, String>) -> Result<()> {
    for (path, target) in links {
        let path = root.join(path);
        if path.symlink_metadata().is_ok() {
            fs::remove_file(&path).with_context(|| format!("could not remove `{}`", path.display()))?;
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(target, &path)
            .with_context(|| format!("could not make the link `{}` to `{target}`", path.display()))?;
    }
    Ok(())
}

/// Returns the program `name` of the system: one on the `PATH`, or at this absolute path.
fn of_system(name: &str) -> Option<PathBuf> {
    match name.strip_prefix('/') {
        None => on_path(name),
        Some(path) => starred(Path::new("/"), path).map(|path| Path::new("/").join(path)),
    }
}

/// Returns the file at `path` below `root`, relative to it. In `path` a star stands for any one name; the last one
/// in the order of names is taken.
fn starred(root: &Path, path: &str) -> Option<String> {
    let Some((before, after)) = path.split_once("/*/") else {
        return root.join(path).is_file().then(|| path.to_owned());
    };
    let entries = fs::read_dir(root.join(before)).ok()?.flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    let mut found = names
        .iter()
        .rev()
        .filter_map(|name| starred(root, &format!("{before}/{name}/{after}")));
    found.next()
}

/// Returns the program `name` in the directories of `PATH`, without starting it.
pub fn on_path(name: &str) -> Option<PathBuf> {
    let file = PathBuf::from(name).with_extension(env::consts::EXE_EXTENSION);
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|directory| directory.join(&file))
        .find(|path| path.is_file())
}

/// Returns the program at `path` with its version, if it prints one.
pub(super) fn runs(shell: &Shell, path: PathBuf, from: &str) -> Option<Installation> {
    if !path.is_file() {
        return None;
    }
    // tmux and nginx know only the second one, and nginx answers on standard error.
    let version = ["--version", "-V"].into_iter().find_map(|option| {
        let asked = cmd::output(cmd!(shell, "{path} {option}"), "ask a program for its version").ok()?;
        let printed = [asked.stdout, asked.stderr].concat();
        version(&String::from_utf8_lossy(&printed)).filter(|_| asked.status.success())
    });
    Some(Installation {
        version: version?,
        path,
        from: from.to_owned(),
    })
}

/// Returns the program at `path` as [`runs`] does, if its version fits the pin.
fn runs_in_version(shell: &Shell, path: PathBuf, from: &str, pin: &ProgramPin) -> Option<Installation> {
    runs(shell, path, from).filter(|installation| pin.fits(&installation.version))
}

/// Returns the first word that begins with a digit: programs print various words before it.
fn version(printed: &str) -> Option<String> {
    let words = printed.split(|c: char| c.is_whitespace() || c == ',' || c == '/');
    words
        .into_iter()
        .map(|word| word.strip_prefix("wine-").unwrap_or(word))
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))
        .map(str::to_owned)
}

fn broken(program: Program, pin: &ProgramPin, chosen: &str) -> String {
    let version = pin.version.as_ref();
    let version = version.map_or_else(String::new, |version| format!(" in version {version}"));
    format!(
        "{} is `{chosen}`, which is not a working {}{version}: correct it or unset it",
        pin.variable,
        program.name()
    )
}

/// Returns the directories below `root` that hold shared libraries, relative to it and sorted.
fn library_directories(root: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for directory in LIBRARIES
        .map(|directory| root.join(directory))
        .iter()
        .filter(|directory| directory.is_dir())
    {
        gather(directory, &mut found)?;
    }
    let relative = |directory: &PathBuf| Some(directory.strip_prefix(root).ok()?.to_str()?.to_owned());
    let mut directories: Vec<String> = found.iter().filter_map(relative).collect();
    directories.sort();
    Ok(directories)
}

/// Adds `directory` and those below it to `found` if they hold a shared library.
fn gather(directory: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let mut has_library = false;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            gather(&entry.path(), found)?;
        } else {
            let name = entry.file_name().to_string_lossy().into_owned();
            // Some have their version before the extension: `libpulsecommon-16.1.so`.
            has_library |= name.starts_with("lib") && (name.contains(".so.") || name.ends_with(".so"));
        }
    }
    if has_library {
        found.push(directory.to_owned());
    }
    Ok(())
}

/// Returns a script that runs the program at `path` with the files beside it, in any directory.
fn script(libraries: &[String], path: &str) -> String {
    let libraries: Vec<String> = libraries
        .iter()
        .map(|directory| format!("$root/{directory}"))
        .collect();
    let libraries = libraries.join(":");
    format!(
        r#"#!/bin/sh
root=$(dirname "$(readlink -f "$0")")
export PATH="$root/usr/bin:$root/usr/sbin:$root/sbin:$PATH"
export LD_LIBRARY_PATH="{libraries}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}"
export FONTCONFIG_FILE="${{FONTCONFIG_FILE:-$root/fonts.conf}}"
exec "$root/{path}" "$@"
"#
    )
}

/// The configuration of fonts: the unpacked ones beside the system's. A relative directory is relative to this
/// file.
const FONTS: &str = r#"<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir prefix="relative">usr/share/fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
"#;

fn write_executable(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("could not write `{}`", path.display()))?;
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{super::pins::Pins, *};

    #[test]
    fn version_is_the_first_number() {
        assert_eq!(
            version("qemu-aarch64 version 7.2.22 (Debian 1:7.2)").unwrap(),
            "7.2.22"
        );
        assert_eq!(
            version("Docker version 20.10.24+dfsg1, build 297e128").unwrap(),
            "20.10.24+dfsg1"
        );
        assert_eq!(version("wine-8.0 (Debian 8.0~repack-4)").unwrap(), "8.0");
        assert_eq!(version("nginx version: nginx/1.22.1\n").unwrap(), "1.22.1");
        assert_eq!(version("no number"), None);
    }

    #[test]
    #[cfg(unix)]
    fn links_replace_files_and_add_others() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("server"), "a script").unwrap();
        fs::write(root.path().join("server64"), "a program").unwrap();
        let links = [("server", "server64"), ("other", "server64")];
        let links = links
            .map(|(path, target)| (path.to_owned(), target.to_owned()))
            .into();
        for _ in 0..2 {
            link(root.path(), &links).unwrap();
            for name in ["server", "other"] {
                assert_eq!(fs::read_to_string(root.path().join(name)).unwrap(), "a program");
            }
        }
    }

    #[test]
    fn finds_libraries_in_all_directories() {
        let root = tempfile::tempdir().unwrap();
        let files = [
            "usr/lib/arch/libone.so.1",
            "usr/lib/arch/deep/libtwo.so.2",
            "usr/lib/arch/sound/libthree-3.so",
            "usr/lib/none/plugin.so",
        ];
        for file in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let directories = library_directories(root.path()).unwrap();
        assert_eq!(
            directories,
            ["usr/lib/arch", "usr/lib/arch/deep", "usr/lib/arch/sound"]
        );
        let script = script(&directories, "usr/bin/program");
        assert!(
            script.contains(
                "=\"$root/usr/lib/arch:$root/usr/lib/arch/deep:$root/usr/lib/arch/sound${LD_LIBRARY_PATH:+"
            ),
            "{script}"
        );
    }

    #[test]
    fn star_stands_for_any_name() {
        let root = tempfile::tempdir().unwrap();
        for file in ["lib/14/bin/server", "lib/15/bin/server", "lib/16/bin/other"] {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let found = |path: &str| starred(root.path(), path);
        assert_eq!(found("lib/*/bin/server").as_deref(), Some("lib/15/bin/server"));
        assert_eq!(found("lib/14/bin/server").as_deref(), Some("lib/14/bin/server"));
        assert_eq!(found("lib/*/bin/nothing"), None);
    }

    #[test]
    #[cfg(unix)]
    fn runs_unpacked_program_in_place() {
        let shell = Shell::new().unwrap();
        let directory = tempfile::tempdir().unwrap();
        let pin = ProgramPin {
            variable: "NOT_A_VARIABLE_OF_OURS".to_owned(),
            names: Vec::new(),
            ..Pins::load().unwrap().chromium
        };
        let find = || find(&shell, directory.path(), Program::Chromium, &pin);
        assert_eq!(find(), State::Missing(None));
        let staging =
            Staging::begin(&debian::unpacked_directory(directory.path(), "chromium", "1:5-6")).unwrap();
        let program = staging.path().join(&pin.path);
        fs::create_dir_all(program.parent().unwrap()).unwrap();
        write_executable(&program, "#!/bin/sh\necho Chromium 5.0 $1\n").unwrap();
        write_executable(&staging.path().join(SCRIPT), &script(&[], &pin.path)).unwrap();
        staging
            .commit(&Stamp {
                version: "1:5-6".to_owned(),
                from: "a test".to_owned(),
            })
            .unwrap();
        let State::Found(installation) = find() else {
            panic!("missing")
        };
        assert_eq!(
            (installation.version.as_str(), installation.from.as_str()),
            ("5.0", "a test")
        );
    }
}
