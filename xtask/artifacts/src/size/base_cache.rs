//! The sizes of commits that were built as bases before, so that a second comparison builds nothing.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use builds::{
    digest::Sha256,
    files::{self, replace},
};
use devkit::{cmd, project::Project, ui};
use flags::values::Artifact;
use wasm_diet::Profile;
use xshell::cmd;

/// The kept sizes that one builder made.
#[derive(Debug)]
pub(super) struct BaseCache {
    directory: PathBuf,
    /// Digest of everything but the commit that the sizes depend on.
    builder: Sha256,
}

impl BaseCache {
    /// Returns the cache for this program and the compiler of `project`. This program shrinks and measures the
    /// artifacts, and has the digest of the optimiser's sources in it.
    ///
    /// # Errors
    /// Fails if the program or the compiler's version cannot be read.
    pub(super) fn of(project: &Project) -> Result<Self> {
        let program = env::current_exe().context("could not find the running program")?;
        let shell = project.shell()?;
        let compiler = cmd::read(
            cmd!(shell, "rustc --version --verbose"),
            "ask rustc for its version",
        )?;
        Ok(Self {
            directory: project.target.join("xtask").join("bases"),
            builder: builder(&files::read(&program)?, &compiler),
        })
    }

    /// Returns the sizes of the commit: kept ones, else those that `build` returns, which are kept unless an
    /// artifact is missing. A damaged file counts as missing.
    ///
    /// # Errors
    /// Fails if the commit cannot be built, or its sizes cannot be kept.
    pub(super) fn profile(&self, commit: &str, build: impl FnOnce() -> Result<Profile>) -> Result<Profile> {
        let path = self.path(commit);
        if let Some(profile) = kept(&path) {
            ui::status("Fresh", &format!("the base, {commit}"));
            return Ok(profile);
        }
        let profile = build()?;
        if profile.artifacts.len() == Artifact::ALL.len() {
            fs::create_dir_all(&self.directory)
                .with_context(|| format!("could not make the directory `{}`", self.directory.display()))?;
            let sizes = serde_json::to_string(&profile).context("could not write the sizes as JSON")?;
            replace(&path, sealed(&sizes).as_bytes())?;
        }
        Ok(profile)
    }

    fn path(&self, commit: &str) -> PathBuf {
        let key = Sha256::of(format!("{commit} {}", self.builder).as_bytes());
        self.directory.join(format!("{key}.json"))
    }
}

fn builder(program: &[u8], compiler: &str) -> Sha256 {
    Sha256::of(format!("{} {}", Sha256::of(program), compiler).as_bytes())
}

/// Returns the text of a file: the digest of `sizes` in the first line, then the sizes.
fn sealed(sizes: &str) -> String {
    format!("{}\n{sizes}", Sha256::of(sizes.as_bytes()))
}

/// Returns the sizes in the file, unless it is missing or damaged.
fn kept(path: &Path) -> Option<Profile> {
    let text = fs::read_to_string(path).ok()?;
    let (_, sizes) = text.split_once('\n')?;
    if sealed(sizes) != text {
        return None;
    }
    serde_json::from_str(sizes).ok()
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, collections::BTreeMap};

    use wasm_diet::Anatomy;

    use super::*;

    /// A cache in a directory, with the number of builds.
    struct Fixture {
        directory: tempfile::TempDir,
        builds: Cell<usize>,
    }

    impl Fixture {
        fn new() -> Self {
            Self {
                directory: tempfile::tempdir().unwrap(),
                builds: Cell::new(0),
            }
        }

        fn cache(&self, program: &[u8], compiler: &str) -> BaseCache {
            BaseCache {
                directory: self.directory.path().join("bases"),
                builder: builder(program, compiler),
            }
        }

        /// Asks the cache for a commit of which `artifacts` can be built, and returns the number of builds so far.
        fn ask(&self, cache: &BaseCache, commit: &str, artifacts: &[&str]) -> usize {
            let build = || {
                self.builds.set(self.builds.get() + 1);
                Ok(profile(commit, artifacts))
            };
            let found = cache.profile(commit, build).unwrap();
            assert_eq!(found.revision.as_deref(), Some(commit));
            assert_eq!(found.artifacts.len(), artifacts.len());
            self.builds.get()
        }
    }

    fn profile(commit: &str, artifacts: &[&str]) -> Profile {
        let anatomy: Anatomy = serde_json::from_str(r#"{ "raw": 0, "gzip": 0, "items": [] }"#).unwrap();
        let artifacts = artifacts.iter().map(|name| ((*name).to_owned(), anatomy.clone()));
        Profile {
            revision: Some(commit.to_owned()),
            artifacts: BTreeMap::from_iter(artifacts),
        }
    }

    const ALL: [&str; 4] = [
        "clawft.wasm",
        "clawft-wasip1.wasm",
        "clawft-serve.wasm",
        "clawft-serve-p3.wasm",
    ];

    #[test]
    fn builds_each_commit_once() {
        let fixture = Fixture::new();
        let cache = fixture.cache(b"program", "rustc 1");
        assert_eq!(fixture.ask(&cache, "a", &ALL), 1);
        assert_eq!(fixture.ask(&cache, "a", &ALL), 1);
        assert_eq!(fixture.ask(&cache, "b", &ALL), 2);
    }

    #[test]
    fn another_program_or_compiler_builds_anew() {
        let fixture = Fixture::new();
        assert_eq!(fixture.ask(&fixture.cache(b"program", "rustc 1"), "a", &ALL), 1);
        assert_eq!(fixture.ask(&fixture.cache(b"programs", "rustc 1"), "a", &ALL), 2);
        assert_eq!(fixture.ask(&fixture.cache(b"program", "rustc 2"), "a", &ALL), 3);
        assert_eq!(fixture.ask(&fixture.cache(b"program", "rustc 1"), "a", &ALL), 3);
    }

    #[test]
    fn builds_damaged_entry_anew() {
        let fixture = Fixture::new();
        let cache = fixture.cache(b"program", "rustc 1");
        assert_eq!(fixture.ask(&cache, "a", &ALL), 1);
        let path = cache.path("a");
        let text = fs::read_to_string(&path).unwrap();
        let damaged = [
            String::new(),
            text[..text.len() / 2].to_owned(),
            text.replace(r#""gzip":0"#, r#""gzip":7"#),
        ];
        for (index, bytes) in damaged.iter().enumerate() {
            assert_ne!(*bytes, text);
            fs::write(&path, bytes).unwrap();
            assert_eq!(fixture.ask(&cache, "a", &ALL), index + 2);
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn keeps_no_sizes_without_all_artifacts() {
        let fixture = Fixture::new();
        let cache = fixture.cache(b"program", "rustc 1");
        assert_eq!(fixture.ask(&cache, "a", &ALL[..1]), 1);
        assert_eq!(fixture.ask(&cache, "a", &ALL), 2);
        assert_eq!(fixture.ask(&cache, "a", &ALL), 2);
    }
}
