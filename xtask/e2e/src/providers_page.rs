//! Compares the table of the tests in `docs/providers.md` with the cases. `BLESS=1 cargo test -p e2e --lib
//! providers_page` writes it.

use std::{collections::BTreeSet, env, fs, path::Path};

use crate::{
    guests,
    providers::{PROVIDERS, Provider},
    weft,
};

const PAGE: &str = include_str!("../../../docs/providers.md");
const KINDS: [&str; 4] = ["whole", "stream", "error", "reasoning"];
const HEADING: &str = "## What is tested\n";

/// Returns the name of a case, which has to run everywhere.
fn case(provider: &Provider, kind: &str) -> String {
    let name = format!("providers::{}_{kind}", provider.name);
    let everywhere = guests::cases::names().any(|known| known == name)
        && guests::cases::wamr_names().any(|known| known == name)
        && weft::case_names().any(|known| known == name);
    assert!(everywhere, "`{name}` does not run everywhere");
    format!("`{name}`")
}

/// Returns the table of the cases.
fn table() -> String {
    let mut table =
        String::from("| provider | whole | stream | error | reasoning |\n|---|---|---|---|---|\n");
    for provider in &PROVIDERS {
        let cells = KINDS.map(|kind| case(provider, kind)).join(" | ");
        table += &format!("| {} | {cells} |\n", provider.name);
    }
    table
}

/// Returns the page with this table.
fn page(table: &str) -> String {
    let (before, section) = PAGE.split_once(HEADING).expect("the heading");
    let start = section.find("| provider |").expect("a table");
    let (text, rest) = section.split_at(start);
    let lines = rest.lines().take_while(|line| line.starts_with('|'));
    let length: usize = lines.map(|line| line.len() + 1).sum();
    [before, HEADING, text, table, &rest[length..]].concat()
}

#[test]
fn page_has_the_table_of_the_cases() {
    let page = page(&table());
    if env::var_os("BLESS").is_some() {
        // Not `env!`: cargo takes the tests for fresh in a checkout that was renamed, too.
        let package = env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs the tests");
        let path = Path::new(&package).join("../../docs/providers.md");
        fs::write(path, page).expect("the page can be written");
    } else {
        assert!(
            page == PAGE,
            "docs/providers.md differs from the cases, write it with `BLESS=1 cargo test -p e2e --lib providers_page`"
        );
    }
}

#[test]
fn every_provider_of_the_page_has_cases() {
    let lines = PAGE.lines().skip_while(|line| !line.starts_with("| `kind`"));
    let rows = lines
        .skip(2)
        .map_while(|line| line.strip_prefix("| `")?.split_once('`'));
    let documented: BTreeSet<_> = rows.map(|(name, _)| name.replace('.', "")).collect();
    let tested = PROVIDERS
        .iter()
        .map(|provider| provider.name.to_owned())
        .collect();
    let missing: Vec<_> = documented.symmetric_difference(&tested).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
