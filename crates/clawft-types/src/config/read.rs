//! From the JSON tree to a configuration in which every value is usable.

use super::{Agents, Config, Kind, Provider};
use crate::json::{JsonError, Node};
use crate::secret::Secret;
use crate::temperature::Temperature;
use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;
use core::time::Duration;

const DEFAULT_TIMEOUT_SECS: u32 = 30;
const MAX_TIMEOUT_SECS: u32 = 3600;
const DEFAULT_RETRIES: u32 = 2;
const MAX_RETRIES: u32 = 10;

pub(super) fn config(root: &Node<'_>) -> Result<Config, JsonError> {
    let agents = root.require("agents")?;
    let providers = root.require("providers")?.require("providers")?;
    let name = chosen(&agents, &providers)?;
    Ok(Config { provider: provider(name, &providers.require(name)?)?, agents: self::agents(&agents)? })
}

/// The name of the provider to use: the one `agents.provider` names, else the only one there is.
fn chosen<'a>(agents: &Node<'a>, providers: &Node<'a>) -> Result<&'a str, JsonError> {
    let known = providers.keys()?;
    match (agents.get("provider"), known.as_slice()) {
        (_, []) => Err(providers.error("no provider is configured")),
        (None, [only]) => Ok(only),
        (None, _) => {
            Err(agents.error(format!("several providers, choose one with `provider`: {}", list(&known))))
        }
        (Some(choice), _) => {
            let name = choice.text()?;
            let unknown = || choice.error(format!("no such provider, known are {}", list(&known)));
            known.contains(&name).then_some(name).ok_or_else(unknown)
        }
    }
}

fn agents(node: &Node<'_>) -> Result<Agents, JsonError> {
    Ok(Agents {
        model: filled(&node.require("model")?)?.to_owned(),
        system_prompt: node
            .get("system_prompt")
            .map(|prompt| prompt.text().map(str::to_owned))
            .transpose()?,
        max_tokens: node.get("max_tokens").map(|tokens| whole(&tokens, 1, u32::MAX)).transpose()?,
        temperature: node.get("temperature").map(|number| temperature(&number)).transpose()?,
    })
}

fn provider(name: &str, node: &Node<'_>) -> Result<Provider, JsonError> {
    // No field of a provider is required, so nothing below would notice that it is not an object.
    node.keys()?;
    let (kind, api_base) = kind_and_base(name, node)?;
    let timeout_secs = whole_or(node, "timeout_secs", 1, MAX_TIMEOUT_SECS, DEFAULT_TIMEOUT_SECS)?;
    Ok(Provider {
        name: name.to_owned(),
        kind,
        api_base,
        api_key: node.get("api_key").map(|key| filled(&key).map(Secret::new)).transpose()?,
        api_key_env: node.get("api_key_env").map(|variable| self::variable(&variable)).transpose()?,
        timeout: Duration::from_secs(timeout_secs.into()),
        retries: whole_or(node, "retries", 0, MAX_RETRIES, DEFAULT_RETRIES)?,
    })
}

/// The protocol and the address. Only a provider that is OpenAI by name or by `kind` falls back to OpenAI's address: the
/// key of any other would be sent to the wrong place.
fn kind_and_base(name: &str, node: &Node<'_>) -> Result<(Kind, String), JsonError> {
    let stated = node.get("kind").map(|kind| self::kind(&kind)).transpose()?;
    let known = || Kind::ALL.into_iter().find(|kind| kind.as_str() == name);
    match (node.get("api_base"), stated.or_else(known)) {
        (Some(base), kind) => Ok((kind.unwrap_or(Kind::OpenAi), api_base(&base)?)),
        (None, Some(kind)) => Ok((kind, kind.default_base().to_owned())),
        (None, None) => Err(node.error(format!(
            "`{name}` is not known by name: give its address as `api_base`, or its `kind` ({})",
            kinds()
        ))),
    }
}

fn kind(node: &Node<'_>) -> Result<Kind, JsonError> {
    let name = node.text()?;
    let unknown = || node.error(format!("unknown kind, known are {}", kinds()));
    Kind::ALL.into_iter().find(|kind| kind.as_str() == name).ok_or_else(unknown)
}

/// An absolute URL to which a path can be appended.
fn api_base(node: &Node<'_>) -> Result<String, JsonError> {
    let url = node.text()?.trim_end_matches('/');
    let Some(rest) = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")) else {
        return Err(node.error("expected a URL that starts with `https://` or `http://`"));
    };
    let authority = rest.split('/').next().unwrap_or_default();
    if authority.contains('@') {
        return Err(node.error("holds a user name or password: give the key as `api_key_env` or `api_key`"));
    }
    if authority.is_empty() || authority.starts_with(':') {
        return Err(node.error("the URL names no host"));
    }
    let forbidden = |byte: u8| !byte.is_ascii_graphic() || b"?#\\\"<>^`{|}".contains(&byte);
    if rest.bytes().any(forbidden) {
        return Err(node.error("holds a query, a fragment or a character that no URL may hold"));
    }
    Ok(url.to_owned())
}

/// The name of an environment variable.
///
/// Errors quote such names, so a key that was put here by mistake must not pass for one: names of variables hardly ever
/// mix capitals, small letters and digits, keys nearly always do.
fn variable(node: &Node<'_>) -> Result<String, JsonError> {
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

fn temperature(node: &Node<'_>) -> Result<Temperature, JsonError> {
    Temperature::new(node.number()?).ok_or_else(|| node.error("expected a number from 0 to 2"))
}

fn whole_or(node: &Node<'_>, key: &str, least: u32, most: u32, default: u32) -> Result<u32, JsonError> {
    node.get(key).map_or(Ok(default), |number| whole(&number, least, most))
}

fn whole(node: &Node<'_>, least: u32, most: u32) -> Result<u32, JsonError> {
    let number = u32::try_from(node.whole()?).ok();
    let outside = || node.error(format!("expected a whole number from {least} to {most}"));
    number.filter(|number| (least..=most).contains(number)).ok_or_else(outside)
}

/// A string with something in it.
fn filled<'a>(node: &Node<'a>) -> Result<&'a str, JsonError> {
    match node.text()?.trim() {
        "" => Err(node.error("must not be empty")),
        text => Ok(text),
    }
}

fn kinds() -> String {
    list(&Kind::ALL.map(Kind::as_str))
}

/// `` `a`, `b` ``
fn list(names: &[&str]) -> String {
    ["`", &names.join("`, `"), "`"].concat()
}
