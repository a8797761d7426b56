//! The documents against the files: the map of the code has a row for each of its places, links lead to files, and the
//! commands of tests name packages and test targets that exist.

use std::{collections::BTreeSet, path::Path};

use crate::checkout;

/// Files at the root that are known to everyone, or that ARCHITECTURE.md names in its text.
const KNOWN: [&str; 14] = [
    ".dockerignore",
    ".editorconfig",
    ".gitattributes",
    ".gitignore",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Dockerfile",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "rust-toolchain.toml",
    "rustfmt.toml",
];

/// A template whose links are those of the page that is made from it.
const TEMPLATE: &str = "xtask/bench/src/page.md";

/// Returns the faults of the documents that git tracks or would add at `root`.
pub(crate) fn faults_of_checkout(root: &Path) -> Vec<String> {
    let texts = checkout::texts(root, "");
    let files: BTreeSet<&str> = texts.iter().map(|(name, _)| name.as_str()).collect();
    let documents = texts
        .iter()
        .filter(|(name, _)| name.ends_with(".md") && name != TEMPLATE);
    let of_document = |(name, text): &(String, String)| {
        let tests = commands_of_tests(text).filter_map(|words| unknown_test(&files, &words));
        let links = links(text).filter(|link| !leads_somewhere(root, name, link));
        let links = links.map(|link| format!("the link `{link}` leads nowhere"));
        let found = links.chain(tests).map(|fault| format!("{name}: {fault}"));
        found.collect::<Vec<_>>()
    };
    let map = texts.iter().find(|(name, _)| name == "ARCHITECTURE.md");
    let unmapped = unmapped(&files, map.map_or("", |(_, text)| text));
    documents.flat_map(of_document).chain(unmapped).collect()
}

/// Returns a fault for each place among `files` without a row in `map`, and for each row without a place.
fn unmapped(files: &BTreeSet<&str>, map: &str) -> Vec<String> {
    let rows: BTreeSet<String> = rows(map).collect();
    let places: BTreeSet<String> = files.iter().map(|file| place(file)).collect();
    let without_row = places.iter().filter(|place| {
        let holds = |row: &String| row == *place || row.starts_with(&format!("{place}/"));
        !KNOWN.contains(&place.as_str()) && !rows.iter().any(holds)
    });
    let without_row = without_row.map(|place| format!("ARCHITECTURE.md has no row for `{place}`"));
    let without_place = rows.iter().filter(|row| {
        let below = format!("{row}/");
        !files.iter().any(|file| file == row || file.starts_with(&below))
    });
    let without_place =
        without_place.map(|row| format!("ARCHITECTURE.md has a row for `{row}`, which is not there"));
    without_row.chain(without_place).collect()
}

/// Returns the part of `file`'s path that has a row: a package of the two directories of packages, or what is at the
/// root.
fn place(file: &str) -> String {
    let parts: Vec<&str> = file.split('/').collect();
    let has_packages = ["crates", "xtask"].contains(&parts[0]) && parts.len() > 2;
    let own = ["src", "tests"].contains(parts.get(1).unwrap_or(&""));
    parts[..if has_packages && !own { 2 } else { 1 }].join("/")
}

/// Returns the names in the first column of the table below `## Code map`.
fn rows(map: &str) -> impl Iterator<Item = String> {
    let section = map.split("\n## ").find(|section| section.starts_with("Code map"));
    let columns = section
        .unwrap_or_default()
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split(" |").next());
    // Every other part is between backticks; the first backtick is the one of the prefix.
    let names = columns.flat_map(|column| column.split('`').step_by(2));
    names.map(|name| name.trim_end_matches('/').to_owned())
}

/// Returns the destinations of the relative links of a document, without the heading that they may name.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let ends = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let relative = ends.filter(|link| !link.contains("://") && !link.starts_with('#') && !link.contains(' '));
    relative.filter_map(|link| link.split('#').next())
}

fn leads_somewhere(root: &Path, document: &str, link: &str) -> bool {
    let directory = root.join(document);
    directory
        .parent()
        .is_some_and(|directory| directory.join(link).exists())
}

/// Returns the words after `cargo test` in code and in lines of a console.
fn commands_of_tests(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let rests = text.split("cargo test ").skip(1);
    rests.map(|rest| {
        let end = rest.find(['`', '\n', ')']).unwrap_or(rest.len());
        rest[..end].split(' ').collect()
    })
}

/// Returns the fault of a command that names a package or a test target that is not there.
fn unknown_test(files: &BTreeSet<&str>, words: &[&str]) -> Option<String> {
    let after = |option: &'static str| {
        let pairs = words.windows(2).filter(move |pair| pair[0] == option);
        pairs.map(|pair| pair[1])
    };
    let directory = |name: &str| match name {
        "xtask" => Some("xtask".to_owned()),
        _ => ["crates", "xtask"]
            .iter()
            .map(|parent| format!("{parent}/{name}"))
            .find(|directory| files.contains(format!("{directory}/Cargo.toml").as_str())),
    };
    let unknown = after("-p").find(|name| directory(name).is_none());
    if let Some(name) = unknown {
        return Some(format!(
            "`cargo test -p {name}` names no package of the workspace"
        ));
    }
    let directories: Vec<String> = after("-p").filter_map(directory).collect();
    let has = |target: &str| {
        let paths = |directory: &String| {
            [
                format!("{directory}/tests/{target}.rs"),
                format!("{directory}/tests/{target}/main.rs"),
            ]
        };
        directories
            .iter()
            .flat_map(paths)
            .any(|path| files.contains(path.as_str()))
    };
    let unknown = after("--test").find(|target| !has(target));
    unknown.map(|target| format!("`--test {target}` names no test target of {directories:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_places_and_rows_without_each_other() {
        let files = BTreeSet::from([
            "README.md",
            "crates/a/src/lib.rs",
            "ci/run",
            "xtask/src/main.rs",
            "xtask/b/src/b.rs",
        ]);
        let map = "# A\n\n## Code map\n\n| `crates/a/` | a |\n| `ci/` | |\n| `xtask/` | |\n| `gone/`, `README.md` | |\n\n## B\n| `c` | |\n";
        assert_eq!(
            unmapped(&files, map),
            [
                "ARCHITECTURE.md has no row for `xtask/b`",
                "ARCHITECTURE.md has a row for `gone`, which is not there",
            ]
        );
    }

    #[test]
    fn finds_relative_links_and_their_files() {
        let text = "[a](b.md#c) [d](https://e.f) [g](#h) [i](../docs)";
        assert_eq!(links(text).collect::<Vec<_>>(), ["b.md", "../docs"]);
        let root = crate::root();
        assert!(leads_somewhere(&root, "docs/README.md", "../examples/rust"));
        assert!(!leads_somewhere(&root, "docs/README.md", "examples/rust"));
    }

    #[test]
    fn finds_tests_of_unknown_packages_and_targets() {
        let files = BTreeSet::from([
            "crates/a/Cargo.toml",
            "crates/a/tests/t.rs",
            "xtask/tests/tidy/main.rs",
        ]);
        let found = |text: &'static str| -> Vec<String> {
            commands_of_tests(text)
                .filter_map(|words| unknown_test(&files, &words))
                .collect()
        };
        assert_eq!(
            found("`cargo test -p a --test t` and `cargo test`\n$ cargo test -p xtask --test tidy\n"),
            [""; 0]
        );
        assert_eq!(
            found("`cargo test -p a -p b`"),
            ["`cargo test -p b` names no package of the workspace"]
        );
        assert_eq!(found("`cargo test -p a --test u`").len(), 1);
    }
}
