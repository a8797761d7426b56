//! The toolchain's own folder, its *sysroot*: what rustup puts there, and how to tell whether it is there.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use devkit::cmd;
use xshell::{Shell, cmd};

use super::{
    item::{Piece, State, Target},
    staging::{Contents, Stamp},
};

/// Part of every stamp on a std that we built. Raise it when the way of building changes, and everyone's is built again.
const RECIPE: u32 = 1;

/// The toolchain that builds the workspace.
#[derive(Clone, Debug)]
pub(super) struct Sysroot {
    /// The folder.
    pub(super) path: PathBuf,
    /// What `rustc --version` says after its own name, such as `1.95.0 (59807616e 2026-04-14)`.
    version: String,
}

impl Sysroot {
    /// Asks the rustc that `rust-toolchain.toml` chooses; `shell` stands in the workspace root.
    pub(super) fn ask(shell: &Shell) -> Result<Self> {
        let version = cmd::read(cmd!(shell, "rustc --version"), "ask rustc for its version")?;
        let path = cmd::read(cmd!(shell, "rustc --print sysroot"), "ask rustc for its sysroot")?;
        Ok(Self::new(PathBuf::from(path), version.trim_start_matches("rustc ")))
    }

    /// A toolchain at `path` whose rustc calls itself `version`.
    pub(super) fn new(path: PathBuf, version: &str) -> Self {
        Self { path, version: version.to_owned() }
    }

    /// The version alone: `1.95.0`.
    pub(super) fn release(&self) -> &str {
        self.version.split(' ').next().unwrap_or_default()
    }

    /// What a folder of ours in this sysroot has to be stamped with: std fits one rustc only, down to the commit.
    pub(super) fn stamp_version(&self) -> String {
        format!("{}, recipe {RECIPE}", self.version)
    }

    /// The toolchain's program `name`, or that of the `PATH` where a distribution has put it elsewhere.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        let program = self.path.join("bin").join(name).with_extension(std::env::consts::EXE_EXTENSION);
        if program.exists() { program } else { PathBuf::from(name) }
    }

    /// Where std's source belongs.
    pub(super) fn source_folder(&self) -> PathBuf {
        self.rustlib().join("src/rust")
    }

    /// Where everything about `target` belongs.
    pub(super) fn target_folder(&self, target: Target) -> PathBuf {
        self.rustlib().join(target.triple())
    }

    /// Is std's source there, and is it this version's?
    pub(super) fn source(&self) -> State {
        let folder = self.source_folder();
        if !folder.join("library/std/Cargo.toml").is_file() {
            return State::Missing(None);
        }
        let from = if self.rustup_has("rust-src") { "rustup" } else { "the toolchain" };
        let Ok(package) = fs::read_link(&folder) else {
            return State::Found(self.piece(folder, from.to_owned()));
        };
        match linked_version(&folder) {
            Some(version) if version != self.release() => {
                State::Missing(Some(format!("the source that is linked there is {version}'s")))
            }
            _ => State::Found(self.piece(folder, format!("a link to {}", package.display()))),
        }
    }

    /// Is std for `target` there, and is it this rustc's?
    pub(super) fn target(&self, target: Target) -> State {
        let folder = self.target_folder(target);
        if !has_std(&folder.join("lib")) {
            return State::Missing(None);
        }
        match Stamp::read(&folder) {
            Some(stamp) if stamp.version != self.stamp_version() => {
                State::Missing(Some(format!("the std that was built there is for {}", stamp.version)))
            }
            Some(_) => {
                let piece = |stamp: Stamp| self.piece(folder.clone(), stamp.from);
                Contents::of(&folder).state(&folder, |stamp| State::Found(piece(stamp)))
            }
            None if self.rustup_has(&format!("rust-std-{}", target.triple())) => {
                State::Found(self.piece(folder, "rustup".to_owned()))
            }
            None => State::Found(self.piece(folder, "the toolchain".to_owned())),
        }
    }

    fn piece(&self, path: PathBuf, from: String) -> Piece {
        Piece { version: self.release().to_owned(), path, from }
    }

    fn rustlib(&self) -> PathBuf {
        self.path.join("lib/rustlib")
    }

    fn rustup_has(&self, component: &str) -> bool {
        self.rustlib().join(format!("manifest-{component}")).exists()
    }
}

