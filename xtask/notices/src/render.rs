//! The document: a list of all parts, then each text once, after the names of the parts that it belongs to.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use crate::part::Part;

/// The line between two texts.
const LINE: &str = "================================================================================";

/// Returns the document for the program `name`.
pub(crate) fn document(name: &str, parts: &BTreeSet<Part>) -> String {
    let mut text = format!(
        "{name} contains the packages below. Their licences and copyright notices follow the list; a text that several\n\
         packages have in common is given once.\n\n"
    );
    let mut owners: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for part in parts {
        let shown = shown(part);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{shown}: {} {}", part.licence, part.source);
        for notice in &part.texts {
            owners.entry(trimmed(notice)).or_default().insert(shown.clone());
        }
    }
    let mut notices: Vec<(BTreeSet<String>, String)> =
        owners.into_iter().map(|(text, owners)| (owners, text)).collect();
    notices.sort();
    for (owners, notice) in notices {
        let owners: Vec<String> = owners.into_iter().collect();
        let _ = write!(text, "\n{LINE}\n{}\n{LINE}\n\n{notice}\n", owners.join(", "));
    }
    text
}

fn shown(part: &Part) -> String {
    if part.version.is_empty() {
        part.name.clone()
    } else {
        format!("{} {}", part.name, part.version)
    }
}

/// Returns `text` without spaces at the ends of lines and empty lines around it, so that equal texts are one.
fn trimmed(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim_matches('\n').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_each_text_once() {
        let part = |name: &str, texts: &[&str]| Part {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            licence: "MIT".to_owned(),
            source: String::new(),
            texts: texts.iter().map(|text| (*text).to_owned()).collect(),
        };
        let parts = [part("b", &["of both\n"]), part("a", &["\nof both", "of a"])];
        let document = document("app", &parts.into());
        assert!(document.starts_with("app contains"), "{document}");
        assert_eq!(document.matches("of both").count(), 1);
        assert!(document.contains("\na 1.0.0, b 1.0.0\n"), "{document}");
        assert!(document.contains("\na 1.0.0: MIT"), "{document}");
    }
}
