//! Lookup of the provider's API key, and of the other headers that the configuration takes from the
//! environment.

use alloc::{borrow::ToOwned as _, string::String, vec::Vec};

use clawft_types::{
    Auth, Provider, Secret,
    config::{HeaderSource, is_secret_name},
};

use crate::{
    error::{KeySource, TurnError},
    http::{Header, HeaderValue},
};

/// The shortest value of a secret header that is masked in messages. Shorter ones would mask ordinary words.
const SHORTEST_MASKED: usize = 6;

/// A provider's key, its origin, and the headers that carry it and other secrets.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) source: KeySource,
    /// The headers of the configuration and the one with the key.
    pub(crate) headers: Vec<Header>,
    /// The key, if there is one, and all other texts that no message may show, each in a line of its own.
    pub(crate) secret: Option<Secret>,
}

/// Reads an environment variable.
type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Key {
    /// Reads the key of `provider` from the variable that `api_key_env` names, else from `api_key`, and the
    /// values of its headers. No key is read if `auth` is `none`, or if a header of the configuration takes
    /// the place of the key's.
    pub(crate) fn find(provider: &Provider, env: Env<'_>) -> Result<Key, TurnError> {
        let mut found = Key {
            source: KeySource::None,
            headers: Vec::new(),
            secret: None,
        };
        let mut secrets = String::new();
        found.fill(provider, env, &mut secrets)?;
        found.secret = (!secrets.is_empty()).then(|| Secret::new(secrets));
        Ok(found)
    }

    fn fill(&mut self, provider: &Provider, env: Env<'_>, secrets: &mut String) -> Result<(), TurnError> {
        for header in &provider.headers {
            let (value, secret) = match &header.source {
                HeaderSource::Value(value) => (value.clone(), is_secret_name(&header.name)),
                HeaderSource::Variable(variable) => {
                    (of_variable(provider, &header.name, variable, env)?, true)
                }
            };
            if secret && value.expose().len() >= SHORTEST_MASKED {
                add_line(secrets, value.expose());
            }
            self.add(header.name.clone(), value);
        }
        let (name, scheme) = match &provider.auth {
            Auth::None => return Ok(()),
            Auth::Bearer => ("authorization", "Bearer "),
            Auth::Header(name) => (name.as_str(), ""),
        };
        if self.headers.iter().any(|header| header.name == name) {
            return Ok(());
        }
        let (text, source) = locate(provider, env)?;
        self.source = source;
        let text = text.trim();
        if text.bytes().any(|byte| !byte.is_ascii_graphic()) {
            return Err(unusable(provider, self.source.clone()));
        }
        if !text.is_empty() {
            add_line(secrets, text);
            self.add(name.to_owned(), Secret::new([scheme, text].concat()));
        }
        Ok(())
    }

    fn add(&mut self, name: String, value: Secret) {
        self.headers.push(Header {
            name: name.into(),
            value: HeaderValue::Secret(value),
        });
    }
}

/// Returns the value of a `header` from `variable`. Unlike a key it may hold spaces.
fn of_variable(provider: &Provider, header: &str, variable: &str, env: Env<'_>) -> Result<Secret, TurnError> {
    let value = env(variable).unwrap_or_default();
    let text = value.trim();
    if text.is_empty() {
        return Err(missing(provider, header, variable));
    }
    if text.bytes().any(|byte| !matches!(byte, b' '..=b'~')) {
        return Err(unusable(provider, KeySource::Variable(variable.to_owned())));
    }
    Ok(Secret::new(text))
}

fn missing(provider: &Provider, header: &str, variable: &str) -> TurnError {
    TurnError::MissingKey {
        provider: provider.name.clone(),
        header: header.to_owned(),
        variable: variable.to_owned(),
    }
}

fn unusable(provider: &Provider, source: KeySource) -> TurnError {
    TurnError::UnusableKey {
        provider: provider.name.clone(),
        source,
    }
}

fn locate(provider: &Provider, env: Env<'_>) -> Result<(String, KeySource), TurnError> {
    let variable = provider.api_key_env.as_ref();
    let value = variable
        .and_then(|name| env(name))
        .filter(|value| !value.trim().is_empty());
    match (value, variable, &provider.api_key) {
        (Some(value), Some(name), _) => Ok((value, KeySource::Variable(name.clone()))),
        (_, _, Some(key)) => Ok((key.expose().to_owned(), KeySource::Config)),
        (_, Some(name), None) => Err(missing(provider, "", name)),
        (_, None, None) => Ok((String::new(), KeySource::None)),
    }
}

fn add_line(lines: &mut String, line: &str) {
    if !lines.is_empty() {
        lines.push('\n');
    }
    lines.push_str(line);
}
