//! `gateway.models`: names for clients, and the models behind them.
//!
//! ```json
//! {"fast": "openai/gpt-4o-mini",
//!  "best": ["anthropic/claude-opus-4", {"provider": "openai", "model": "gpt-5"}],
//!  "both": [{"provider": "a", "model": "m", "weight": 3}, {"provider": "b", "model": "m", "weight": 1}]}
//! ```

use alloc::{borrow::ToOwned as _, format, string::String, vec, vec::Vec};

use crate::json::{JsonError, Node};

/// The maximum weight.
const MAX_WEIGHT: u32 = 1_000_000;

/// The maximum number of models behind a name.
const MAX_ENTRIES: usize = 64;

/// The names and the models behind them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelMap(Vec<(String, Vec<ModelEntry>)>);

/// A model behind a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelEntry {
    /// The provider; by default the agent's.
    pub provider: Option<String>,
    /// The model's name at the provider.
    pub model: String,
    /// The share of requests that it gets first. 0 if only the order counts.
    pub weight: u32,
}

impl ModelMap {
    /// Reads the object.
    pub fn read(node: Node<'_>) -> Result<ModelMap, JsonError> {
        let names = node.keys()?;
        let mut models = Vec::new();
        for name in names {
            let value = node.require(name)?;
            if name.trim().is_empty() {
                return Err(node.error("the name of a model must not be empty"));
            }
            if !models.iter().any(|(known, _)| known == name) {
                models.push((name.to_owned(), entries(value)?));
            }
        }
        Ok(ModelMap(models))
    }

    /// Returns the names with their models.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[ModelEntry])> {
        self.0
            .iter()
            .map(|(name, entries)| (name.as_str(), entries.as_slice()))
    }
}

fn entries(node: Node<'_>) -> Result<Vec<ModelEntry>, JsonError> {
    let Some(items) = node.as_items() else {
        return Ok(vec![entry(node)?]);
    };
    let entries = items.map(entry).collect::<Result<Vec<_>, _>>()?;
    match entries.len() {
        0 => Err(node.error("at least one model is needed")),
        1..=MAX_ENTRIES => Ok(entries),
        _ => Err(node.error(format!("at most {MAX_ENTRIES} models are possible"))),
    }
}

/// Reads `"provider/model"`, or an object with `provider`, `model` and `weight`.
fn entry(node: Node<'_>) -> Result<ModelEntry, JsonError> {
    if let Some(text) = node.as_text() {
        let (provider, model) = match text.split_once('/') {
            Some((provider, model)) => (Some(provider.to_owned()), model),
            None => (None, text),
        };
        let model = filled(node, model)?;
        return Ok(ModelEntry {
            provider,
            model,
            weight: 0,
        });
    }
    let model = node.require("model")?;
    let provider = node.get("provider");
    let weight = node.get("weight").map(|weight| self::weight(weight));
    Ok(ModelEntry {
        provider: provider.map(|name| filled(name, name.text()?)).transpose()?,
        model: filled(model, model.text()?)?,
        weight: weight.transpose()?.unwrap_or(0),
    })
}

fn filled(node: Node<'_>, text: &str) -> Result<String, JsonError> {
    match text.trim() {
        "" => Err(node.error("expected a model as `provider/model`, or an object with `model`")),
        text => Ok(text.to_owned()),
    }
}

fn weight(node: Node<'_>) -> Result<u32, JsonError> {
    let number = u32::try_from(node.whole()?).ok();
    let fitting = number.filter(|number| *number <= MAX_WEIGHT);
    fitting.ok_or_else(|| node.error(format!("expected a whole number from 0 to {MAX_WEIGHT}")))
}
