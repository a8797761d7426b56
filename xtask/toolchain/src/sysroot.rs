//! The toolchain's own directory, its *sysroot*: rustup's components in it, and how to find out whether they are
//! installed.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use devkit::cmd;
use xshell::{Shell, cmd};

use super::{
    item::{Installation, State, Target},
    staging::{Contents, Stamp},
};

/// The version of the way std is built, part of every stamp. Raise it when that changes, to have every std built
/// again.
const RECIPE: u32 = 1;

/// The toolchain that builds the workspace.
#[derive(Clone, Debug)]
pub(super) struct Sysroot {
    /// The directory.
    pub(super) path: PathBuf,
    /// The output of `rustc --version` after the name, such as `1.95.0 (59807616e 2026-04-14)`.
    version: String,
}

impl Sysroot {
    /// Asks the rustc that `rust-toolchain.toml` selects; the directory of `shell` is the workspace root.
    pub(super) fn ask(shell: &Shell) -> Result<Self> {
        let version = cmd::read(cmd!(shell, "rustc --version"), "ask rustc for its version")?;
        let path = cmd::read(cmd!(shell, "rustc --print sysroot"), "ask rustc for its sysroot")?;
        Ok(Self::new(
            PathBuf::from(path),
            version.trim_start_matches("rustc "),
        ))
    }

    /// Returns a toolchain at `path` whose rustc has this `version`.
    pub(super) fn new(path: PathBuf, version: &str) -> Self {
        Self {
            path,
            version: version.to_owned(),
        }
    }

    /// Returns the version number: `1.95.0`.
    pub(super) fn release(&self) -> &str {
        self.version.split(' ').next().unwrap_or_default()
    }

    /// Returns the version for stamps of our directories in this sysroot: std fits one commit of rustc only.
    pub(super) fn stamp_version(&self) -> String {
        format!("{}, recipe {RECIPE}", self.version)
    }

    /// Returns the toolchain's program `name`, or the one on the `PATH` if a distribution has it elsewhere.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        let program = self
            .path
            .join("bin")
            .join(name)
            .with_extension(std::env::consts::EXE_EXTENSION);
        if program.exists() {
            program
        } else {
            PathBuf::from(name)
        }
    }

    /// Returns the directory of std's source.
    pub(super) fn source_directory(&self) -> PathBuf {
        self.rustlib().join("src/rust")
    }

    /// Returns the directory of `target`.
    pub(super) fn target_directory(&self, target: Target) -> PathBuf {
        self.rustlib().join(target.triple())
    }

    /// Finds std's source, if it is of this version.
    pub(super) fn source(&self) -> State {
        let directory = self.source_directory();
        if !directory.join("library/std/Cargo.toml").is_file() {
            return State::Missing(None);
        }
        let from = if self.rustup_has("rust-src") {
            "rustup"
        } else {
            "the toolchain"
        };
        let Ok(package) = fs::read_link(&directory) else {
            return State::Found(self.installation(directory, from.to_owned()));
        };
        match linked_version(&directory) {
            Some(version) if version != self.release() => {
                State::Missing(Some(format!("the source that is linked there is for {version}")))
            }
            _ => State::Found(self.installation(directory, format!("a link to {}", package.display()))),
        }
    }

    /// Finds std for `target`, if it is for this rustc.
    pub(super) fn target(&self, target: Target) -> State {
        let directory = self.target_directory(target);
        if !has_std(&directory.join("lib")) {
            return State::Missing(None);
        }
        match Stamp::read(&directory) {
            Some(stamp) if stamp.version != self.stamp_version() => State::Missing(Some(format!(
                "the std that was built there is for {}",
                stamp.version
            ))),
            Some(_) => {
                let installation = |stamp: Stamp| self.installation(directory.clone(), stamp.from);
                Contents::of(&directory).state(&directory, |stamp| State::Found(installation(stamp)))
            }
            None if self.rustup_has(&format!("rust-std-{}", target.triple())) => {
                State::Found(self.installation(directory, "rustup".to_owned()))
            }
            None => State::Found(self.installation(directory, "the toolchain".to_owned())),
        }
    }

    fn installation(&self, path: PathBuf, from: String) -> Installation {
        Installation {
            version: self.release().to_owned(),
            path,
            from,
        }
    }

    fn rustlib(&self) -> PathBuf {
        self.path.join("lib/rustlib")
    }

    fn rustup_has(&self, component: &str) -> bool {
        self.rustlib().join(format!("manifest-{component}")).exists()
    }
}

