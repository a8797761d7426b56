//! The READMEs of packages: every package of more than a screen has one, and the modules, files, names and tests in it
//! exist.
//!
//! A table whose first heading is `module` has exactly the modules of the package, or of the directory below `src/`
//! that the heading names. So a new module needs a row, and whoever looks for the room for a change finds it. Every
//! large package with modules has such a table, but those of [`FOR_USERS`].

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use crate::{checkout, test_names};

/// The number of lines of Rust in `src/` that a package may have without a README.
const LINES: usize = 150;

/// The packages whose READMEs are for their users.
const FOR_USERS: [&str; 1] = ["crates/wasm-diet"];

/// The endings of files that are always ours. Names with other endings may be those of users and of other projects.
const ENDINGS: [&str; 5] = [".mjs", ".py", ".rs", ".toml", ".wit"];

/// The options of `cargo test` that name a package.
const PACKAGE: [&str; 2] = ["-p", "--package"];

/// The options of `cargo test` with a value.
const WITH_VALUE: [&str; 5] = ["-p", "--package", "--test", "--bin", "--features"];

/// The text of each file by its name.
type Files = BTreeMap<String, String>;

/// Returns the faults of the files that git tracks or would add at `root`.
pub(crate) fn faults_of_checkout(root: &Path) -> Vec<String> {
    let files: Files = checkout::texts(root, "").into_iter().collect();
    let packages = packages(&files).into_values();
    let documented = files.keys().filter_map(|name| name.strip_suffix("/README.md"));
    let directories: BTreeSet<&str> = packages.chain(documented).collect();
    assert!(directories.len() > 40, "not all packages are found");
    directories
        .into_iter()
        .flat_map(|directory| faults(&files, directory))
        .collect()
}

/// Returns the directory of each package by its name.
fn packages(files: &Files) -> BTreeMap<&str, &str> {
    let manifests = files
        .iter()
        .filter_map(|(name, text)| Some((name.strip_suffix("/Cargo.toml")?, text)));
    let named = manifests.filter_map(|(directory, text)| {
        let package = text.split("[package]\n").nth(1)?;
        let name = package.lines().find_map(|line| line.strip_prefix("name = \""))?;
        Some((name.trim_end_matches('"'), directory))
    });
    named.collect()
}

/// Returns the faults of the package in `directory`, or of another directory with a README.
fn faults(files: &Files, directory: &str) -> Vec<String> {
    let name = format!("{directory}/README.md");
    let source = format!("{directory}/src/");
    let sources = below(files, &source).filter(|(name, _)| name.ends_with(".rs"));
    let is_large = sources.map(|(_, text)| text.lines().count()).sum::<usize>() > LINES;
    let needs_table = is_large && !modules(files, &source).is_empty() && !FOR_USERS.contains(&directory);
    let text = files.get(&name).map(String::as_str);
    let has_table = |text: &str| text.lines().filter_map(first_cell).any(is_heading);
    let text = match text {
        None if is_large => {
            return vec![format!(
                "{name} is missing: the package has more than {LINES} lines in `src/`"
            )];
        }
        Some(text) if needs_table && !has_table(text) => {
            return vec![format!("{name} has no table of the package's modules")];
        }
        text => text.unwrap_or_default(),
    };
    let found = [
        faults_of_tables(files, directory, text),
        faults_of_paths(files, directory, text),
        faults_of_tests(files, text),
    ];
    let found = found.into_iter().flatten();
    found.map(|fault| format!("{name}: {fault}")).collect()
}

/// Returns the files whose names begin with `beginning`, by the rest of their names.
fn below<'f>(files: &'f Files, beginning: &str) -> impl Iterator<Item = (&'f str, &'f str)> + use<'f> {
    let found = files
        .range(beginning.to_owned()..)
        .map_while(move |(name, text)| Some((name.strip_prefix(beginning)?, text.as_str())));
    found.collect::<Vec<_>>().into_iter()
}

/// Returns a fault for each module without a row, for each row without a module, and for each other name in a row that
/// is nowhere in the package.
fn faults_of_tables(files: &Files, directory: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let words = words(files, directory);
    let lines: Vec<&str> = text.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let Some(heading) = first_cell(line).filter(|heading| is_heading(heading)) else {
            continue;
        };
        let source = format!("src/{}", spans(heading).next().unwrap_or_default());
        let modules = modules(files, &format!("{directory}/{source}"));
        let rows = lines
            .iter()
            .skip(at + 2)
            .take_while(|line| line.starts_with("| "));
        let cells = rows.clone().filter_map(|row| first_cell(row));
        let named: BTreeSet<&str> = cells.flat_map(spans).collect();
        let unknown = named.difference(&modules);
        found.extend(unknown.map(|name| format!("there is no module `{name}` in `{source}`")));
        let missing = modules.difference(&named);
        found.extend(missing.map(|name| format!("the module `{name}` of `{source}` has no row")));
        let others = rows
            .flat_map(|row| spans(row))
            .filter(|name| !named.contains(name));
        let gone = others.filter(|name| is_name(name) && !name.split("::").all(|part| words.contains(part)));
        found.extend(gone.map(|name| format!("`{name}` is nowhere in the package")));
    }
    found
}

