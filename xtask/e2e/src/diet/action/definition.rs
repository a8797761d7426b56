//! The file `action.yml`, and the expressions in it.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

/// A composite action.
#[derive(Debug, Deserialize)]
pub(super) struct Action {
    pub(super) inputs: BTreeMap<String, Input>,
    pub(super) outputs: BTreeMap<String, Output>,
    pub(super) runs: Runs,
}

/// An input of the action.
#[derive(Debug, Deserialize)]
pub(super) struct Input {
    #[serde(default)]
    pub(super) default: String,
}

/// An output of the action.
#[derive(Debug, Deserialize)]
pub(super) struct Output {
    pub(super) value: String,
}

/// The steps of the action.
#[derive(Debug, Deserialize)]
pub(super) struct Runs {
    pub(super) steps: Vec<Step>,
}

/// A step that runs a script.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    pub(super) name: String,
    pub(super) id: String,
    #[serde(rename = "if")]
    pub(super) condition: Option<String>,
    pub(super) shell: String,
    #[serde(default)]
    pub(super) env: BTreeMap<String, String>,
    pub(super) run: String,
}

/// The values that expressions read, by their names, such as `inputs.files` and `steps.check.outputs.within`.
pub(super) type Values = BTreeMap<String, String>;

/// Returns a text with the values of its expressions, such as `${{ inputs.files }}`.
pub(super) fn expand(text: &str, values: &Values) -> Result<String> {
    let mut pieces = text.split("${{");
    let mut expanded = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (expression, rest) = piece
            .split_once("}}")
            .with_context(|| format!("an expression does not end in `{text}`"))?;
        expanded += &either(expression, values)?;
        expanded += rest;
    }
    Ok(expanded)
}

/// Returns whether a condition holds, such as `inputs.program == ''`.
pub(super) fn holds(condition: &str, values: &Values) -> Result<bool> {
    let (left, right) = condition
        .split_once("==")
        .with_context(|| format!("the condition `{condition}` is no comparison"))?;
    Ok(term(left, values)? == term(right, values)?)
}

/// Returns the first value of `A || B` that is not empty.
fn either(expression: &str, values: &Values) -> Result<String> {
    let mut value = String::new();
    for part in expression.split("||") {
        if value.is_empty() {
            value = term(part, values)?;
        }
    }
    Ok(value)
}

/// Returns the value of a name or of a text in quotes. A step that was left out has empty outputs.
fn term(text: &str, values: &Values) -> Result<String> {
    let text = text.trim();
    let quoted = text.strip_prefix('\'').and_then(|inner| inner.strip_suffix('\''));
    match (quoted, values.get(text)) {
        (Some(inner), _) => Ok(inner.to_owned()),
        (None, Some(value)) => Ok(value.clone()),
        (None, None) if text.starts_with("steps.") && text.contains(".outputs.") => Ok(String::new()),
        (None, None) => bail!("`{text}` is not known here"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expands_names_and_alternatives() {
        let values = [("inputs.a", ""), ("steps.b.outputs.c", "x")];
        let values: Values = values
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let text = "<${{ inputs.a || steps.b.outputs.c }}>${{ steps.left.outputs.out }}";
        assert_eq!(expand(text, &values).unwrap(), "<x>");
        assert!(expand("${{ inputs.wrong }}", &values).is_err());
        assert!(holds("inputs.a == ''", &values).unwrap());
    }
}
