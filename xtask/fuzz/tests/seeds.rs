//! Replays the seeds without a fuzzer, so that a fixed crash stays fixed.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
};

use fuzz_targets::TARGETS;

/// Returns the directory of the seeds. It is found at run time, since a checkout that was moved keeps its
/// compiled tests.
fn seeds() -> PathBuf {
    let package = env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs the tests");
    Path::new(&package).join("seeds")
}

#[test]
fn every_target_holds_for_its_seeds() {
    let seeds = seeds();
    for target in TARGETS {
        let directory = seeds.join(target.name);
        let mut files: Vec<_> = fs::read_dir(&directory)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        assert!(!files.is_empty(), "`{}` holds no seeds", directory.display());
        for file in files {
            // Shown if the check below panics.
            println!("{}", file.display());
            (target.check)(&fs::read(&file).unwrap());
        }
    }
}

#[test]
fn every_target_is_a_program() {
    let targets = fs::read_dir(seeds().with_file_name("fuzz_targets")).unwrap();
    let names: BTreeSet<String> = targets
        .map(|entry| {
            entry
                .unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(names, TARGETS.map(|target| target.name.to_owned()).into());
    let manifest = fs::read_to_string(seeds().with_file_name("Cargo.toml")).unwrap();
    for name in names {
        let path = format!("path = \"fuzz_targets/{name}.rs\"\nrequired-features");
        assert!(manifest.contains(&path), "Cargo.toml has no program `{name}`");
    }
}

#[test]
fn every_directory_of_seeds_has_its_target() {
    let seeds = fs::read_dir(seeds()).unwrap();
    let directories: BTreeSet<String> = seeds
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(
        directories,
        TARGETS.iter().map(|target| target.name.to_owned()).collect()
    );
}
