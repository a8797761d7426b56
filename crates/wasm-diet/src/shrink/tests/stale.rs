//! Sections that are kept although they no longer fit.

use super::*;

/// Sections of every kind that fits only the original, and others.
const SECTIONS: [(&str, &[u8]); 13] = [
    (".debug_info", b"dwarf"),
    (".debug_line", b"dwarf"),
    ("build_id", b"\x04abcd"),
    ("external_debug_info", b"\x04a.dw"),
    ("linking", b"\x02"),
    ("metadata.code.branch_hint", b"\0"),
    ("reloc.CODE", b"\x03\0"),
    ("signature", b"opaque"),
    ("signature_delimiter", b"opaque"),
    ("sourceMappingURL", b"\x07foo.map"),
    ("licence", b"MIT"),
    ("producers", b"\0"),
    ("contractspecv0", b"soroban"),
];

fn stale(
    binary: &[u8],
    keep: &[&str],
    engine: impl Fn(&Task<'_>) -> Result<Vec<u8>>,
) -> Vec<(String, usize)> {
    let options = Options {
        keep: keep.iter().map(|&name| name.to_owned()).collect(),
        ..Options::default()
    };
    let shrunk = shrink(binary, &options, &mut |task| engine(task)).unwrap();
    let stale = shrunk.report.stale();
    stale.map(|it| (it.name.clone(), it.stale)).collect()
}

fn smaller(_: &Task<'_>) -> Result<Vec<u8>> {
    Ok(module(0, &[]).finish())
}

fn same(task: &Task<'_>) -> Result<Vec<u8>> {
    Ok(task.module.to_vec())
}

#[test]
fn names_every_kept_section_that_no_longer_fits() {
    let input = module(9, &SECTIONS).finish();
    let expected: Vec<_> = SECTIONS[..10]
        .iter()
        .map(|(name, _)| ((*name).to_owned(), 1))
        .collect();
    assert_eq!(stale(&input, &["*"], smaller), expected);
    let stale_by_rule = SECTIONS.map(|(name, _)| custom::rule_of(name).fate == custom::Fate::Stale);
    assert_eq!(stale_by_rule, [[true; 10].as_slice(), &[false; 3]].concat()[..]);
}

#[test]
fn nothing_is_stale_beside_the_same_code() {
    let input = module(9, &SECTIONS).finish();
    assert_eq!(stale(&input, &["*"], same), []);
    assert_eq!(stale(&input, &["*"], |_| bail!("it crashed")), []);
    // Every byte is signed.
    let expected = [("signature".to_owned(), 1), ("signature_delimiter".to_owned(), 1)];
    let all_but_one = [".debug*", "signature*", "sourceMappingURL", "linking"];
    assert_eq!(stale(&input, &all_but_one, same), expected);
}

#[test]
fn source_map_is_stale_once_code_has_moved() {
    // The section in front of the code goes.
    let (bare, _) = crate::sections::detach(&module(9, &[]).finish()).unwrap();
    let front = Module::new()
        .section(&CustomSection {
            name: "producers".into(),
            data: b"\0"[..].into(),
        })
        .clone()
        .finish();
    let url = Module::new()
        .section(&CustomSection {
            name: "sourceMappingURL".into(),
            data: b"\x07foo.map"[..].into(),
        })
        .clone()
        .finish();
    let input = [&front, &bare[8..], &url[8..]].concat();
    assert_eq!(
        stale(&input, &["sourceMappingURL"], same),
        [("sourceMappingURL".to_owned(), 1)]
    );
}

#[test]
fn sections_count_by_module_and_around_them() {
    let debug = module(9, &[(".debug_info", b"x")]);
    let mut binary = Component::new();
    binary
        .section(&ModuleSection(&debug))
        .section(&ModuleSection(&debug));
    let custom = CustomSection {
        name: "build_id".into(),
        data: b"\x04abcd"[..].into(),
    };
    let binary = binary.section(&custom).clone().finish();
    let first = |task: &Task<'_>| match task.number {
        1 => smaller(task),
        _ => same(task),
    };
    let expected = [(".debug_info".to_owned(), 1), ("build_id".to_owned(), 1)];
    assert_eq!(stale(&binary, &[".debug*", "build_id"], first), expected);
    assert_eq!(stale(&binary, &[".debug*", "build_id"], same), []);
}

#[test]
fn report_tells_how_many_names_are_left() {
    let shrunk = run(&with_global().finish(), same).unwrap();
    let names = &shrunk.report.sections[0];
    let of_globals = Names::read(&shrunk.bytes).unwrap().section().unwrap();
    assert_eq!(
        (names.name.as_str(), names.left, names.left_bytes),
        ("name", 1, of_globals.data.len())
    );
    assert!(names.left_bytes < names.bytes);
}
