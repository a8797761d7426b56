//! Reading the JSON tree into a configuration in which every value is valid.

use alloc::{borrow::ToOwned as _, string::String, vec::Vec};
use core::time::Duration;

use super::{
    Agents, Auth, Config, PRESETS, Preset, Provider, address, headers, parameters, preset::COMPATIBLE,
};
use crate::{
    join,
    json::{JsonError, Node},
    secret::Secret,
    temperature::Temperature,
    text::Ascii as _,
};

const MAX_TIMEOUT_SECS: u32 = 3600;
const DEFAULT_IDLE_TIMEOUT_SECS: u32 = 60;
const DEFAULT_TOTAL_TIMEOUT_SECS: u32 = 600;
const MAX_TOTAL_TIMEOUT_SECS: u32 = 86_400;
const DEFAULT_RETRIES: u32 = 2;
const MAX_RETRIES: u32 = 10;
const DEFAULT_STEPS: u32 = 16;
const MAX_STEPS: u32 = 1000;
const DEFAULT_TURN_SECS: u32 = 1800;
const MAX_TURN_SECS: u32 = 86_400;
const DEFAULT_CONTEXT_TOKENS: u32 = 100_000;
const DEFAULT_MAX_RESPONSE_BYTES: u32 = 10_000_000;

/// Fills `config`, which is empty, so that an error has one value to drop instead of many.
pub(super) fn config(root: Node<'_>, config: &mut Config) -> Result<(), JsonError> {
    let agents = root.require("agents")?;
    let providers = root.require("providers")?.require("providers")?;
    let name = chosen(agents, providers)?;
    let node = providers.require(name)?;
    self::agents(agents, &mut config.agents)?;
    provider(name, node, agents, &config.agents.model, &mut config.provider)
}

/// Reads all providers. Of several with the same name the last one counts.
pub(super) fn providers(root: Node<'_>) -> Vec<(String, Result<Provider, JsonError>)> {
    let entries = root.get("providers").and_then(|part| part.get("providers"));
    let names = entries
        .and_then(|entries| entries.keys().ok())
        .unwrap_or_default();
    let agents = root.get("agents").unwrap_or(root);
    let mut read: Vec<(String, Result<Provider, JsonError>)> = Vec::new();
    for (name, node) in names.iter().filter_map(|name| Some((*name, entries?.get(name)?))) {
        if !read.iter().any(|(known, _)| known == name) {
            let mut provider = Provider::empty();
            let result = self::provider(name, node, agents, "", &mut provider);
            read.push((name.to_owned(), result.map(|()| provider)));
        }
    }
    read
}

/// Returns the name of the provider to use: the one that `agents.provider` names, else the only one.
fn chosen<'a>(agents: Node<'a>, providers: Node<'a>) -> Result<&'a str, JsonError> {
    let names = || providers.each_member().map(|(name, _)| name);
    let Some(first) = names().next() else {
        providers.object()?;
        return Err(providers.error("no provider is configured"));
    };
    match agents.get("provider") {
        None if names().all(|name| name == first) => Ok(first),
        None => {
            let known = list(&mut names());
            Err(agents.error(join!("several providers, choose one with `provider`: ", &known)))
        }
        Some(choice) => {
            let name = choice.text()?;
            let unknown = || choice.error(join!("no such provider, known are ", &list(&mut names())));
            names()
                .any(|known| known == name)
                .then_some(name)
                .ok_or_else(unknown)
        }
    }
}

fn agents(node: Node<'_>, agents: &mut Agents) -> Result<(), JsonError> {
    agents.model = filled(node.require("model")?)?.to_owned();
    if let Some(prompt) = node.get("system_prompt") {
        agents.system_prompt = Some(prompt.text()?.to_owned());
    }
    if let Some(tokens) = node.get("max_tokens") {
        agents.max_tokens = Some(whole(tokens, 1, u32::MAX)?);
    }
    if let Some(number) = node.get("temperature") {
        agents.temperature = Some(temperature(number)?);
    }
    if let Some(stream) = node.get("stream") {
        agents.stream = stream.flag()?;
    }
    agents.max_steps = whole_or(node, "max_steps", 1, MAX_STEPS, DEFAULT_STEPS)?;
    if let Some(tokens) = node.get("turn_tokens") {
        agents.turn_tokens = Some(whole(tokens, 1, u32::MAX)?);
    }
    let turn_timeout = whole_or(node, "turn_timeout_secs", 1, MAX_TURN_SECS, DEFAULT_TURN_SECS)?;
    agents.turn_timeout = Duration::from_secs(turn_timeout.into());
    agents.context_tokens = whole_or(node, "context_tokens", 1, u32::MAX, DEFAULT_CONTEXT_TOKENS)?;
    Ok(())
}

