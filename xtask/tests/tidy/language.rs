//! Rules for the language of comments and documents: no line of a doc comment begins with "What", a directory is called
//! `directory`, `cannot` is one word, and no comment line is wider than [`WIDTH`].

use std::path::Path;

use crate::checkout;

/// The beginning of a doc comment, or of one of its sentences, that names nothing. It begins no line at all, so that
/// one search finds all of them.
const RIDDLE: &str = "What";

/// Further beginnings of doc comments that describe an item by a riddle instead of a noun or a verb.
const BEGINNINGS: [&str; 10] = [
    "Whoever",
    "That there",
    "The same",
    "Whether it is what",
    "How many",
    "How often",
    "Where",
    "Which",
    "Who",
    "Why",
];

/// Words that have a plainer synonym, which is used everywhere.
const WORDS: [(&str, &str); 3] = [
    ("folder", "directory"),
    ("folders", "directories"),
    ("can't", "cannot"),
];

/// The beginnings of the names of files with comments that have no extension of their own.
const SCRIPTS: [&str; 3] = [".ci/", "Dockerfile", "ci/"];

/// The maximum number of characters in a line with a comment. Tables and addresses may be wider.
const WIDTH: usize = 120;

/// Returns the faults of all files that git tracks or would add at `root`, each with its file and line. Formats
/// without comments, such as JSON and the seeds of the fuzz targets, have none.
pub(crate) fn faults_of_checkout(root: &Path) -> Vec<String> {
    let of_file = |(name, text): (String, String)| {
        let found = faults(&name, &text).into_iter();
        found
            .map(|(line, fault)| format!("{name}:{line}: {fault}"))
            .collect::<Vec<_>>()
    };
    checkout::texts(root, "").into_iter().flat_map(of_file).collect()
}

/// Returns the faults in `text`, a file of this name, by their line.
fn faults(name: &str, text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut in_code = false;
    let mut previous_is_doc = false;
    for (index, line) in text.lines().enumerate() {
        let prose = prose(name, line);
        in_code ^= prose.is_some_and(|prose| prose.trim_start().starts_with("```"));
        let is_doc = ["///", "//!"]
            .iter()
            .any(|mark| line.trim_start().starts_with(mark));
        if let Some(prose) = prose.filter(|_| !in_code) {
            let place = match (is_doc, previous_is_doc) {
                (false, _) => Place::Elsewhere,
                (true, false) => Place::FirstOfDoc,
                (true, true) => Place::InDoc,
            };
            found.extend(faults_of_line(name, line, prose, place).map(|fault| (index + 1, fault)));
        }
        previous_is_doc = is_doc;
    }
    found
}

/// The place of a line.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    FirstOfDoc,
    InDoc,
    Elsewhere,
}

/// Returns the faults of a line with this prose.
fn faults_of_line(name: &str, line: &str, prose: &str, place: Place) -> impl Iterator<Item = String> {
    let begins = |beginning: &str| {
        let rest = prose.trim_start().strip_prefix(beginning);
        rest.is_some_and(|rest| rest.starts_with([' ', ',']))
    };
    let others: &[&str] = match place {
        Place::FirstOfDoc => &BEGINNINGS,
        Place::InDoc | Place::Elsewhere => &[],
    };
    let riddle = Some(&RIDDLE).filter(|_| place != Place::Elsewhere);
    let beginning = riddle
        .into_iter()
        .chain(others)
        .find(|beginning| begins(beginning));
    let beginning = beginning.map(|word| format!("a doc comment begins with `{word}`: name the thing"));

    let text = without_code(prose).to_lowercase();
    let is_word = |c: char| c.is_alphanumeric() || c == '\'';
    let words: Vec<&str> = text.split(|c| !is_word(c)).collect();
    let synonyms = WORDS.iter().filter(|(word, _)| words.contains(word));
    let synonyms: Vec<String> = synonyms
        .map(|(word, better)| format!("`{word}` is called `{better}`"))
        .collect();

    let may_be_wide = name.ends_with(".md") || prose.trim_start().starts_with('|') || prose.contains("://");
    let width = line.chars().count();
    let wide = (width > WIDTH && !may_be_wide)
        .then(|| format!("a comment has {width} characters in a line, and may have {WIDTH}"));
    beginning.into_iter().chain(synonyms).chain(wide)
}

/// Returns the part of a line that people read: all of a document, a comment of a source file on a line of its own.
fn prose<'l>(name: &str, line: &'l str) -> Option<&'l str> {
    let start = line.trim_start();
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("md") => Some(line),
        Some("js" | "mjs" | "rs" | "wit") => start
            .strip_prefix("//")
            .map(|rest| rest.trim_start_matches(['/', '!'])),
        Some("h" | "c") => ["/*", "*", "//"].iter().find_map(|mark| start.strip_prefix(mark)),
        Some("dict" | "gitattributes" | "gitignore" | "ps1" | "py" | "sh" | "toml" | "yaml" | "yml") => {
            start.strip_prefix('#')
        }
        _ if SCRIPTS.iter().any(|beginning| name.starts_with(beginning)) => start.strip_prefix('#'),
        _ => None,
    }
}

/// Returns `prose` without the code between backticks.
fn without_code(prose: &str) -> String {
    prose.split('`').step_by(2).collect::<Vec<_>>().join("`")
}

#[test]
fn finds_riddles_synonyms_and_wide_comments() {
    let found = |name: &str, text: &str| faults(name, text).len();
    for text in [
        "/// What it costs.",
        "    //! What, and why.",
        "/// Size.\n/// What follows is prose.",
        "/// Whoever asks.",
        "/// Which it is.",
        "/// How many there are.",
    ] {
        assert_eq!(found("a.rs", text), 1, "{text}");
    }
    for text in [
        "/// Size.\n/// The same follows.",
        "/// Whatever it is.",
        "let what = 1;",
    ] {
        assert_eq!(found("a.rs", text), 0, "{text}");
    }
    assert_eq!(
        faults("a.rs", "let folder = 1;\n// The Folder can't be read."),
        [
            (2, "`folder` is called `directory`".to_owned()),
            (2, "`can't` is called `cannot`".to_owned()),
        ]
    );
    assert_eq!(
        found("a.md", "Folders, and `folder` in code\n```\nfolder\n```\nfolder"),
        2
    );
    assert_eq!(found("a.toml", "folder = 1\n# folder"), 1);
    assert_eq!(found("a.h", " * folder"), 1);
    assert_eq!(found("a.rs", &format!("// {}", "x".repeat(117))), 0);
    assert_eq!(found("a.rs", &format!("// {}", "x".repeat(118))), 1);
    assert_eq!(
        found("a.rs", &format!("// | {}\n// https://{0}", "x".repeat(118))),
        0
    );
    assert_eq!(found("ci/docker-engine", "folder=1\n# folder"), 1);
    assert_eq!(found("ci/another-script", "# folder"), 1);
    assert_eq!(found("install.ps1", "# folder"), 1);
    assert_eq!(found("a.png", "folder"), 0);
}
