//! The lines of workflows that are our commands: their words, and whether `cargo xtask` accepts them.

#![expect(clippy::disallowed_methods, reason = "tests have no `cmd` to go through")]

use std::{collections::BTreeSet, process::Command};

use serde_json::{Map, Value};

use crate::document::{Job, text};

/// Returns the fault of a `run:` of a job, which must be one `cargo xtask` line.
pub(crate) fn wrong(job: Job<'_>, step: &Value, run: &str) -> Option<String> {
    let Some(words) = run.strip_prefix("cargo xtask ") else {
        return Some(format!(
            "`{run}` is not a `cargo xtask` line: move its work into a command"
        ));
    };
    let words: Vec<&str> = words.split(' ').collect();
    if let Some(word) = words
        .iter()
        .find(|word| !is_plain(word) && variable(word).is_none())
    {
        return Some(format!(
            "`{run}`: `{word}` is more than a word or a \"$VARIABLE\""
        ));
    }
    let mut lines = BTreeSet::new();
    for row in job.rows() {
        match expanded(&words, step, &row) {
            Ok(line) => lines.insert(line),
            Err(unknown) => return Some(format!("`{run}`: {unknown} has no value")),
        };
    }
    lines
        .into_iter()
        .find_map(|line| refused(&line))
        .map(|refusal| format!("`{run}`: {refusal}"))
}

fn is_plain(word: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=^@".contains(&byte);
    !word.is_empty() && word.bytes().all(plain)
}

/// Returns the name in `"$NAME"`.
fn variable(word: &str) -> Option<&str> {
    let name = word.strip_prefix("\"$")?.strip_suffix('"')?;
    name.bytes()
        .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
        .then_some(name)
}

/// Returns the words for one row of the matrix; fails with a variable that nothing sets.
fn expanded(words: &[&str], step: &Value, row: &Map<String, Value>) -> Result<Vec<String>, String> {
    let expand = |word: &&str| match variable(word) {
        None => Ok((*word).to_owned()),
        // GitHub sets it for every step.
        Some("GITHUB_STEP_SUMMARY") => Ok("summary.md".to_owned()),
        Some(name) => {
            let value = step["env"][name].as_str().ok_or_else(|| format!("${name}"))?;
            match value
                .strip_prefix("${{ matrix.")
                .and_then(|rest| rest.strip_suffix(" }}"))
            {
                None => Ok(value.to_owned()),
                Some(key) => row.get(key).map(text).ok_or_else(|| format!("matrix.{key}")),
            }
        }
    };
    words.iter().map(expand).collect()
}

/// Returns why `cargo xtask` rejects these words, if it does. With `--help` after them they are parsed, and
/// nothing is run.
fn refused(words: &[String]) -> Option<String> {
    let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"));
    let output = xtask
        .args(words)
        .arg("--help")
        .output()
        .expect("xtask has just been built");
    let said = String::from_utf8_lossy(&output.stderr);
    (!output.status.success()).then(|| said.lines().next().unwrap_or_default().to_owned())
}
