//! Reading the JSON tree into a configuration in which every value is valid.

use super::{Agents, Config, Kind, Provider};
use crate::json::{JsonError, Node};
use crate::secret::Secret;
use crate::temperature::Temperature;
use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

const DEFAULT_TIMEOUT_SECS: u32 = 30;
const MAX_TIMEOUT_SECS: u32 = 3600;
const DEFAULT_RETRIES: u32 = 2;
const MAX_RETRIES: u32 = 10;
const DEFAULT_STEPS: u32 = 16;
const MAX_STEPS: u32 = 1000;
const DEFAULT_TURN_SECS: u32 = 1800;
const MAX_TURN_SECS: u32 = 86_400;
const DEFAULT_CONTEXT_TOKENS: u32 = 100_000;
const DEFAULT_MAX_RESPONSE_BYTES: u32 = 10_000_000;

pub(super) fn config(root: Node<'_>) -> Result<Config, JsonError> {
    let agents = root.require("agents")?;
    let providers = root.require("providers")?.require("providers")?;
    let name = chosen(agents, providers)?;
    let agents = self::agents(agents)?;
    Ok(Config {
        provider: provider(name, providers.require(name)?, &agents.model)?,
        agents,
    })
}

/// Reads all providers. Of several with the same name the last one counts.
pub(super) fn providers(root: Node<'_>) -> Vec<(String, Result<Provider, JsonError>)> {
    let entries = root.get("providers").and_then(|part| part.get("providers"));
    let names = entries
        .and_then(|entries| entries.keys().ok())
        .unwrap_or_default();
    let mut read: Vec<(String, Result<Provider, JsonError>)> = Vec::new();
    for (name, node) in names.iter().filter_map(|name| Some((*name, entries?.get(name)?))) {
        if !read.iter().any(|(known, _)| known == name) {
            read.push((name.to_owned(), provider(name, node, "")));
        }
    }
    read
}

/// Returns the name of the provider to use: the one that `agents.provider` names, else the only one.
fn chosen<'a>(agents: Node<'a>, providers: Node<'a>) -> Result<&'a str, JsonError> {
    let names = || providers.as_members().into_iter().flatten().map(|(name, _)| name);
    let Some(first) = names().next() else {
        providers.object()?;
        return Err(providers.error("no provider is configured"));
    };
    match agents.get("provider") {
        None if names().all(|name| name == first) => Ok(first),
        None => {
            let known = list(names());
            Err(agents.error(["several providers, choose one with `provider`: ", &known].concat()))
        }
        Some(choice) => {
            let name = choice.text()?;
            let unknown = || choice.error(["no such provider, known are ", &list(names())].concat());
            names()
                .any(|known| known == name)
                .then_some(name)
                .ok_or_else(unknown)
        }
    }
}

fn agents(node: Node<'_>) -> Result<Agents, JsonError> {
    Ok(Agents {
        model: filled(node.require("model")?)?.to_owned(),
        system_prompt: node
            .get("system_prompt")
            .map(|prompt| prompt.text().map(str::to_owned))
            .transpose()?,
        max_tokens: node
            .get("max_tokens")
            .map(|tokens| whole(tokens, 1, u32::MAX))
            .transpose()?,
        temperature: node
            .get("temperature")
            .map(|number| temperature(number))
            .transpose()?,
        stream: node.get("stream").map_or(Ok(false), |stream| stream.flag())?,
        max_steps: whole_or(node, "max_steps", 1, MAX_STEPS, DEFAULT_STEPS)?,
        turn_tokens: node
            .get("turn_tokens")
            .map(|tokens| whole(tokens, 1, u32::MAX))
            .transpose()?,
        turn_timeout: Duration::from_secs(
            whole_or(node, "turn_timeout_secs", 1, MAX_TURN_SECS, DEFAULT_TURN_SECS)?.into(),
        ),
        context_tokens: whole_or(node, "context_tokens", 1, u32::MAX, DEFAULT_CONTEXT_TOKENS)?,
    })
}

fn provider(name: &str, node: Node<'_>, model: &str) -> Result<Provider, JsonError> {
    // No field of a provider is required, so no later check would notice that it is not an object.
    node.object()?;
    let (kind, api_base) = kind_and_base(name, node, model)?;
    let timeout_secs = whole_or(node, "timeout_secs", 1, MAX_TIMEOUT_SECS, DEFAULT_TIMEOUT_SECS)?;
    let max_response = whole_or(
        node,
        "max_response_bytes",
        1,
        u32::MAX,
        DEFAULT_MAX_RESPONSE_BYTES,
    )?;
    Ok(Provider {
        name: name.to_owned(),
        kind,
        api_base,
        api_key: node
            .get("api_key")
            .map(|key| filled(key).map(Secret::new))
            .transpose()?,
        api_key_env: node
            .get("api_key_env")
            .map(|variable| self::variable(variable))
            .transpose()?,
        timeout: Duration::from_secs(timeout_secs.into()),
        retries: whole_or(node, "retries", 0, MAX_RETRIES, DEFAULT_RETRIES)?,
        max_response: max_response as usize,
    })
}

