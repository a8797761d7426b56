//! The table of custom sections in `docs/wasm-diet.md` is the one of the code.

use std::{env, fs, path::Path};

use wasm_diet::custom::{Fate, RULES};

#[test]
fn document_has_the_rules_of_the_code() {
    let package = env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs the tests");
    let path = Path::new(&package).join("../../docs/wasm-diet.md");
    let text = fs::read_to_string(path).unwrap();
    let after = text.split("## Custom sections").nth(1).unwrap();
    let table = after.split("\n## ").next().unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    let rows: Vec<Vec<&str>> = rows.map(|row| row.split('|').map(str::trim).collect()).collect();
    assert_eq!(rows.len(), RULES.len());
    for (row, rule) in rows.iter().zip(RULES) {
        let fate = match rule.fate {
            Fate::Kept => "kept",
            Fate::Dropped => "dropped",
            Fate::Stale => "dropped: stale",
        };
        assert_eq!(row[1], format!("`{}`", rule.name));
        assert_eq!(row[2], fate, "{}", rule.name);
        // The document may say more.
        assert!(row[3].starts_with(rule.reason), "{}: {}", rule.name, rule.reason);
    }
}
