//! One `let` for each value. A tuple of names is for values that are made in the same way, such as
//! `let (before, after) = (size(old), size(new))`.

use std::path::Path;

use crate::{
    checkout,
    modules::{Token, tokens},
};

/// Returns the faults of all Rust files that git tracks or would add at `root`.
pub(crate) fn faults_of_checkout(root: &Path) -> Vec<String> {
    let of_file = |(name, text): (String, String)| {
        let found = lines(&tokens(&text)).into_iter();
        found
            .map(|line| format!("{name}:{line}: the values are made in different ways: use a `let` for each"))
            .collect::<Vec<_>>()
    };
    checkout::texts(root, ".rs")
        .into_iter()
        .flat_map(of_file)
        .collect()
}

/// Returns the lines of the statements `let (…) = (…);` whose values are made in different ways.
fn lines(tokens: &[Token]) -> Vec<usize> {
    let begins = |at: &usize| is(tokens, *at, "let") && is(tokens, at + 1, "(");
    let starts = (0..tokens.len()).filter(begins);
    starts
        .filter(|at| differ(tokens, at + 1).unwrap_or(false))
        .map(|at| tokens[at].0)
        .collect()
}

/// Returns whether the values are made in different ways; `None` if no tuple of as many values follows the tuple of
/// names that begins at this index.
fn differ(tokens: &[Token], at: usize) -> Option<bool> {
    let (names, next) = elements(tokens, at)?;
    if !is(tokens, next, "=") || !is(tokens, next + 1, "(") {
        return None;
    }
    let (values, next) = elements(tokens, next + 1)?;
    let is_statement = is(tokens, next, ";") && names.len() == values.len();
    is_statement.then(|| values.iter().any(|value| form(value) != form(values[0])))
}

fn is(tokens: &[Token], at: usize, text: &str) -> bool {
    tokens.get(at).is_some_and(|(_, token)| token == text)
}

/// Returns the elements between the parenthesis at this index and the one that closes it, and the next index.
fn elements(tokens: &[Token], at: usize) -> Option<(Vec<&[Token]>, usize)> {
    let mut depth = 0;
    let mut elements = Vec::new();
    let mut start = at + 1;
    for (index, (_, token)) in tokens.iter().enumerate().skip(at) {
        match token.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 || depth == 1 && token == "," {
            elements.extend(Some(&tokens[start..index]).filter(|element| !element.is_empty()));
            start = index + 1;
        }
        if depth == 0 {
            return Some((elements, index + 1));
        }
    }
    None
}

/// Returns how the value is made: the names of the functions that it calls, and `P` for each other path. Texts are not
/// tokens, and references do not count.
fn form(value: &[Token]) -> String {
    let mut form: Vec<&str> = Vec::new();
    for (index, (_, token)) in value.iter().enumerate() {
        let is_word = token.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        let is_called = is(value, index + 1, "(") || is(value, index + 1, "!");
        match token.as_str() {
            "&" | "mut" | "::" | "!" => {}
            name if is_word && is_called => {
                form.pop_if(|last| *last == "P");
                form.push(name);
            }
            _ if is_word && form.last() == Some(&"P") => {}
            _ if is_word => form.push("P"),
            mark => form.push(mark),
        }
    }
    form.concat()
}

#[test]
fn finds_tuples_of_values_made_differently() {
    let found = |text: &str| lines(&tokens(text)).len();
    for text in [
        "let (before, after) = (size(&old), size(new));",
        "let (mut a, mut b) = (Vec::new(), String::new());",
        "let (a, b) = pair();",
        "let (a, b) = (x, y).into();",
        "if let (Some(a), None) = (x.a(), y) {}",
    ] {
        assert_eq!(found(text), 0, "{text}");
    }
    for text in [
        "let (shell, port) = (Shell::new()?, free_port()?);",
        "let (a, [b, c]) = (\n    x,\n    y.z(),\n);",
    ] {
        assert_eq!(found(text), 1, "{text}");
    }
}
