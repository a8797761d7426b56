//! The names of tests and of end-to-end cases say the case in four to eight words.
//!
//! The rows of tables, such as those for each provider, have names of their own kind.

use std::{ops::RangeInclusive, path::Path};

use crate::checkout;

/// The number of words in a name.
const WORDS: RangeInclusive<usize> = 4..=8;

/// Returns the faults of all Rust files that git tracks or would add at `root`.
pub(crate) fn faults_of_checkout(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut count = 0;
    for (file, text) in checkout::texts(root, ".rs") {
        let names = names(&text);
        count += names.len();
        let wrong = names.into_iter().filter(|name| !WORDS.contains(&words(name)));
        found.extend(wrong.map(|name| {
            format!(
                "{file}: `{name}` has {} words, and may have four to eight",
                words(name)
            )
        }));
    }
    assert!(count > 2_000, "not all tests are found: {count}");
    found
}

fn words(name: &str) -> usize {
    name.split('_').count()
}

/// Returns the names of the functions with an attribute `test`, and those in a list `cases!`.
pub(crate) fn names(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut is_test = false;
    let mut in_cases = false;
    for line in text.lines() {
        let code = line.trim();
        if in_cases {
            names.extend(code.strip_suffix(',').filter(|name| is_name(name)));
        } else if let Some(name) = function(code).filter(|_| is_test) {
            names.push(name);
        }
        is_test = ["#[test]", "#[tokio::test"]
            .iter()
            .any(|mark| code.starts_with(mark))
            || is_test && code.starts_with("#[");
        in_cases = line == "cases! {" || in_cases && line != "}";
    }
    names
}

/// Returns the name of the function that begins in this line.
fn function(code: &str) -> Option<&str> {
    let code = code.strip_prefix("async ").unwrap_or(code);
    let name = code.strip_prefix("fn ")?.split('(').next()?;
    is_name(name).then_some(name)
}

fn is_name(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[test]
fn finds_names_of_tests_and_cases() {
    let text =
        "fn a() {}\n#[test]\n#[cfg(unix)]\nfn b() {}\n    #[tokio::test]\n    async fn c() {\nfn d() {}\n";
    assert_eq!(names(text), ["b", "c"]);
    let cases = "cases! {\n    group:\n    one_two,\n    three,\n}\nfour,\n";
    assert_eq!(names(cases), ["one_two", "three"]);
    assert_eq!(words("says_a_case_in_six_words"), 6);
}
