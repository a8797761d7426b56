//! The packages of a program: those that the lock file resolves to for one package, target and set of features, as
//! `cargo tree` prints them. `cargo metadata` would be wrong here: it merges the features of the whole workspace.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use anyhow::{Context as _, Result, ensure};
use devkit::{cargo::cargo, cmd};
use xshell::Shell;

/// A line of the tree: package, licence, repository and features, separated by tabs, after the depth.
const FORMAT: &str = "{p}\t{l}\t{r}\t{f}";

/// Name and version of a package, which are unique in a lock file with one registry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id {
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
}

/// A package and its dependencies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package {
    /// Whether its code can be in the program; the other packages take part in building it.
    pub linked: bool,
    /// Licence in its manifest, which may be empty.
    pub licence: String,
    /// Repository in its manifest, which may be empty.
    pub repository: String,
    /// The packages that it names as dependencies.
    pub dependencies: BTreeSet<Id>,
}

/// All packages that take part in a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// The package of the program itself.
    pub root: Id,
    /// The enabled features of that package.
    pub features: Vec<String>,
    /// The packages, that of the program among them.
    pub packages: BTreeMap<Id, Package>,
}

impl Tree {
    /// Asks cargo for the packages of `package` when it is built for `target` with `features`, arguments of cargo; the
    /// directory of `shell` is in the workspace.
    ///
    /// # Errors
    /// Fails if `Cargo.lock` would have to change.
    pub fn ask(shell: &Shell, package: &str, features: &[&str], target: &str) -> Result<Self> {
        Self::print(shell, &[&["--package", package], features].concat(), target)
    }

    /// Asks cargo for the packages that the standard library is built with for `target`; `manifest` is that of its
    /// package `sysroot`.
    ///
    /// # Errors
    /// Fails if the source of the standard library is not complete.
    pub fn of_std(shell: &Shell, manifest: &Path, target: &str) -> Result<Self> {
        let manifest = manifest
            .to_str()
            .context("the path of the toolchain is not UTF-8")?;
        Self::print(shell, &["--manifest-path", manifest], target)
    }

    fn print(shell: &Shell, package: &[&str], target: &str) -> Result<Self> {
        let print = |edges: &str| {
            let tree = cargo(shell, "tree")
                .args(package)
                .args(["--target", target, "--edges", edges])
                .args(["--prefix", "depth", "--format", FORMAT])
                // The manifests of the standard library use unstable features.
                .env("RUSTC_BOOTSTRAP", "1");
            cmd::read(
                tree,
                &format!("list the packages of {} for {target}", package.join(" ")),
            )
        };
        Self::parse(&print("normal,build")?, &print("normal,no-proc-macro")?)
    }

    /// Parses the tree of all packages and that of the linked ones, as cargo prints them.
    ///
    /// # Errors
    /// Fails if a line has another form, or if the trees do not belong together.
    pub fn parse(all: &str, linked: &str) -> Result<Self> {
        let mut nodes = all
            .lines()
            .map(Node::parse)
            .collect::<Result<Vec<_>>>()?
            .into_iter()
            .peekable();
        let root = nodes.peek().context("cargo listed nothing")?;
        let features = root
            .features
            .split(',')
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        let mut tree = Self {
            root: root.id.clone(),
            features,
            packages: BTreeMap::new(),
        };
        let mut above: Vec<Id> = Vec::new();
        for node in nodes {
            ensure!(
                node.depth <= above.len(),
                "cargo's tree has no parent for `{}`",
                node.id.name
            );
            above.truncate(node.depth);
            if let Some(parent) = above.last().and_then(|id| tree.packages.get_mut(id)) {
                parent.dependencies.insert(node.id.clone());
            }
            let package = tree.packages.entry(node.id.clone()).or_default();
            (package.licence, package.repository) = (node.licence.to_owned(), node.repository.to_owned());
            above.push(node.id);
        }
        for line in linked.lines() {
            let Node { id, .. } = Node::parse(line)?;
            let package = tree.packages.get_mut(&id);
            package
                .with_context(|| format!("`{}` is linked but not built", id.name))?
                .linked = true;
        }
        Ok(tree)
    }
}

/// A line of cargo's output.
struct Node<'l> {
    depth: usize,
    id: Id,
    licence: &'l str,
    repository: &'l str,
    features: &'l str,
}

impl<'l> Node<'l> {
    /// Parses `1serde v1.0.229 (…)` and the other fields; ` (*)` marks a package that was listed before.
    fn parse(line: &'l str) -> Result<Self> {
        let parts = || {
            let digits = line.find(|c: char| !c.is_ascii_digit())?;
            let (depth, rest) = line.split_at(digits);
            let mut fields = rest.split('\t');
            let (package, licence, repository) = (fields.next()?, fields.next()?, fields.next()?);
            let features = fields.next()?;
            let features = features.strip_suffix("(*)").unwrap_or(features).trim_end();
            let mut words = package.split(' ');
            let name = words.next()?;
            let version = words.next()?.strip_prefix('v')?;
            let id = Id {
                name: name.to_owned(),
                version: version.to_owned(),
            };
            Some(Self {
                depth: depth.parse().ok()?,
                id,
                licence,
                repository,
                features,
            })
        };
        parts().with_context(|| format!("could not understand cargo's line `{line}`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program, a library of the workspace, one from the registry, and a macro with its own library.
    const ALL: &str = "\
0app v0.1.0 (/a path/app)\tMIT\thttps://example.org\tdefault,raw
1lib v0.1.0 (/a path/lib)\tMIT\thttps://example.org\t
2dep v1.0.0+more\tMIT/Apache-2.0\thttps://example.org/dep\tstd
3derive v1.0.0 (proc-macro)\tMIT\t\t
4quote v1.0.47\tMIT\t\t
1lib v0.1.0 (/a path/lib)\tMIT\thttps://example.org\t (*)
1dep v1.0.0+more\tMIT/Apache-2.0\thttps://example.org/dep\tstd (*)";
    const LINKED: &str = "\
0app v0.1.0 (/a path/app)\tMIT\thttps://example.org\tdefault,raw
1lib v0.1.0 (/a path/lib)\tMIT\thttps://example.org\t
2dep v1.0.0+more\tMIT/Apache-2.0\thttps://example.org/dep\tstd";

    fn tree() -> Tree {
        Tree::parse(ALL, LINKED).unwrap()
    }

    #[test]
    fn finds_dependencies_and_linked_packages() {
        let tree = tree();
        assert_eq!(
            (tree.root.name.as_str(), tree.features),
            ("app", vec!["default".into(), "raw".into()])
        );
        let shown: Vec<(&str, bool, Vec<&str>)> = tree
            .packages
            .iter()
            .map(|(id, package)| {
                let names = package.dependencies.iter().map(|id| id.name.as_str()).collect();
                (id.name.as_str(), package.linked, names)
            })
            .collect();
        let expected = [
            ("app", true, vec!["dep", "lib"]),
            ("dep", true, vec!["derive"]),
            ("derive", false, vec!["quote"]),
            ("lib", true, vec!["dep"]),
            ("quote", false, vec![]),
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn refuses_trees_that_are_invalid() {
        for (all, linked) in [
            ("", ""),
            ("app v1", ""),
            ("0app v1\t\t\t\n2x v1\t\t\t", ""),
            (ALL, "0new v1\t\t\t"),
        ] {
            assert!(Tree::parse(all, linked).is_err(), "{all:?}");
        }
    }
}
