//! Looks for keys in what is about to ship. A build takes in source, dependencies and environment; none of them may leave
//! a key in an artifact that everyone can download.

use std::env;

use anyhow::{Result, bail};
use memchr::memmem;

/// How keys begin, with the fewest characters that follow in a real one. The prefixes are those that the issuers document
/// for their secret scanners.
const PATTERNS: [(&str, &str, usize); 7] = [
    ("an Anthropic API key", "sk-ant-", 20),
    ("an OpenAI API key", "sk-", 20),
    ("a GitHub token", "ghp_", 30),
    ("a GitHub token", "github_pat_", 30),
    ("an AWS access key", "AKIA", 16),
    ("a Google API key", "AIza", 30),
    ("a private key", "PRIVATE KEY-----", 0),
];

/// Shorter values of variables are too likely to occur by chance.
const SHORTEST_VALUE: usize = 12;

/// Refuses `binary` if it holds something that looks like a key, or the value of a variable of this environment that by its
/// name holds one. Says what and where, never the key.
pub(crate) fn scan(binary: &[u8]) -> Result<()> {
    scan_with(binary, env::vars().collect())
}

fn scan_with(binary: &[u8], variables: Vec<(String, String)>) -> Result<()> {
    for (what, prefix, follow) in PATTERNS {
        if let Some(at) = find(binary, prefix.as_bytes(), follow) {
            bail!("it holds what looks like {what}, at byte {at}: nothing ships with a key in it");
        }
    }
    for (name, value) in
        variables.iter().filter(|(name, value)| holds_key(name) && value.len() >= SHORTEST_VALUE)
    {
        if let Some(at) = find(binary, value.as_bytes(), 0) {
            bail!(
                "it holds the value of the variable `{name}`, at byte {at}: nothing ships with a key in it"
            );
        }
    }
    Ok(())
}

/// Whether a variable of this name is meant for a key.
fn holds_key(name: &str) -> bool {
    ["KEY", "TOKEN", "SECRET", "PASSWORD"].iter().any(|word| name.to_ascii_uppercase().ends_with(word))
}

/// Where `text` stands with at least `follow` characters of a key behind it.
fn find(binary: &[u8], text: &[u8], follow: usize) -> Option<usize> {
    let of_a_key = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    memmem::find_iter(binary, text)
        .find(|at| binary[at + text.len()..].iter().take_while(of_a_key).take(follow).count() == follow)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(binary: &str, variables: &[(&str, &str)]) -> Option<String> {
        let variables =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        scan_with(binary.as_bytes(), variables).err().map(|error| error.to_string())
    }

    #[test]
    fn a_key_is_named_by_kind_and_place_and_not_repeated() {
        let key = ["sk-ant-", "api03-AbCdEfGhIjKlMnOpQrStUv"].concat();
        let error = error(&format!("\0asm{key}\0"), &[]).unwrap();
        assert_eq!(
            error,
            "it holds what looks like an Anthropic API key, at byte 4: nothing ships with a key in it"
        );
    }

    #[test]
    fn every_pattern_is_found() {
        for (what, prefix, follow) in PATTERNS {
            let error = error(&format!("..{prefix}{}..", "x".repeat(follow)), &[]);
            assert!(error.is_some_and(|error| error.contains("at byte 2")), "{what}");
        }
    }

    #[test]
    fn words_that_begin_like_a_key_are_none() {
        assert_eq!(error("risk-free, a disk-based task-list; sk-... is a key", &[]), None);
    }

    #[test]
    fn the_value_of_a_key_variable_is_found_and_others_are_not_looked_for() {
        let value = "correct-horse-battery";
        assert!(error(value, &[("OPENAI_API_KEY", value)]).unwrap().contains("`OPENAI_API_KEY`"));
        assert_eq!(error(value, &[("GREETING", value)]), None);
        assert_eq!(error("abc", &[("API_KEY", "abc")]), None);
    }
}
