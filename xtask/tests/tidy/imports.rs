//! One style of imports: at the head of a file, one `use` for each crate; std first, then others, then our own modules.
//! Statements with an attribute or a visibility stand for themselves.
//!
//! One style of module files: the module `a` is `a.rs`, with its children in `a/`. Only beside test targets, where each
//! file is a target of its own, it is `a/mod.rs`.

use std::path::Path;

use crate::checkout;

/// The crates that come first.
const STD: [&str; 3] = ["alloc", "core", "std"];

/// The beginnings of paths to our own modules, which come last.
const OURS: [&str; 3] = ["crate", "self", "super"];

/// Returns the faults of all Rust files that git tracks or would add at `root`.
pub(crate) fn faults_of_checkout(root: &Path) -> Vec<String> {
    let of_file = |(name, text): (String, String)| {
        let found = fault_of_name(&name).into_iter().chain(faults(&text));
        found.map(|fault| format!("{name}: {fault}")).collect::<Vec<_>>()
    };
    checkout::texts(root, ".rs")
        .into_iter()
        .flat_map(of_file)
        .collect()
}

fn fault_of_name(name: &str) -> Option<String> {
    let is_old = name.ends_with("/mod.rs") && !name.contains("/tests/");
    is_old.then(|| "the file of a module has its name, and is beside its directory".to_owned())
}

fn faults(text: &str) -> Vec<String> {
    let roots = roots(text);
    let is_child = |root: &str| text.contains(&format!("mod {root};"));
    let rank = |root: &&str| match *root {
        _ if STD.contains(root) => 0,
        _ if OURS.contains(root) || is_child(root) => 2,
        _ => 1,
    };
    let repeated = roots
        .iter()
        .enumerate()
        .filter(|(index, root)| roots[..*index].contains(root));
    let mut found: Vec<String> = repeated
        .map(|(_, root)| format!("`{root}` is imported by more than one `use`"))
        .collect();
    if !roots.is_sorted_by_key(rank) {
        found.push("imports of std come first, those of our own modules last".to_owned());
    }
    found
}

/// Returns the first segment of each private `use` without an attribute in the first run of such statements.
fn roots(text: &str) -> Vec<&str> {
    let begins = |line: &&str| line.starts_with("use ") || line.starts_with("#[cfg(feature");
    let mut lines = text.lines().skip_while(|line| !begins(line));
    let mut roots = Vec::new();
    let mut has_attribute = false;
    while let Some(line) = lines.next() {
        if let Some(path) = line.strip_prefix("use ") {
            if !has_attribute {
                // A path that begins with `::` leads to a crate, though a module has its name.
                let name = path.trim_start_matches(':');
                let end = name.find([':', ';', ' ']).unwrap_or(name.len());
                roots.push(&path[..path.len() - name.len() + end]);
            }
            if !line.ends_with(';') {
                lines.by_ref().find(|line| line.ends_with(';'));
            }
        } else if !line.is_empty() && !line.starts_with("#[") {
            break;
        }
        has_attribute = line.starts_with("#[");
    }
    roots
}

#[test]
fn finds_modules_in_files_called_mod() {
    assert!(fault_of_name("crates/a/src/b/mod.rs").is_some());
    assert!(fault_of_name("crates/a/src/b.rs").is_none());
    assert!(fault_of_name("crates/a/tests/b/mod.rs").is_none());
}

#[test]
fn finds_repeated_and_misplaced_roots() {
    let good = "//! A file.\n\nuse std::{\n    fs,\n    path::Path,\n};\n\nuse anyhow::Result;\n\nuse super::x;\n\nfn f() {}\nuse std::io;\n";
    assert_eq!(faults(good), [""; 0]);
    let repeated = "use std::fs;\nuse std::path::Path;\n";
    assert_eq!(faults(repeated), ["`std` is imported by more than one `use`"]);
    let misplaced = "use crate::x;\nuse std::fs;\n";
    assert_eq!(
        faults(misplaced),
        ["imports of std come first, those of our own modules last"]
    );
}
