//! `xtask/data/mutants.toml` as closed types.

use anyhow::{Context as _, Result};
use serde::Deserialize;

/// The content of the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Policy {
    #[serde(rename = "package")]
    pub(super) packages: Vec<Package>,
    #[serde(default)]
    pub(super) elsewhere: Vec<Module>,
    #[serde(default, rename = "survivor")]
    pub(super) survivors: Vec<Survivor>,
}

/// A package that is mutated.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Package {
    pub(super) name: String,
    /// Minimum share of viable mutants that are caught, in percent; `None` for a package that needs `--diff`.
    pub(super) floor: Option<u64>,
    /// The packages whose tests have to catch its mutants; if empty, the package itself.
    #[serde(default)]
    pub(super) tests: Vec<String>,
}

/// A module inside a file that the native build leaves out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Module {
    pub(super) path: String,
    pub(super) module: String,
    /// The command that runs it, for readers.
    #[expect(dead_code, reason = "the file has to say it")]
    pub(super) run_by: String,
}

/// An accepted survivor.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(super) struct Survivor {
    /// Its name, see [`Mutant`](super::outcome::Mutant).
    pub(super) mutant: String,
    pub(super) reason: String,
}

impl Policy {
    /// Reads the file, which is compiled in.
    pub(super) fn load() -> Result<Self> {
        toml::from_str(include_str!("../../../data/mutants.toml"))
            .context("could not parse xtask/data/mutants.toml")
    }

    /// Returns the accepted survivors in `package`.
    pub(super) fn accepted(&self, package: &Package) -> impl Iterator<Item = &Survivor> {
        let directory = package.directory();
        self.survivors
            .iter()
            .filter(move |survivor| survivor.mutant.starts_with(&directory))
    }
}

impl Package {
    /// Returns the directory of its sources relative to the workspace's root, with a final `/`.
    pub(super) fn directory(&self) -> String {
        format!("crates/{}/src/", self.name)
    }
}

impl Module {
    /// Returns a regular expression for the names of its mutants, as cargo-mutants prints them.
    pub(super) fn pattern(&self) -> String {
        format!(
            "^{}:[0-9]+:[0-9]+: .*\\b{}::",
            self.path.replace('.', "\\."),
            self.module
        )
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn file_names_existing_sources() {
        let policy = Policy::load().unwrap();
        let root = devkit::project::root().unwrap();
        for Module { path, module, .. } in &policy.elsewhere {
            let text = fs::read_to_string(root.join(path)).unwrap();
            assert!(
                text.contains(&format!("mod {module} {{")),
                "{path} has no module {module}"
            );
        }
        for Survivor { mutant, reason } in &policy.survivors {
            let (path, change) = mutant.split_once(": ").unwrap();
            assert!(root.join(path).is_file() && !change.is_empty(), "{mutant}");
            assert!(!reason.trim().is_empty(), "{mutant} has no reason");
            assert!(
                policy
                    .packages
                    .iter()
                    .any(|package| path.starts_with(&package.directory())),
                "{mutant} is in no package"
            );
        }
        for package in &policy.packages {
            assert!(root.join(package.directory()).is_dir(), "{}", package.name);
            assert!(
                package.floor.is_none_or(|floor| (1..=100).contains(&floor)),
                "{}",
                package.name
            );
        }
    }

    #[test]
    fn unknown_keys_are_refused() {
        for text in [
            "[[package]]\nname = 'p'\nflor = 90",
            "[[survivor]]\nmutant = 'm'\nwhy = 'w'",
        ] {
            assert!(toml::from_str::<Policy>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn module_pattern_is_exact() {
        let module = Module {
            path: "src/a.rs".to_owned(),
            module: "sub".to_owned(),
            run_by: String::new(),
        };
        assert_eq!(module.pattern(), r"^src/a\.rs:[0-9]+:[0-9]+: .*\bsub::");
    }
}