/// Returns the words of all files of a package but its README, and of their names.
fn words<'f>(files: &'f Files, directory: &str) -> BTreeSet<&'f str> {
    let texts = below(files, &format!("{directory}/")).filter(|(name, _)| *name != "README.md");
    let separates = |c: char| !c.is_alphanumeric() && c != '_';
    texts
        .flat_map(|(name, text)| [name, text])
        .flat_map(|text| text.split(separates))
        .collect()
}

/// Returns whether `text` is a name in Rust, or a path of such names.
fn is_name(text: &str) -> bool {
    text.split("::").all(|name| {
        let begins = name.starts_with(|c: char| c.is_ascii_alphabetic());
        begins
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

/// Returns the text of the first cell of a row of a table.
fn first_cell(line: &str) -> Option<&str> {
    line.strip_prefix("| ")?.split(" |").next()
}

/// Returns whether the cell begins a table of modules.
fn is_heading(cell: &str) -> bool {
    cell == "module" || cell.starts_with("module in ")
}

/// Returns the modules in the directory `source`, which ends with a slash, but for its tests.
fn modules<'f>(files: &'f Files, source: &str) -> BTreeSet<&'f str> {
    let sources = below(files, source).filter_map(|(name, _)| name.strip_suffix(".rs"));
    sources
        .map(|name| name.split('/').next().unwrap_or(name))
        .filter(|name| !["lib", "main", "tests"].contains(name))
        .collect()
}

/// Returns a fault for each file or directory that is not there. A path is relative to the package, to its `src/`, or
/// to the checkout. If nothing begins like it, and it does not end like a file of ours, it is something else.
fn faults_of_paths(files: &Files, directory: &str, text: &str) -> Vec<String> {
    let bases = [directory.to_owned(), format!("{directory}/src"), String::new()];
    let exists = |path: &str| {
        let paths = bases.iter().map(|base| normal(&format!("{base}/{path}")));
        let mut paths = paths.flatten();
        paths.any(|path| files.contains_key(&path) || below(files, &format!("{path}/")).next().is_some())
    };
    let is_path = |span: &&str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
        let first = span.split('/').next().unwrap_or_default();
        let is_file = ENDINGS.iter().any(|ending| span.ends_with(ending));
        span.chars().all(plain) && (is_file || span.contains('/') && !first.is_empty() && exists(first))
    };
    let paths: BTreeSet<&str> = prose(text).flat_map(spans).filter(is_path).collect();
    let missing = paths.into_iter().filter(|path| !exists(path));
    missing.map(|path| format!("there is no `{path}`")).collect()
}

/// Returns a path without `.`, `..` and slashes at its ends; `None` if it leads out of the checkout.
fn normal(path: &str) -> Option<String> {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Returns a fault for each command `cargo test` with the name of a test that none of its packages has.
fn faults_of_tests(files: &Files, text: &str) -> Vec<String> {
    let packages = packages(files);
    let of_command = |rest: &str| {
        let command = rest.split(['`', '\n', ')']).next().unwrap_or_default();
        let words: Vec<&str> = command.split(' ').take_while(|word| *word != "--").collect();
        let value_of = |at: usize| at.checked_sub(1).map(|at| words[at]);
        let is_value = |at: usize| value_of(at).is_some_and(|option| WITH_VALUE.contains(&option));
        let names = words.iter().enumerate();
        let names = names.filter(|(at, _)| value_of(*at).is_some_and(|option| PACKAGE.contains(&option)));
        let tests: BTreeSet<&str> = names
            .filter_map(|(_, name)| packages.get(name))
            .flat_map(|directory| below(files, &format!("{directory}/")))
            .filter(|(name, _)| name.ends_with(".rs"))
            .flat_map(|(_, text)| test_names::names(text))
            .collect();
        let filters = words.iter().enumerate();
        let filters = filters.filter(|(at, word)| !word.starts_with('-') && !is_value(*at));
        let unknown = filters.filter(|(_, filter)| {
            let name = filter.rsplit("::").next().unwrap_or(filter);
            !tests.iter().any(|test| test.contains(name))
        });
        let faults =
            unknown.map(|(_, filter)| format!("`cargo test {command}`: there is no test `{filter}`"));
        faults.collect::<Vec<_>>()
    };
    text.split("cargo test ").skip(1).flat_map(of_command).collect()
}

/// Returns the lines that are not in blocks of code.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    text.split("\n```").step_by(2).flat_map(str::lines)
}