/// The release whose source tree this is. Debian's has it in a file, and so has a checkout of Rust; rustup's has not.
fn linked_version(source: &Path) -> Option<String> {
    fs::read_to_string(source.join("src/version")).ok().map(|version| version.trim().to_owned())
}

/// A target's folder without std's own library is one that somebody has begun.
fn has_std(libraries: &Path) -> bool {
    let Ok(entries) = fs::read_dir(libraries) else { return false };
    let is_std = |name: &str| name.starts_with("libstd-") && name.ends_with(".rlib");
    entries.flatten().any(|entry| is_std(&entry.file_name().to_string_lossy()))
}

/// The folder of `source` in a sysroot, or an error that says what to do about it.
pub(super) fn library_of(source: &Path) -> Result<PathBuf> {
    let library = source.join("library");
    library
        .is_dir()
        .then_some(library)
        .with_context(|| format!("`{}` holds no source of std", source.display()))
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
            State::Found(piece) => piece.from,
            state => panic!("{state:?}"),
        }
    }

    #[test]
    fn an_empty_toolchain_lacks_everything() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(sysroot(root.path()).source(), State::Missing(None));
        assert_eq!(sysroot(root.path()).target(Target::Wasip2), State::Missing(None));
    }

    #[test]
    fn rustups_own_components_are_recognised() {
        let root = tempfile::tempdir().unwrap();
        let rustlib = root.path().join("lib/rustlib");
        put(&rustlib.join("src/rust/library/std/Cargo.toml"), "");
        put(&rustlib.join("manifest-rust-src"), "");
        put(&rustlib.join("wasm32-wasip1/lib/libstd-145b48c578b2b1aa.rlib"), "");
        put(&rustlib.join("manifest-rust-std-wasm32-wasip1"), "");
        assert_eq!(found_from(sysroot(root.path()).source()), "rustup");
        assert_eq!(found_from(sysroot(root.path()).target(Target::Wasip1)), "rustup");
    }

    #[test]
    fn a_target_with_a_c_library_and_no_std_is_missing() {
        let root = tempfile::tempdir().unwrap();
        put(&root.path().join("lib/rustlib/wasm32-wasip2/lib/self-contained/libc.a"), "");
        assert_eq!(sysroot(root.path()).target(Target::Wasip2), State::Missing(None));
    }

    #[test]
    fn a_std_of_ours_is_stale_after_the_compiler_changed() {
        let root = tempfile::tempdir().unwrap();
        let sysroot = sysroot(root.path());
        let folder = sysroot.target_folder(Target::Wasip2);
        put(&folder.join("lib/libstd-1.rlib"), "");
        put(
            &folder.join("clawft-setup.toml"),
            "version = \"1.94.0 (abc 2026-03-01), recipe 1\"\nfrom = \"here\"",
        );
        let State::Missing(Some(note)) = sysroot.target(Target::Wasip2) else { panic!("found") };
        assert!(note.contains("1.94.0"), "{note}");
        let stamp = Stamp { version: sysroot.stamp_version(), from: "here".to_owned() };
        staging::finish(&folder, &stamp).unwrap();
        put(&folder.join("lib/libstd-1.rlib"), "another");
        assert_eq!(sysroot.target(Target::Wasip2), State::Damaged(folder.clone()));
        staging::finish(&folder, &stamp).unwrap();
        assert_eq!(found_from(sysroot.target(Target::Wasip2)), "here");
    }

    #[test]
    #[cfg(unix)]
    fn a_link_to_another_versions_source_is_stale() {
        let root = tempfile::tempdir().unwrap();
        let sysroot = sysroot(root.path());
        let tree = root.path().join("tree");
        put(&tree.join("library/std/Cargo.toml"), "");
        put(&tree.join("src/version"), "1.96.1\n");
        staging::link(&tree, &sysroot.source_folder()).unwrap();
        assert!(matches!(sysroot.source(), State::Missing(Some(_))));
        put(&tree.join("src/version"), "1.95.0\n");
        assert!(matches!(sysroot.source(), State::Found(_)));
    }
}
