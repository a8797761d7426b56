//! Warnings about fields that are not known, which are nearly always misspelt.

use alloc::{string::String, vec::Vec};

use super::{
    Config, Kind,
    parameters::{AGENTS, SHARED_PARAMETERS},
};
use crate::json::Node;

/// The maximum number of warnings.
const MAX_WARNINGS: usize = 16;

/// The maximum length of a name that is shown.
const MAX_NAME: usize = 64;

/// The [`likeness`] from which a known name is shown as the nearest one.
const ALIKE: usize = 97;

const ROOT: &str = "agents providers tools gateway chat store";
const CHAT: &str = "markdown";
const PROVIDERS: &str = "providers";
const PROVIDER: &str = "kind api_base api_key api_key_env api_version auth extra_body headers headers_env \
    idle_timeout_secs max_response_bytes max_tokens_field query retries timeout_secs total_timeout_secs";
/// The fields of `gateway`, separated by spaces.
pub const GATEWAY_FIELDS: &str = "cors_origins listen max_body_bytes max_concurrent max_connections max_connections_per_address \
    models token token_env";
const STORE: &str = "max_connections url";
const ROUTE: &str = "model provider weight";
const TOOLS: &str = "fetch files mcp notes permissions run_command";
const FILES: &str = "write";
const FETCH: &str = "allow max_bytes methods timeout_secs";
const MCP: &str = "args command env env_from headers headers_env timeout_secs tools url";

/// The objects in which a name may belong, with their fields.
const PLACES: [(&str, &str); 7] = [
    ("agents", AGENTS),
    ("tools", TOOLS),
    ("gateway", GATEWAY_FIELDS),
    ("chat", CHAT),
    ("store", STORE),
    ("providers.providers.NAME", PROVIDER),
    ("tools.mcp.NAME", MCP),
];

/// Returns warnings, as sentence fragments, about the configuration `root` from which `config` was read: unknown
/// fields, each with the nearest known name, and parameters that are not sent.
///
/// The component does not call it, because it would make it 2 KB larger.
pub fn warnings(root: Node<'_>, config: &Config) -> Vec<String> {
    let mut warnings = misspelt(root, Some(&config.provider.name));
    if config.provider.kind == Kind::Anthropic {
        let agents = root.get("agents");
        for name in AGENTS.split(' ').skip(SHARED_PARAMETERS) {
            if agents.is_some_and(|agents| agents.has(name)) {
                warnings.push(["`agents.", name, "` is not sent, Anthropic has no such parameter"].concat());
            }
        }
    }
    warnings
}

/// Returns warnings about the unknown fields below `root`, which need not be a valid configuration. Of the providers
/// only `provider` is looked at, or all of them if it is `None`.
pub fn misspelt(root: Node<'_>, provider: Option<&str>) -> Vec<String> {
    let mut warnings = Vec::new();
    let providers = root.get("providers");
    for (node, path, known) in [
        (Some(root), "", ROOT),
        (root.get("agents"), "agents.", AGENTS),
        (providers, "providers.", PROVIDERS),
        (root.get("chat"), "chat.", CHAT),
        (root.get("store"), "store.", STORE),
    ] {
        if let Some(node) = node {
            unknown_fields(node, path, known, &mut warnings);
        }
    }
    for (name, entry) in providers.into_iter().flat_map(|list| members(list, "providers")) {
        if provider.is_none_or(|provider| provider == name) {
            let path = ["providers.providers.", name, "."].concat();
            unknown_fields(entry, &path, PROVIDER, &mut warnings);
        }
    }
    if let Some(gateway) = root.get("gateway") {
        unknown_fields(gateway, "gateway.", GATEWAY_FIELDS, &mut warnings);
        for (name, routes) in members(gateway, "models") {
            let path = ["gateway.models.", name, "."].concat();
            // A list, or a single one.
            for route in routes.as_items().into_iter().flatten().chain([routes]) {
                unknown_fields(route, &path, ROUTE, &mut warnings);
            }
        }
    }
    if let Some(tools) = root.get("tools") {
        unknown_fields(tools, "tools.", TOOLS, &mut warnings);
        for (name, known) in [("files", FILES), ("fetch", FETCH)] {
            if let Some(node) = tools.get(name) {
                unknown_fields(node, &["tools.", name, "."].concat(), known, &mut warnings);
            }
        }
        for (name, server) in members(tools, "mcp") {
            unknown_fields(server, &["tools.mcp.", name, "."].concat(), MCP, &mut warnings);
        }
    }
    warnings
}

/// Returns the members of the object `key` in `node`.
fn members<'a>(node: Node<'a>, key: &str) -> impl Iterator<Item = (&'a str, Node<'a>)> {
    node.get(key).into_iter().flat_map(Node::each_member)
}

/// Adds a warning for each member of `node` whose name is not in the list `known`, where spaces separate the
/// names; each warning has the nearest known name. `path` is the object's own, with a dot at its end. Names
/// that begin with punctuation count as comments.
pub fn unknown_fields(node: Node<'_>, path: &str, known: &str, warnings: &mut Vec<String>) {
    for (name, _) in node.each_member() {
        let mut nearest = "";
        let mut best = 0;
        for known in known.split(' ') {
            let likeness = likeness(name, known);
            if likeness > best {
                (nearest, best) = (known, likeness);
            }
        }
        let is_comment = !name.starts_with(|first: char| first.is_ascii_alphabetic());
        let showable = name.len() <= MAX_NAME && name.bytes().all(|byte| byte.is_ascii_graphic());
        if nearest != name && !is_comment && showable && warnings.len() < MAX_WARNINGS {
            let hint = match place(name) {
                _ if best >= ALIKE => ["the nearest known name is `", nearest, "`"].concat(),
                Some(place) => ["it belongs in `", place, "`"].concat(),
                None => "and no known name is like it".into(),
            };
            warnings.push(["unknown field `", path, name, "`, ", &hint].concat());
        }
    }
}

/// Returns the object in which the configuration has a field of this name.
fn place(name: &str) -> Option<&'static str> {
    let found = PLACES
        .iter()
        .find(|(_, known)| known.split(' ').any(|known| known == name));
    found.map(|(place, _)| *place)
}

/// Returns how much of a name is at the beginning and at the end of a known one. Upper and lower case do not
/// matter, and equal names are the most alike.
fn likeness(name: &str, known: &str) -> usize {
    let same = |(one, other): &(u8, u8)| one.eq_ignore_ascii_case(other);
    let begin = name.bytes().zip(known.bytes()).take_while(same).count();
    let end = name
        .bytes()
        .rev()
        .zip(known.bytes().rev())
        .take_while(same)
        .count();
    let shorter = name.len().min(known.len());
    let longer = name.len().max(known.len());
    // Both counts never take a letter twice, and a difference in length counts as a fault.
    1 + (begin + end).min(shorter) * 256 / (longer + 1)
}
