//! `docs/clients.md`: the table of clients and uses.

use std::fmt::Write as _;

use super::{client::CLIENTS, record::Record};

/// The text before the tables.
const OPENING: &str = "\
# Clients

These clients work with `weft gateway` as they are: only the address is changed. `cargo xtask smoke clients` runs every use below
with the client from its registry, through the gateway, against a [server](../xtask/mock-provider/src/capable.rs) that speaks the
providers' protocols, and checks what the client gets and what the provider is sent. With `BLESS=1` it writes this page.

Uses that begin with \"Claude\" or \"OpenAI's model\" ask a model of the other dialect, so that request and answer are translated.

";

/// Returns the page about `record`.
pub(super) fn render(record: &Record) -> String {
    let mut page = OPENING.to_owned();
    page.push_str("| client | version | uses | work |\n|---|---|---|---|\n");
    let mut all = [0, 0];
    let known = CLIENTS
        .iter()
        .filter_map(|client| Some((client, record.0.get(client.case)?)));
    for (client, found) in known.clone() {
        let working = found.uses.iter().filter(|tried| tried.works).count();
        all = [all[0] + found.uses.len(), all[1] + working];
        let title = client.title;
        let version = &found.version;
        let count = found.uses.len();
        // Writing to a string does not fail.
        let _ = writeln!(page, "| {title} | {version} | {count} | {working} |");
    }
    let _ = writeln!(page, "| all | | {} | {} |", all[0], all[1]);
    for (client, found) in known {
        let _ = write!(page, "\n## {}\n\n| use | works |\n|---|---|\n", client.title);
        for tried in &found.uses {
            let works = if tried.works { "yes" } else { "no" };
            let _ = writeln!(page, "| {} | {works} |", tried.name);
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::clients::client::{Client, Runtime};

    const PAGE: &str = include_str!("../../../../docs/clients.md");

    const PYTHON: &str = include_str!("../../../data/python/clients.txt");

    const NODE: [&str; 2] = [
        include_str!("../../../data/node/clients/package-lock.json"),
        include_str!("../../../data/node/codex/package-lock.json"),
    ];

    fn record() -> Record {
        serde_json::from_str(include_str!("../../../../docs/clients.json")).unwrap()
    }

    #[test]
    fn page_shows_the_record() {
        assert_eq!(PAGE, render(&record()), "run `BLESS=1 cargo xtask smoke clients`");
    }

    #[test]
    fn record_has_exactly_the_clients() {
        let record = record();
        let recorded: BTreeSet<&str> = record.0.keys().map(String::as_str).collect();
        let known: BTreeSet<&str> = CLIENTS.iter().map(|client| client.case).collect();
        assert_eq!(recorded, known);
    }

    #[test]
    fn every_recorded_use_works() {
        for (case, found) in record().0 {
            let failing: Vec<_> = found.uses.iter().filter(|tried| !tried.works).collect();
            assert!(failing.is_empty(), "{case}: {failing:?}");
        }
    }

    #[test]
    fn recorded_versions_are_pinned() {
        let record = record();
        for client in &CLIENTS {
            let version = &record.0[client.case].version;
            assert!(is_pinned(client, version), "{} {version}", client.title);
        }
    }

    fn is_pinned(client: &Client, version: &str) -> bool {
        let package = client.package;
        match client.runtime {
            Runtime::Python(_) => PYTHON
                .lines()
                .any(|line| line.starts_with(&format!("{package}=={version} "))),
            Runtime::Node(_) => NODE
                .iter()
                .any(|lock| lock.contains(&format!("\"{package}\": \"{version}\""))),
        }
    }
}
