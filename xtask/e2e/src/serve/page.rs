//! The table of `docs/serve.md`: hosts and cases.

use std::fmt::Write as _;

use super::{checks::CHECKS, host::HOSTS};

const PAGE: &str = include_str!("../../../../docs/serve.md");

/// Returns the table. What stands there runs as a case, so a case that fails is no "yes".
fn table() -> String {
    let columns: Vec<&str> = CHECKS
        .iter()
        .filter(|check| check.loads)
        .map(|check| check.title)
        .collect();
    let mut table = format!("| host | WASI | {} |\n", columns.join(" | "));
    table.push_str(&"|---".repeat(columns.len() + 2));
    table.push_str("|\n");
    for host in &HOSTS {
        let wasi = if host.p3 { "0.3" } else { "0.2" };
        let cell = if host.loads { "yes" } else { "does not load" };
        let cells = vec![cell; columns.len()].join(" | ");
        // Writing to a string does not fail.
        let _ = writeln!(table, "| {} | {wasi} | {cells} |", host.title);
    }
    table
}

#[test]
fn page_shows_hosts_and_cases() {
    let table = table();
    assert!(
        PAGE.contains(&table),
        "docs/serve.md has to have this table:\n{table}"
    );
}
