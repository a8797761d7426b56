//! Compares `docs/reliability.md` with the cases: each test that it names exists, and it names each case about a
//! fault.

use std::collections::BTreeSet;

use crate::{guests, replicas, weft};

const PAGE: &str = include_str!("../../../docs/reliability.md");

/// Returns the names in backticks in the last column of the tables.
fn named() -> BTreeSet<&'static str> {
    let rows = PAGE
        .lines()
        .filter(|line| line.starts_with("| ") && !line.ends_with("| proved by |"));
    let last = rows.filter_map(|row| row.trim_end_matches([' ', '|']).rsplit(" | ").next());
    last.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect()
}

#[test]
fn every_test_on_the_page_exists() {
    let cases: BTreeSet<&str> = guests::cases::names()
        .chain(weft::case_names())
        .chain(replicas::case_names())
        .collect();
    let unknown: Vec<_> = named().difference(&cases).copied().collect();
    assert!(
        unknown.is_empty(),
        "docs/reliability.md names what is no case: {unknown:#?}"
    );
}

/// The groups of cases about faults, on wasmtime.
const FAULTS: [&str; 10] = [
    "provider",
    "retries",
    "faults",
    "hostile",
    "config",
    "sessions",
    "files",
    "disk",
    "memory",
    "endurance",
];

#[test]
fn every_case_about_fault_is_on_page() {
    let in_groups =
        |name: &&str, groups: &[&str]| groups.contains(&name.split("::").next().unwrap_or_default());
    let mut cases: BTreeSet<&str> = guests::cases::names()
        .filter(|name| in_groups(name, &FAULTS))
        .collect();
    assert!(
        FAULTS
            .iter()
            .all(|group| cases.iter().any(|name| in_groups(name, &[group]))),
        "a group is empty"
    );
    cases.extend(weft::case_names().filter(|name| in_groups(name, &["hostile"])));
    cases.extend(replicas::case_names().filter(|name| in_groups(name, &["outage", "crash"])));
    let missing: Vec<_> = cases.difference(&named()).copied().collect();
    assert!(
        missing.is_empty(),
        "docs/reliability.md does not name {missing:#?}"
    );
}
