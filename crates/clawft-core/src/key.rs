//! Lookup of the provider's API key.

use crate::error::{KeySource, TurnError};
use alloc::borrow::ToOwned as _;
use alloc::string::String;
use clawft_types::{Provider, Secret};

/// A provider's key and its origin.
#[derive(Debug)]
pub(crate) struct Key {
    /// `None` if none is configured.
    pub(crate) secret: Option<Secret>,
    pub(crate) source: KeySource,
}

impl Key {
    /// Reads the key of `provider` from the variable that `api_key_env` names, else from `api_key`.
    pub(crate) fn find(provider: &Provider, env: &dyn Fn(&str) -> Option<String>) -> Result<Key, TurnError> {
        let (text, source) = locate(provider, env)?;
        // Files and shells leave line ends around keys.
        let text = text.trim();
        if text.bytes().any(|byte| !byte.is_ascii_graphic()) {
            return Err(TurnError::UnusableKey {
                provider: provider.name.clone(),
                source,
            });
        }
        Ok(Key {
            secret: (!text.is_empty()).then(|| Secret::new(text)),
            source,
        })
    }
}

fn locate(
    provider: &Provider,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<(String, KeySource), TurnError> {
    let variable = provider.api_key_env.as_ref();
    let value = variable
        .and_then(|name| env(name))
        .filter(|value| !value.trim().is_empty());
    match (value, variable, &provider.api_key) {
        (Some(value), Some(name), _) => Ok((value, KeySource::Variable(name.clone()))),
        (_, _, Some(key)) => Ok((key.expose().to_owned(), KeySource::Config)),
        (_, Some(name), None) => Err(TurnError::MissingKey {
            provider: provider.name.clone(),
            variable: name.clone(),
        }),
        (_, None, None) => Ok((String::new(), KeySource::None)),
    }
}
