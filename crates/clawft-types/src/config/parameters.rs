//! Parameters of the model that clawft passes on, and `extra_body`.

use alloc::string::String;

use super::{Kind, Preset};
use crate::{
    json::{Node, Writer},
    secret::Secret,
    text::Ascii as _,
};

/// The fields of `agents`: those that clawft reads itself, the parameters that both protocols have, and those of
/// OpenAI's protocol.
pub(super) const AGENTS: &str = "model provider system_prompt max_tokens temperature stream context_tokens \
    max_steps turn_tokens turn_timeout_secs \
    reasoning_effort stop top_p top_k service_tier metadata \
    verbosity min_p seed presence_penalty frequency_penalty repetition_penalty logit_bias response_format user \
    prompt_cache_key safety_identifier store";

/// The position of the first parameter in [`AGENTS`].
pub(super) const PARAMETERS: usize = 10;

/// The position of the first parameter that Anthropic's protocol lacks.
pub(super) const SHARED_PARAMETERS: usize = 16;

/// The object that holds the effort in Anthropic's protocol.
const EFFORT: &str = "output_config";

/// The list of stop sequences in Anthropic's protocol.
const STOP: &str = "stop_sequences";

/// Returns the JSON object that is merged into each request: the members of `extra_body`, and the parameters
/// that it does not set.
pub(super) fn merged(agents: Node<'_>, extra: Option<Node<'_>>, preset: &Preset) -> Secret {
    let mut writer = Writer::default();
    writer.object(|object| {
        for (index, name) in AGENTS.pieces(b' ').enumerate().skip(PARAMETERS) {
            if let Some(value) = agents.get(name) {
                let anthropic = preset.kind == Kind::Anthropic;
                if anthropic && index >= SHARED_PARAMETERS {
                    continue;
                }
                let name = match name {
                    "reasoning_effort" if anthropic => EFFORT,
                    "stop" if anthropic => STOP,
                    name => preset.parameter(name),
                };
                if !extra.is_some_and(|extra| extra.has(name)) {
                    parameter(object, name, value);
                }
            }
        }
        if let Some(extra) = extra {
            for (name, value) in extra.each_member() {
                object.member(name, |writer| writer.value(value));
            }
        }
    });
    Secret::new(String::from_utf8(writer.into_bytes()).unwrap_or_default())
}

/// Writes a parameter in the form that goes with its name.
fn parameter(object: &mut Writer, name: &str, value: Node<'_>) {
    let (before, after) = match name {
        EFFORT => ("{\"effort\":", "}"),
        STOP if value.as_text().is_some() => ("[", "]"),
        _ => ("", ""),
    };
    object.member(name, |writer| {
        writer.literal(before);
        writer.value(value);
        writer.literal(after);
    });
}
