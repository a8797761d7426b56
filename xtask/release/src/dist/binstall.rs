//! Tests of the metadata for `cargo binstall` in the manifest of `weft`: it finds the archives of a release, and
//! nothing else. The cases `binstall::` of `cargo xtask smoke install` run cargo-binstall itself.

use std::fs;

use devkit::project::Project;
use flags::values::Target;
use toml::{Table, Value};

use super::execute::{VERSION, archive_name, archive_stem};

/// The targets of Rust that users have, with the released ones that run there.
const OTHERS: [(&str, Target); 3] = [
    ("x86_64-unknown-linux-gnu", Target::LinuxAmd64),
    ("aarch64-unknown-linux-gnu", Target::LinuxArm64),
    ("x86_64-pc-windows-msvc", Target::WindowsAmd64),
];

/// Returns the value of `key` for `target`, with all names replaced.
fn expanded(metadata: &Table, target: &str, key: &str, program: &str) -> String {
    let overrides = metadata["overrides"].get(target).and_then(|own| own.get(key));
    let text = overrides
        .or_else(|| metadata.get(key))
        .and_then(Value::as_str)
        .unwrap();
    let (bin, extension) = match program.strip_suffix(".exe") {
        Some(bin) => (bin, ".exe"),
        None => (program, ""),
    };
    let names = [
        ("repo", env!("CARGO_PKG_REPOSITORY")),
        ("version", VERSION),
        ("target", target),
        ("bin", bin),
        ("binary-ext", extension),
    ];
    names.into_iter().fold(text.to_owned(), |text, (name, value)| {
        text.replace(&format!("{{ {name} }}"), value)
    })
}

/// Returns the metadata in the manifest of `weft`.
fn metadata() -> Table {
    let root = Project::discover().unwrap().root;
    let manifest = fs::read_to_string(root.join("crates/weft/Cargo.toml")).unwrap();
    let manifest: Table = manifest.parse().unwrap();
    manifest["package"]["metadata"]["binstall"]
        .as_table()
        .unwrap()
        .clone()
}

#[test]
fn binstall_installs_no_crate_of_this_name() {
    let disabled = Value::from(vec!["quick-install", "compile"]);
    assert_eq!(metadata()["disabled-strategies"], disabled);
}

#[test]
fn binstall_finds_archive_and_program_of_every_target() {
    let metadata = metadata();
    let own = Target::ALL.map(|target| (target.triple(), target));
    for (triple, target) in own.into_iter().chain(OTHERS) {
        let program = target.program();
        assert_eq!(
            expanded(&metadata, triple, "pkg-url", program),
            format!(
                "{}/releases/download/v{VERSION}/{}",
                env!("CARGO_PKG_REPOSITORY"),
                archive_name(target)
            ),
        );
        assert_eq!(
            expanded(&metadata, triple, "bin-dir", program),
            format!("{}/{program}", archive_stem(target))
        );
    }
}
