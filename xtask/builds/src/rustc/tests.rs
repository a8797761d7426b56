//! Tests with a compiler that names another host.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand, Node, PackageId, TargetKind};
use devkit::cargo::cargo;

use super::*;

/// A program with a dependency that has a build script.
const SOURCES: [(&str, &str); 6] = [
    (
        "Cargo.toml",
        "[package]\nname = \"tiny\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n\
         below = { path = \"below\" }\n",
    ),
    (
        "Cargo.lock",
        "version = 4\n\n[[package]]\nname = \"below\"\nversion = \"0.0.0\"\n\n[[package]]\nname = \"tiny\"\n\
         version = \"0.0.0\"\ndependencies = [\n \"below\",\n]\n",
    ),
    (
        "src/main.rs",
        "fn main() {\n    println!(\"{}\", below::twice(std::env::args().count()));\n}\n",
    ),
    (
        "below/Cargo.toml",
        "[package]\nname = \"below\"\nversion = \"0.0.0\"\nedition = \"2024\"\n",
    ),
    ("below/build.rs", "fn main() {}\n"),
    (
        "below/src/lib.rs",
        "#[inline(never)]\npub fn twice(n: usize) -> usize {\n    n * 2\n}\n",
    ),
];

struct Fixture {
    directory: tempfile::TempDir,
    /// The real host.
    host: String,
}

impl Fixture {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in SOURCES {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let shell = Shell::new().unwrap();
        let version = cmd::read(cmd!(shell, "rustc -vV"), "ask for the host").unwrap();
        let host = host(&version).unwrap().to_owned();
        Self { directory, host }
    }

    /// Builds the program here, or on another host, and returns its bytes.
    fn built(&self, elsewhere: bool, independent: bool) -> Vec<u8> {
        let shell = Shell::new().unwrap();
        let root = self.directory.path();
        shell.change_dir(root);
        let target = root.join(format!("target-{elsewhere}-{independent}"));
        let mut build = cargo(&shell, "build")
            .args(["--quiet", "--release", "--target", &self.host, "--target-dir"])
            .arg(&target)
            .env_remove("RUSTC_WRAPPER");
        let mut rustc = OsString::from("rustc");
        if elsewhere {
            let another = root.join("another");
            build = on_another_host(&shell, &another, build, Path::new("rustc")).unwrap();
            rustc = another.join("rustc").into_os_string();
            shell.set_var("REAL_RUSTC", "rustc");
            shell.set_var("ANOTHER_HOST", "s390x-unknown-linux-gnu");
        }
        if independent {
            build = named(&shell, &root.join("one"), build, rustc).unwrap();
        }
        cmd::run(build, "build the program").unwrap();
        files::read(&target.join(&self.host).join("release/tiny")).unwrap()
    }
}

#[test]
fn finds_host_in_version() {
    assert_eq!(
        host("rustc 1.95.0\nbinary: rustc\nhost: a-b-c\nrelease: 1.95.0"),
        Some("a-b-c")
    );
    assert_eq!(host("rustc 1.95.0"), None);
}

#[test]
fn builds_same_bytes_on_two_hosts() {
    let fixture = Fixture::new();
    assert!(
        fixture.built(false, true) == fixture.built(true, true),
        "the programs differ"
    );
    assert!(
        fixture.built(false, false) != fixture.built(true, false),
        "the host makes no difference, so this test shows nothing"
    );
}

/// The hosts on which the artifacts can be built.
const HOSTS: [&str; 4] = [
    HOST,
    "aarch64-unknown-linux-gnu",
    "aarch64-apple-darwin",
    "x86_64-apple-darwin",
];

/// A build script or macro that depended on other packages on another host would have another identity there.
#[test]
fn build_scripts_use_same_packages_on_all_hosts() {
    let [first, others @ ..] = HOSTS.map(compiled_for_host);
    assert!(first.len() > 10, "not all packages are found: {first:?}");
    for other in others {
        assert_eq!(first, other);
    }
}

/// Returns the packages that builds for `host` compile for the host itself, with their dependencies.
fn compiled_for_host(host: &str) -> BTreeMap<PackageId, BTreeSet<PackageId>> {
    let metadata = MetadataCommand::new()
        .manifest_path(devkit::project::root().unwrap().join("Cargo.toml"))
        .other_options([
            "--locked".to_owned(),
            "--filter-platform".to_owned(),
            host.to_owned(),
        ])
        .exec()
        .unwrap();
    let is_macro = |id: &PackageId| {
        let targets = &metadata[id].targets;
        targets
            .iter()
            .any(|target| target.kind.contains(&TargetKind::ProcMacro))
    };
    let resolved = metadata.resolve.as_ref().unwrap();
    let nodes: BTreeMap<&PackageId, &Node> = resolved.nodes.iter().map(|node| (&node.id, node)).collect();
    let mut next: Vec<(&PackageId, bool)> = metadata
        .packages
        .iter()
        .filter(|package| ["clawft-wasm", "weft"].contains(&package.name.as_str()))
        .map(|package| (&package.id, false))
        .collect();
    let mut seen = BTreeSet::new();
    let mut compiled = BTreeMap::new();
    while let Some((id, for_host)) = next.pop() {
        if !seen.insert((id, for_host)) {
            continue;
        }
        let mut dependencies = BTreeSet::new();
        for dependency in &nodes[id].deps {
            for kind in &dependency.dep_kinds {
                if kind.kind == DependencyKind::Development {
                    continue;
                }
                let is_build = kind.kind == DependencyKind::Build;
                next.push((&dependency.pkg, for_host || is_build || is_macro(&dependency.pkg)));
                dependencies.insert(dependency.pkg.clone());
            }
        }
        if for_host {
            compiled.insert(id.clone(), dependencies);
        }
    }
    compiled
}
