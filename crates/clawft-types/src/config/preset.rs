//! The providers that are known by name.

use super::Kind;
use crate::text::Ascii as _;

/// The settings of a known provider. Each of them can be overridden in the configuration.
#[derive(Debug)]
pub struct Preset {
    /// The name, as `kind` or as the provider's own name in the configuration.
    pub name: &'static str,
    /// The protocol.
    pub kind: Kind,
    /// The address; empty if every customer has one of their own.
    pub api_base: &'static str,
    /// The environment variable of the key; empty for servers that need no key.
    pub api_key_env: &'static str,
    /// Whether `max_tokens` is sent as `max_completion_tokens`.
    pub completion_tokens: bool,
    /// `timeout_secs`.
    pub timeout_secs: u16,
}

/// The limit for providers with data centres.
const FAST: u16 = 30;

/// The limit for servers that load a model and read a long prompt before they answer.
const SLOW: u16 = 300;

/// Any server that speaks the chat completions of OpenAI.
pub(super) static COMPATIBLE: Preset = preset("openai", "", "", false, FAST);

/// All presets, in the order of error messages.
pub static PRESETS: [Preset; 14] = [
    preset(
        "openai",
        "https://api.openai.com/v1",
        "OPENAI_API_KEY",
        true,
        FAST,
    ),
    Preset {
        kind: Kind::Anthropic,
        ..preset(
            "anthropic",
            "https://api.anthropic.com/v1",
            "ANTHROPIC_API_KEY",
            false,
            FAST,
        )
    },
    preset(
        "gemini",
        "https://generativelanguage.googleapis.com/v1beta/openai",
        "GEMINI_API_KEY",
        false,
        FAST,
    ),
    preset(AZURE, "", "AZURE_OPENAI_API_KEY", true, FAST),
    preset(
        "openrouter",
        "https://openrouter.ai/api/v1",
        "OPENROUTER_API_KEY",
        false,
        FAST,
    ),
    preset(
        MISTRAL,
        "https://api.mistral.ai/v1",
        "MISTRAL_API_KEY",
        false,
        FAST,
    ),
    preset(
        "groq",
        "https://api.groq.com/openai/v1",
        "GROQ_API_KEY",
        true,
        FAST,
    ),
    preset(
        "deepseek",
        "https://api.deepseek.com/v1",
        "DEEPSEEK_API_KEY",
        false,
        FAST,
    ),
    preset("xai", "https://api.x.ai/v1", "XAI_API_KEY", true, FAST),
    preset(
        "together",
        "https://api.together.xyz/v1",
        "TOGETHER_API_KEY",
        false,
        FAST,
    ),
    preset("ollama", "http://127.0.0.1:11434/v1", "", false, SLOW),
    preset("vllm", "http://127.0.0.1:8000/v1", "", false, SLOW),
    preset("llama.cpp", "http://127.0.0.1:8080/v1", "", false, SLOW),
    preset("lmstudio", "http://127.0.0.1:1234/v1", "", false, SLOW),
];

const AZURE: &str = "azure";
const MISTRAL: &str = "mistral";

const fn preset(
    name: &'static str,
    api_base: &'static str,
    api_key_env: &'static str,
    completion_tokens: bool,
    timeout_secs: u16,
) -> Preset {
    Preset {
        name,
        kind: Kind::OpenAi,
        api_base,
        api_key_env,
        completion_tokens,
        timeout_secs,
    }
}

impl Preset {
    /// Returns the preset with this name. Upper and lower case, spaces and punctuation do not matter:
    /// `LM Studio` is `lmstudio`.
    pub fn named(name: &str) -> Option<&'static Preset> {
        PRESETS
            .iter()
            .find(|preset| letters(preset.name).eq(letters(name)))
    }

    /// Returns the preset to which the address `api_base` belongs. Servers on this machine are not recognised.
    pub(super) fn at(api_base: &str) -> Option<&'static Preset> {
        let host = api_base.pieces(b'/').nth(2).unwrap_or_default();
        let azure = host.ends_with(".openai.azure.com");
        PRESETS.iter().find(|preset| match preset.api_base {
            "" => azure,
            known => !preset.api_key_env.is_empty() && api_base.starts_with(known),
        })
    }

    /// Returns whether this is Azure OpenAI, whose addresses hold the deployment and the API's version.
    pub fn is_azure(&self) -> bool {
        self.name == AZURE
    }

    /// Returns the provider's own name of a parameter of the protocol.
    pub(super) fn parameter<'a>(&self, name: &'a str) -> &'a str {
        if self.name == MISTRAL && name == "seed" {
            "random_seed"
        } else {
            name
        }
    }
}

/// Presets are equal if they are the same.
impl PartialEq for Preset {
    fn eq(&self, other: &Preset) -> bool {
        core::ptr::eq(self, other)
    }
}

impl Eq for Preset {}

/// Returns the letters and digits of a name, in lower case.
fn letters(name: &str) -> impl Iterator<Item = u8> {
    let significant = name.bytes().filter(|byte| !b" .-_".contains(byte));
    significant.map(|byte| byte.to_ascii_lowercase())
}