/// Returns the release of a source tree. Debian's has it in a file, and so does a checkout of Rust; rustup's does
/// not.
fn linked_version(source: &Path) -> Option<String> {
    fs::read_to_string(source.join("src/version"))
        .ok()
        .map(|version| version.trim().to_owned())
}

/// Returns whether the directory has std's own library; one without is unfinished.
fn has_std(libraries: &Path) -> bool {
    let Ok(entries) = fs::read_dir(libraries) else {
        return false;
    };
    let is_std = |name: &str| name.starts_with("libstd-") && name.ends_with(".rlib");
    entries
        .flatten()
        .any(|entry| is_std(&entry.file_name().to_string_lossy()))
}

/// Returns the directory of `source` in a sysroot.
pub(super) fn library_of(source: &Path) -> Result<PathBuf> {
    let library = source.join("library");
    library
        .is_dir()
        .then_some(library)
        .with_context(|| format!("`{}` does not contain the source of std", source.display()))
}

#[cfg(test)]
mod tests {
    use super::{super::staging, *};

    const VERSION: &str = "1.95.0 (59807616e 2026-04-14)";

    fn sysroot(root: &Path) -> Sysroot {
        Sysroot::new(root.to_path_buf(), VERSION)
    }

    fn put(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn found_from(state: State) -> String {
        match state {
            State::Found(installation) => installation.from,
            state => panic!("{state:?}"),
        }
    }

    #[test]
    fn finds_nothing_in_empty_toolchain() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(sysroot(root.path()).source(), State::Missing(None));
        assert_eq!(sysroot(root.path()).target(Target::Wasip2), State::Missing(None));
    }

    #[test]
    fn recognises_components_of_rustup() {
        let root = tempfile::tempdir().unwrap();
        let rustlib = root.path().join("lib/rustlib");
        put(&rustlib.join("src/rust/library/std/Cargo.toml"), "");
        put(&rustlib.join("manifest-rust-src"), "");
        put(
            &rustlib.join("wasm32-wasip1/lib/libstd-145b48c578b2b1aa.rlib"),
            "",
        );
        put(&rustlib.join("manifest-rust-std-wasm32-wasip1"), "");
        assert_eq!(found_from(sysroot(root.path()).source()), "rustup");
        assert_eq!(found_from(sysroot(root.path()).target(Target::Wasip1)), "rustup");
    }

    #[test]
    fn target_without_std_is_missing() {
        let root = tempfile::tempdir().unwrap();
        put(
            &root
                .path()
                .join("lib/rustlib/wasm32-wasip2/lib/self-contained/libc.a"),
            "",
        );
        assert_eq!(sysroot(root.path()).target(Target::Wasip2), State::Missing(None));
    }

    #[test]
    fn built_std_is_stale_for_another_compiler() {
        let root = tempfile::tempdir().unwrap();
        let sysroot = sysroot(root.path());
        let directory = sysroot.target_directory(Target::Wasip2);
        put(&directory.join("lib/libstd-1.rlib"), "");
        put(
            &directory.join("clawft-setup.toml"),
            "version = \"1.94.0 (abc 2026-03-01), recipe 1\"\nfrom = \"here\"",
        );
        let State::Missing(Some(note)) = sysroot.target(Target::Wasip2) else {
            panic!("found")
        };
        assert!(note.contains("1.94.0"), "{note}");
        let stamp = Stamp {
            version: sysroot.stamp_version(),
            from: "here".to_owned(),
        };
        staging::finish(&directory, &stamp).unwrap();
        put(&directory.join("lib/libstd-1.rlib"), "another");
        assert_eq!(sysroot.target(Target::Wasip2), State::Damaged(directory.clone()));
        staging::finish(&directory, &stamp).unwrap();
        assert_eq!(found_from(sysroot.target(Target::Wasip2)), "here");
    }

    #[test]
    #[cfg(unix)]
    fn link_to_source_of_another_version_is_stale() {
        let root = tempfile::tempdir().unwrap();
        let sysroot = sysroot(root.path());
        let tree = root.path().join("tree");
        put(&tree.join("library/std/Cargo.toml"), "");
        put(&tree.join("src/version"), "1.96.1\n");
        staging::link(&tree, &sysroot.source_directory()).unwrap();
        assert!(matches!(sysroot.source(), State::Missing(Some(_))));
        put(&tree.join("src/version"), "1.95.0\n");
        assert!(matches!(sysroot.source(), State::Found(_)));
    }
}