/// Returns the texts between backticks.
fn spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a checkout with a package `one` in `xtask/first`, which has two modules and a test.
    fn files(readme: &str) -> Files {
        let test = "mod small;\nmod tests;\n#[test]\nfn reads_one_small_file() {}\n";
        let texts = [
            ("Cargo.toml", "[workspace]\n"),
            ("docs/page.md", ""),
            ("xtask/data/pins.toml", ""),
            (
                "xtask/first/Cargo.toml",
                "[package]\nname = \"one\"\n[[bin]]\nname = \"two\"\n",
            ),
            ("xtask/first/README.md", readme),
            ("xtask/first/src/lib.rs", test),
            ("xtask/first/src/large.rs", ""),
            ("xtask/first/src/large/part.rs", ""),
            ("xtask/first/src/small/mod.rs", ""),
            ("xtask/first/src/tests.rs", ""),
        ];
        let texts = texts.map(|(name, text)| (name.to_owned(), text.to_owned()));
        texts.into()
    }

    fn found(readme: &str) -> Vec<String> {
        let beginning = "xtask/first/README.md: ";
        let found = faults(&files(readme), "xtask/first").into_iter();
        found
            .map(|fault| fault.strip_prefix(beginning).unwrap().to_owned())
            .collect()
    }

    #[test]
    fn finds_packages_without_readme_or_table() {
        let mut files = files("");
        files.remove("xtask/first/README.md");
        assert_eq!(faults(&files, "xtask/first"), [""; 0]);
        let large = files.get_mut("xtask/first/src/large/part.rs").unwrap();
        *large = "\n".repeat(LINES);
        assert_eq!(
            faults(&files, "xtask/first"),
            ["xtask/first/README.md is missing: the package has more than 150 lines in `src/`"]
        );
        files.insert("xtask/first/README.md".to_owned(), "# one\n".to_owned());
        assert_eq!(
            faults(&files, "xtask/first"),
            ["xtask/first/README.md has no table of the package's modules"]
        );
        let table = "| module | contents |\n|---|---|\n| `large`, `small` | |\n";
        files.insert("xtask/first/README.md".to_owned(), table.to_owned());
        assert_eq!(faults(&files, "xtask/first"), [""; 0]);
        files.insert("xtask/first/README.md".to_owned(), "# one\n".to_owned());
        files.retain(|name, _| !name.contains("/small/"));
        files.retain(|name, _| !name.contains("/large"));
        files.insert("xtask/first/src/main.rs".to_owned(), "\n".repeat(LINES));
        assert_eq!(faults(&files, "xtask/first"), [""; 0]);
    }

    #[test]
    fn finds_modules_and_rows_without_each_other() {
        let table =
            "| module | contents |\n|---|---|\n| `large`, `small` | `part` |\n\n| `other` | no row |\n";
        assert_eq!(found(table), [""; 0]);
        assert_eq!(
            found(&table.replace("`part`", "`part`, `all parts`, `Part::new`")),
            ["`Part::new` is nowhere in the package"]
        );
        assert_eq!(
            found(&table.replace("`small`", "`tiny`")),
            [
                "there is no module `tiny` in `src/`",
                "the module `small` of `src/` has no row"
            ]
        );
        let below = "| module in `large/` | |\n|---|---|\n| `whole` | |\n";
        assert_eq!(
            found(below),
            [
                "there is no module `whole` in `src/large/`",
                "the module `part` of `src/large/` has no row"
            ]
        );
        assert_eq!(found("| file | |\n|---|---|\n| `other` | |\n"), [""; 0]);
    }

    #[test]
    fn finds_paths_that_lead_nowhere() {
        let good = "`src/large.rs` `large/part.rs` `large/` `../data/pins.toml` `docs/page.md` `xtask/first`\n\
                    `/v1/messages` `lib/libc/COPYRIGHT` `target/dist/` `text/plain` `config.json`\n```\n`src/none.rs`\n```\n";
        assert_eq!(found(good), [""; 0]);
        assert_eq!(
            found("`large/none` `none.rs` `../none.toml` `docs/other.md` `../../../../up.md`"),
            [
                "there is no `../../../../up.md`",
                "there is no `../none.toml`",
                "there is no `docs/other.md`",
                "there is no `large/none`",
                "there is no `none.rs`",
            ]
        );
    }

    #[test]
    fn finds_tests_that_packages_lack() {
        let good = "$ cargo test -p one\n$ cargo test -p one --test two\n`cargo test -p one small_file -- --list`\n\
                    $ cargo test --package one --lib tests::reads_one\n";
        assert_eq!(found(good), [""; 0]);
        assert_eq!(
            found("`cargo test -p one reads_two` `cargo test -p two reads_one`"),
            [
                "`cargo test -p one reads_two`: there is no test `reads_two`",
                "`cargo test -p two reads_one`: there is no test `reads_one`",
            ]
        );
    }
}