fn provider(
    name: &str,
    node: Node<'_>,
    agents: Node<'_>,
    model: &str,
    provider: &mut Provider,
) -> Result<(), JsonError> {
    // No field of a provider is required, so no later check would notice that it is not an object.
    node.object()?;
    let Address {
        preset,
        api_base,
        query,
        own,
    } = address(name, node, model)?;
    provider.name = name.to_owned();
    provider.preset = preset;
    provider.kind = preset.kind;
    provider.api_base = api_base.to_owned();
    provider.query = address::query(node, preset, api_base, query)?;
    provider.auth = headers::auth(node, preset)?;
    headers::headers(node, &mut provider.headers)?;
    provider.api_key = text(node, "api_key")?.map(Secret::new);
    provider.api_key_env = match node.get("api_key_env") {
        Some(name) => Some(variable(name)?),
        // A key of the environment is sent to its own provider only, unless the configuration names it.
        None if own && provider.api_key.is_none() && !preset.api_key_env.is_empty() => {
            Some(preset.api_key_env.to_owned()).filter(|_| provider.auth != Auth::None)
        }
        None => None,
    };
    let tokens = match preset.completion_tokens {
        true => "max_completion_tokens",
        false => "max_tokens",
    };
    provider.max_tokens_field = text(node, "max_tokens_field")?.unwrap_or(tokens).to_owned();
    let extra = node.get("extra_body");
    if let Some(extra) = extra {
        extra.object()?;
        provider.stream = extra.get("stream").map_or(Ok(true), |stream| stream.flag())?;
    }
    provider.extra_body = parameters::merged(agents, extra, preset);
    let seconds = |key, most, default| whole_or(node, key, 1, most, default);
    let first = seconds("timeout_secs", MAX_TIMEOUT_SECS, preset.timeout_secs.into())?;
    let idle = seconds("idle_timeout_secs", MAX_TIMEOUT_SECS, DEFAULT_IDLE_TIMEOUT_SECS)?;
    let total = DEFAULT_TOTAL_TIMEOUT_SECS.max(first);
    let total = seconds("total_timeout_secs", MAX_TOTAL_TIMEOUT_SECS, total)?;
    provider.timeout = Duration::from_secs(first.into());
    provider.idle_timeout = Duration::from_secs(idle.into());
    provider.total_timeout = Duration::from_secs(total.into());
    provider.whole_timeout = match node.get("timeout_secs").is_some() {
        true => provider.timeout,
        false => provider.total_timeout,
    };
    provider.retries = whole_or(node, "retries", 0, MAX_RETRIES, DEFAULT_RETRIES)?;
    let most = whole_or(
        node,
        "max_response_bytes",
        1,
        u32::MAX,
        DEFAULT_MAX_RESPONSE_BYTES,
    )?;
    provider.max_response = most as usize;
    Ok(())
}

/// Returns the text of an optional member, which must not be empty.
fn text<'a>(node: Node<'a>, key: &str) -> Result<Option<&'a str>, JsonError> {
    node.get(key).map(|text| filled(text)).transpose()
}

/// The address of a provider.
struct Address<'a> {
    preset: &'static Preset,
    api_base: &'a str,
    /// The query of `api_base`.
    query: &'a str,
    /// Whether the address is the preset's own.
    own: bool,
}

/// Returns the preset and the address. The preset is the one that `kind`, the host of `api_base` or the
/// provider's name states; a model's name decides only if none of them does. Without any of these there is no
/// address: another provider's key would be sent to the wrong server.
fn address<'a>(name: &str, node: Node<'a>, model: &str) -> Result<Address<'a>, JsonError> {
    let stated = node.get("kind").map(|kind| self::kind(kind)).transpose()?;
    let Some(base) = node.get("api_base") else {
        let claude = || {
            model
                .starts_with("claude")
                .then(|| Preset::named("anthropic"))
                .flatten()
        };
        let preset = stated.or_else(|| Preset::named(name)).or_else(claude);
        let preset = preset.ok_or_else(|| {
            node.error(join!(
                "`",
                name,
                "` is not known by name: give its address as `api_base`, or its `kind` (",
                &kinds(),
                ")"
            ))
        })?;
        if preset.api_base.is_empty() {
            return Err(node.error("`api_base` is missing, the address of your resource"));
        }
        return Ok(Address {
            preset,
            api_base: preset.api_base,
            query: "",
            own: true,
        });
    };
    let (api_base, query) = address::split(base, "`api_key_env` or `api_key`")?;
    let host = Preset::at(api_base);
    let preset = match stated.or(host).or_else(|| Preset::named(name)) {
        // The parameters of OpenAI's own server are not those of the compatible ones.
        Some(preset) if preset.name == COMPATIBLE.name && host != Some(preset) => &COMPATIBLE,
        preset => preset.unwrap_or(&COMPATIBLE),
    };
    Ok(Address {
        preset,
        api_base,
        query,
        own: host == Some(preset) || preset.is_azure(),
    })
}

fn kind(node: Node<'_>) -> Result<&'static Preset, JsonError> {
    let unknown = || node.error(join!("unknown kind, known are ", &kinds()));
    Preset::named(node.text()?).ok_or_else(unknown)
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
    if authority.has(b'@') {
        return Err(node.error(join!("holds a user name or password: give the key as ", keys)));
    }
    if authority.is_empty() || authority.starts_with(":") {
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
    let outside = || {
        node.error(join!(
            "expected a whole number from ",
            &crate::text::number(least.into()),
            " to ",
            &crate::text::number(most.into())
        ))
    };
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
    list(&mut PRESETS.iter().map(|preset| preset.name))
}

/// Returns `` `a`, `b` ``: each name once, and only the first ones if there are many.
fn list(names: &mut dyn Iterator<Item = &str>) -> String {
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
            list.push_str(&join!(comma, "`", name, "`"));
            listed.push(name);
        }
    }
    list
}
