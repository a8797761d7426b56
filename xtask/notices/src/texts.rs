//! The texts of licences: files in a package's directory, else the text of the licence with the names of the authors.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use builds::files;
use spdx::{LicenseItem, LicenseReq};

/// The beginnings of the names of files with licences and notices.
const NAMES: [&str; 5] = ["license", "licence", "copying", "copyright", "unlicense"];

/// The beginning of the names of files that Apache's licence requires to be passed on.
const NOTICE: &str = "notice";

/// Words that only the text of this licence has, without line breaks.
const WORDS: [(&str, &str); 10] = [
    (
        "MIT",
        "permission is hereby granted, free of charge, to any person obtaining",
    ),
    ("ISC", "permission to use, copy, modify, and"),
    ("Zlib", "altered source versions must be plainly marked"),
    (
        "BSD-2-Clause",
        "redistribution and use in source and binary forms",
    ),
    ("BSD-3-Clause", "endorse or promote products"),
    ("BSL-1.0", "boost software license"),
    ("Unicode-3.0", "unicode license v3"),
    ("CDLA-Permissive-2.0", "community data license agreement"),
    ("Apache-2.0", "apache license version 2.0"),
    (
        "Apache-2.0 WITH LLVM-exception",
        "llvm exceptions to the apache 2.0 license",
    ),
];

/// Returns the texts that fulfil the licences `required` for the package in `directory`, by these `authors`.
///
/// # Errors
/// Fails if a file cannot be read.
pub(crate) fn find(directory: &Path, required: &[LicenseReq], authors: &[String]) -> Result<Vec<String>> {
    let files = read(directory, &NAMES)?;
    let mut texts = read(directory, &[NOTICE])?;
    for licence in required {
        let name = licence.to_string();
        // The shortest file has only this licence, if each has a file of its own.
        let found = files
            .iter()
            .filter(|text| is_of(text, &name))
            .min_by_key(|text| text.len());
        let text = match found {
            Some(text) => text.clone(),
            None => standard(licence, authors).with_context(|| format!("there is no text of {name}"))?,
        };
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    Ok(texts)
}

/// Returns whether `text` is that of the licence `name`, possibly among others.
fn is_of(text: &str, name: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let plain = words
        .join(" ")
        .to_lowercase()
        .replace("apache license, version", "apache license version");
    WORDS
        .iter()
        .any(|(licence, words)| *licence == name && plain.contains(words))
}

/// Returns the text of a licence without the name of an owner, after the names of the authors.
fn standard(licence: &LicenseReq, authors: &[String]) -> Option<String> {
    let LicenseItem::Spdx { id, .. } = licence.license else {
        return None;
    };
    let mut text = String::new();
    if !authors.is_empty() {
        text.push_str(&format!("Authors: {}\n\n", authors.join(", ")));
    }
    text.push_str(id.text().trim_start());
    if let Some(exception) = licence.addition.as_ref().and_then(|addition| addition.id()) {
        text.push_str(&format!("\n\n{}", exception.text()));
    }
    Some(text)
}

/// Returns the texts of all files in `directory` whose names begin with one of `names`, sorted by name.
fn read(directory: &Path, names: &[&str]) -> Result<Vec<String>> {
    let list = || format!("could not list `{}`", directory.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory).with_context(list)? {
        let entry = entry.with_context(list)?;
        let name = entry.file_name().to_string_lossy().to_lowercase();
        let is_source = name.ends_with(".rs") || name.ends_with(".html");
        if !is_source && names.iter().any(|it| name.starts_with(it)) && entry.path().is_file() {
            paths.push(entry.path());
        }
    }
    paths.sort();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
    paths.iter().map(|path| Ok(text(files::read(path)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::licence::required;

    const MIT: &str = "Copyright (c) 2020 Somebody\n\nPermission is hereby granted, free\nof charge, to any person obtaining a copy";

    fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(directory.path().join(name), text).unwrap();
        }
        directory
    }

    fn found(files: &[(&str, &str)], licence: &str) -> Vec<String> {
        let authors = ["Jane Doe <jane@example.org>".to_owned()];
        find(directory(files).path(), &required(licence).unwrap(), &authors).unwrap()
    }

    #[test]
    fn takes_the_files_of_the_required_licences() {
        let both = format!("Apache License\nVersion 2.0, January 2004\n\nand\n\n{MIT}");
        let files = [
            ("LICENSE-MIT", MIT),
            ("LICENSE", &both),
            ("license.rs", "fn main() {}"),
        ];
        assert_eq!(found(&files, "MIT OR Apache-2.0"), [MIT]);
        assert_eq!(found(&files, "MIT AND Apache-2.0"), [MIT, &both]);
        assert_eq!(found(&files[1..], "MIT AND Apache-2.0"), [both.as_str()]);
    }

    #[test]
    fn takes_notice_beside_the_licence() {
        let files = [("NOTICE", "Made by A."), ("LICENSE-MIT", MIT)];
        assert_eq!(found(&files, "MIT"), ["Made by A.", MIT]);
    }

    #[test]
    fn names_authors_without_a_file() {
        let [text] = &found(&[("README.md", "")], "MIT")[..] else {
            panic!("not one text")
        };
        assert!(
            text.starts_with("Authors: Jane Doe <jane@example.org>\n\n"),
            "{text}"
        );
        assert!(is_of(text, "MIT"), "{text}");
    }

    #[test]
    fn recognises_the_text_of_every_licence() {
        for (name, _) in WORDS {
            let licence = required(name).unwrap();
            let text = standard(&licence[0], &[]).unwrap();
            assert!(is_of(&text, name), "{name}");
        }
    }
}