/// Returns the protocol and the address. The address defaults to the protocol's own provider only if `kind`,
/// the provider's name or the model's name states the protocol: another provider's key would be sent to the
/// wrong server.
fn kind_and_base(name: &str, node: Node<'_>, model: &str) -> Result<(Kind, String), JsonError> {
    let stated = match node.get("kind") {
        Some(kind) => Some(self::kind(kind)?),
        None => named(name).or(model.starts_with("claude").then_some(Kind::Anthropic)),
    };
    match (node.get("api_base"), stated) {
        (Some(base), kind) => Ok((kind.unwrap_or(Kind::OpenAi), api_base(base)?)),
        (None, Some(kind)) => Ok((kind, kind.default_base().to_owned())),
        (None, None) => Err(node.error(format!(
            "`{name}` is not known by name: give its address as `api_base`, or its `kind` ({})",
            kinds()
        ))),
    }
}

fn kind(node: Node<'_>) -> Result<Kind, JsonError> {
    let name = node.text()?;
    named(name).ok_or_else(|| node.error(format!("unknown kind, known are {}", kinds())))
}

fn named(name: &str) -> Option<Kind> {
    Kind::ALL.into_iter().find(|kind| kind.as_str() == name)
}

/// Reads an absolute URL to which a path can be appended.
fn api_base(node: Node<'_>) -> Result<String, JsonError> {
    absolute_url(
        node,
        node.text()?.trim_end_matches('/'),
        false,
        "`api_key_env` or `api_key`",
    )
}

/// Checks `url`, the text of `node` or a part of it. It may have a `query`, but no fragment and no user info:
/// `keys` are the fields where keys belong.
pub(super) fn absolute_url(node: Node<'_>, url: &str, query: bool, keys: &str) -> Result<String, JsonError> {
    let Some(rest) = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))
    else {
        return Err(node.error("expected a URL that starts with `https://` or `http://`"));
    };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(node.error(["holds a user name or password: give the key as ", keys].concat()));
    }
    if authority.is_empty() || authority.starts_with(':') {
        return Err(node.error("the URL names no host"));
    }
    let forbidden =
        |byte: u8| !byte.is_ascii_graphic() || b"#\\\"<>^`{|}".contains(&byte) || (byte == b'?' && !query);
    if rest.bytes().any(forbidden) {
        return Err(node.error("holds a query, a fragment or a character that no URL may hold"));
    }
    Ok(url.to_owned())
}

/// Reads the name of an environment variable.
///
/// Error messages quote such names, so a key that was put here by mistake must not be accepted as one:
/// variable names hardly ever mix upper case, lower case and digits, keys nearly always do.
pub(super) fn variable(node: Node<'_>) -> Result<String, JsonError> {
    let name = filled(node)?;
    let any = |class: fn(&u8) -> bool| name.as_bytes().iter().any(class);
    let like_a_key = any(u8::is_ascii_uppercase) && any(u8::is_ascii_lowercase) && any(u8::is_ascii_digit);
    if like_a_key || any(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_') {
        return Err(
            node.error("expected the name of an environment variable; a key itself goes to `api_key`")
        );
    }
    Ok(name.to_owned())
}

fn temperature(node: Node<'_>) -> Result<Temperature, JsonError> {
    Temperature::new(node.number()?).ok_or_else(|| node.error("expected a number from 0 to 2"))
}

pub(super) fn whole_or(
    node: Node<'_>,
    key: &str,
    least: u32,
    most: u32,
    default: u32,
) -> Result<u32, JsonError> {
    node.get(key)
        .map_or(Ok(default), |number| whole(number, least, most))
}

fn whole(node: Node<'_>, least: u32, most: u32) -> Result<u32, JsonError> {
    let number = u32::try_from(node.whole()?).ok();
    let outside = || node.error(format!("expected a whole number from {least} to {most}"));
    number
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(outside)
}

/// Reads a string that is not empty.
pub(super) fn filled<'a>(node: Node<'a>) -> Result<&'a str, JsonError> {
    match node.text()?.trim() {
        "" => Err(node.error("must not be empty")),
        text => Ok(text),
    }
}

fn kinds() -> String {
    list(Kind::ALL.into_iter().map(Kind::as_str))
}

/// Returns `` `a`, `b` ``: each name once, and only the first ones if there are many.
fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const MOST: usize = 32;
    let mut listed: Vec<&str> = Vec::new();
    let mut list = String::new();
    for name in names {
        if listed.len() == MOST {
            list.push_str(", …");
            break;
        }
        if !listed.contains(&name) {
            let comma = if list.is_empty() { "" } else { ", " };
            list.push_str(&[comma, "`", name, "`"].concat());
            listed.push(name);
        }
    }
    list
}
