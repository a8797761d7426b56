//! Replays the seeds without a fuzzer: what once was a crash stays mended.

use std::{collections::BTreeSet, fs, path::Path};

use fuzz_targets::TARGETS;

#[test]
fn every_target_holds_for_its_seeds() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    for target in TARGETS {
        let folder = seeds.join(target.name);
        let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        assert!(!files.is_empty(), "`{}` holds no seeds", folder.display());
        for file in files {
            // Shown where the check below panics.
            println!("{}", file.display());
            (target.check)(&fs::read(&file).unwrap());
        }
    }
}

#[test]
fn every_folder_of_seeds_has_its_target() {
    let seeds = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds")).unwrap();
    let folders: BTreeSet<String> =
        seeds.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(folders, TARGETS.iter().map(|target| target.name.to_owned()).collect());
}
