//! The archives of `wasm-diet`: a static program for Linux with Binaryen inside, compiled and linked by zig.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use builds::files::{Mode, read, replace};
use devkit::{project::Project, revision, ui};
use flags::{Dist, values::Target};

use super::{
    archive::{self, Entries, Entry},
    build::{Package, build},
    check::{Directories, check},
    describe::data,
    execute::{VERSION, make_directory, release_directory},
    sums,
};

/// The name of the program in its archive.
pub(crate) const PROGRAM: &str = "wasm-diet";

/// The documents, by their path in the checkout and in the archive.
const DOCUMENTS: [(&str, &str); 4] = [
    ("LICENSE-APACHE", "LICENSE-APACHE"),
    ("LICENSE-MIT", "LICENSE-MIT"),
    ("crates/wasm-diet/README.md", "README.md"),
    ("docs/wasm-diet.md", "wasm-diet.md"),
];

/// Returns the name of the archive of `target` without `.tar.gz`.
fn archive_stem(target: Target) -> String {
    format!("{PROGRAM}-{VERSION}-{}", target.triple())
}

/// Returns the file name of the archive of `target`.
pub(crate) fn archive_name(target: Target) -> String {
    format!("{}.tar.gz", archive_stem(target))
}

/// Makes the archives of the requested targets, by default those of this machine's processor.
///
/// # Errors
/// Fails if a target is not Linux, or if a program cannot be built or must not ship.
pub(super) fn run(project: &Project, flags: &Dist) -> Result<()> {
    let targets = targets(&flags.targets)?;
    let package = Package {
        name: PROGRAM,
        features: notices::BINARYEN,
    };
    ui::status(
        "Building",
        "wasm-diet with Binaryen: C++, which takes many minutes",
    );
    let revision = revision::of(project)?.unwrap_or_default();
    let built = build(project, package, &targets, &revision, flags.locked)?;
    let directories = Directories::new(project)?;
    let release = release_directory(&project.dist);
    make_directory(&release)?;
    let mut made = Vec::new();
    for (target, path) in built {
        let bytes = read(&path)?;
        check(&bytes, target, &directories)
            .with_context(|| format!("{PROGRAM} for {target} must not ship"))?;
        let packed = pack(project, target, bytes)?;
        let name = archive_name(target);
        replace(&release.join(&name), &packed)?;
        made.push(name);
    }
    sums::write(&release)?;
    ui::result(&made.join("\n"))
}

/// Returns the targets to build for.
fn targets(requested: &[Target]) -> Result<Vec<Target>> {
    let own = Target::of_this_machine();
    let targets = match requested {
        [] => own.into_iter().collect(),
        _ => requested.to_vec(),
    };
    let wrong: Vec<&str> = targets
        .iter()
        .filter(|target| !target.is_static())
        .map(|target| target.name())
        .collect();
    ensure!(
        wrong.is_empty() && !targets.is_empty(),
        "`wasm-diet` is released for Linux only, such as `--target linux-amd64`; elsewhere, \
         `cargo install --path crates/wasm-diet --features binaryen` makes it"
    );
    Ok(targets)
}

fn pack(project: &Project, target: Target, bytes: Vec<u8>) -> Result<Vec<u8>> {
    let mut entries = Entries::new();
    for (path, name) in DOCUMENTS {
        let text = fs::read(project.root.join(path)).with_context(|| format!("could not read `{path}`"))?;
        entries.insert(name.to_owned(), data(text));
    }
    let document = notices::document(project, notices::WASM_DIET)?;
    entries.insert(notices::FILE_NAME.to_owned(), data(document.into_bytes()));
    let mode = Mode::Program;
    entries.insert(PROGRAM.to_owned(), Entry { bytes, mode });
    archive::tar_gz(&archive_stem(target), &entries, revision::time(project)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_other_systems_than_linux() {
        assert_eq!(targets(&[Target::LinuxArm64]).unwrap(), [Target::LinuxArm64]);
        let error = targets(&[Target::LinuxAmd64, Target::MacosArm64]).unwrap_err();
        assert!(error.to_string().contains("cargo install"), "{error}");
    }

    #[test]
    fn document_names_every_part_with_cpp() {
        let project = Project::discover().unwrap();
        let document = notices::document(&project, notices::WASM_DIET).unwrap();
        for part in ["wasm-opt-sys", "wasmparser", "libc++", "musl"] {
            assert!(document.contains(part), "{part}");
        }
    }
}
