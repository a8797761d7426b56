//! `docs/reliability.md` and the cases: each test that it names is one, and each case about a fault is named there.

use std::collections::BTreeSet;

use super::*;

const PAGE: &str = include_str!("../../../../docs/reliability.md");

/// What stands in backticks in the last column of the tables.
fn named() -> BTreeSet<&'static str> {
    let rows = PAGE.lines().filter(|line| line.starts_with("| ") && !line.ends_with("| proved by |"));
    let last = rows.filter_map(|row| row.trim_end_matches([' ', '|']).rsplit(" | ").next());
    last.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect()
}

#[test]
fn every_test_that_the_page_names_is_a_case() {
    let mut cases: BTreeSet<&str> = wasmtime().iter().chain(&host()).map(|case| case.name).collect();
    cases.extend(crate::smoke::weft::case_names());
    let unknown: Vec<_> = named().difference(&cases).copied().collect();
    assert!(unknown.is_empty(), "docs/reliability.md names what is no case: {unknown:#?}");
}

#[test]
fn every_case_about_a_fault_is_on_the_page() {
    let themes = [
        provider::CASES,
        retries::CASES,
        faults::CASES,
        hostile::CASES,
        config::CASES,
        sessions::CASES,
        files::CASES,
        disk::CASES,
        memory::CASES,
        endurance::CASES,
    ];
    let mut cases: BTreeSet<&str> = themes.concat().iter().map(|case| case.name).collect();
    cases.extend(crate::smoke::weft::case_names().filter(|name| name.starts_with("hostile::")));
    let missing: Vec<_> = cases.difference(&named()).copied().collect();
    assert!(missing.is_empty(), "docs/reliability.md does not name {missing:#?}");
}
