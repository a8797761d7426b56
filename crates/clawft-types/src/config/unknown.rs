//! Warnings about fields that are not known, which are nearly always misspelt.

use super::parameters::{AGENTS, SHARED_PARAMETERS};
use super::{Config, Kind};
use crate::json::Node;
use alloc::string::String;
use alloc::vec::Vec;

/// The maximum number of warnings.
const MAX_WARNINGS: usize = 16;

/// The maximum length of a name that is shown.
const MAX_NAME: usize = 64;

const ROOT: &str = "agents providers tools gateway";
const PROVIDERS: &str = "providers";
const PROVIDER: &str = "kind api_base api_key api_key_env api_version auth extra_body headers headers_env \
    idle_timeout_secs max_response_bytes max_tokens_field query retries timeout_secs total_timeout_secs";

/// Returns warnings, as sentence fragments, about the configuration `root` from which `config` was read: unknown
/// fields, each with the nearest known name, and parameters that are not sent.
///
/// The component does not call it, because it would make it 2 KB larger.
pub fn warnings(root: Node<'_>, config: &Config) -> Vec<String> {
    let mut warnings = Vec::new();
    let path = ["providers.providers.", &config.provider.name, "."].concat();
    let providers = root.get("providers");
    let all = providers.and_then(|providers| providers.get("providers"));
    let provider = all.and_then(|all| all.get(&config.provider.name));
    let agents = root.get("agents");
    for (node, path, known) in [
        (Some(root), "", ROOT),
        (agents, "agents.", AGENTS),
        (providers, "providers.", PROVIDERS),
        (provider, &path, PROVIDER),
    ] {
        if let Some(node) = node {
            unknown_fields(node, path, known, &mut warnings);
        }
    }
    if config.provider.kind == Kind::Anthropic {
        for name in AGENTS.split(' ').skip(SHARED_PARAMETERS) {
            if agents.is_some_and(|agents| agents.has(name)) {
                warnings.push(["`agents.", name, "` is not sent, Anthropic has no such parameter"].concat());
            }
        }
    }
    warnings
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
            warnings.push(
                [
                    "unknown field `",
                    path,
                    name,
                    "`, the nearest known name is `",
                    nearest,
                    "`",
                ]
                .concat(),
            );
        }
    }
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
