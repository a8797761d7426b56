//! Shrinking and explaining a WebAssembly binary.

use wasm_diet::{Anatomy, Options, Owners, Part, deflate, features, shrink, shrink::Task};

/// A binary that is accepted is valid afterwards, not larger, and needs no other features; shrinking it again changes
/// nothing. Its parts add up to it.
pub fn check(bytes: &[u8]) {
    // The engine drops a part of what it gets, by the input: every result must do no harm.
    let options = Options::default();
    let mut cut = |task: &Task<'_>| {
        let keep = task.module.len() - usize::from(bytes.last() == Some(&0)).min(task.module.len());
        Ok(task.module.get(..keep).unwrap_or_default().to_vec())
    };
    match shrink(bytes, &options, &mut cut) {
        Ok(shrunk) => {
            assert!(shrunk.bytes.len() <= bytes.len(), "the binary grew");
            features::accepts(&shrunk.bytes, &shrunk.report.features).expect("a valid binary");
            let again = shrink(&shrunk.bytes, &options, &mut cut).expect("a binary that can be shrunk again");
            assert_eq!(again.bytes, shrunk.bytes, "the second time changes the binary");
        }
        Err(error) => assert!(!error.to_string().is_empty(), "an error says something"),
    }
    if let Ok(anatomy) = Anatomy::of_file(bytes, &Owners::default()) {
        let sum = |of: fn(&Part) -> usize| anatomy.parts.iter().map(of).sum::<usize>();
        assert_eq!(sum(|part| part.size.raw), bytes.len(), "the parts do not add up");
        let compressed = deflate::gzip(bytes).expect("a compressed binary");
        assert_eq!(
            sum(|part| part.size.gzip),
            compressed.len(),
            "the compressed parts do not add up"
        );
    }
}
