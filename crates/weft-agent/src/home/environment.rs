//! The configuration of users who have no file, made from the variables that the providers' own tools read.

mod incomplete;
mod ollama;

use std::env;

use clawft_types::{
    config::{PRESETS, Preset},
    json::Writer,
};

pub(super) use incomplete::incomplete;

/// The variable with the model to ask, for all providers.
const MODEL_VARIABLE: &str = "CLAWFT_MODEL";

/// The variable with a token that is sent as a bearer's, for proxies in front of Anthropic.
pub const ANTHROPIC_TOKEN: &str = "ANTHROPIC_AUTH_TOKEN";

/// The variable with the deployment, which is Azure's name for a model.
const AZURE_MODEL: &str = "AZURE_OPENAI_DEPLOYMENT";

/// The models that are asked if nothing names one: the small general-purpose model of each provider.
const DEFAULT_MODELS: [(&str, &str); 10] = [
    ("openai", "gpt-4o-mini"),
    ("anthropic", "claude-sonnet-4-5"),
    ("gemini", "gemini-2.5-flash"),
    ("openrouter", "openai/gpt-4o-mini"),
    ("mistral", "mistral-small-latest"),
    ("groq", "llama-3.3-70b-versatile"),
    ("deepseek", "deepseek-chat"),
    ("xai", "grok-3-mini"),
    ("together", "meta-llama/Llama-3.3-70B-Instruct-Turbo"),
    ("ollama", "llama3.2"),
];

/// Returns the value of a variable of this process. Bytes that are not UTF-8 are replaced by `U+FFFD`, so that a
/// damaged key is an error and not a missing one.
pub fn variable(name: &str) -> Option<String> {
    env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

/// Returns the model to ask if nothing names one, or `None` where that depends on the server.
pub fn default_model(preset: &Preset) -> Option<&'static str> {
    let found = DEFAULT_MODELS.iter().find(|(name, _)| *name == preset.name);
    found.map(|(_, model)| *model)
}

/// Returns the first provider for which `env` has a key or an address.
pub fn first_provider(env: &dyn Fn(&str) -> Option<String>) -> Option<&'static Preset> {
    let filled = |name: &str| env(name).filter(|value| !value.trim().is_empty());
    let found = PRESETS.iter().find_map(|preset| find(preset, &filled));
    found.map(|found| found.preset)
}

/// Returns the address of the provider that `env` has, in the form of `api_base`.
pub fn api_base(preset: &Preset, env: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let filled = |name: &str| env(name).filter(|value| !value.trim().is_empty());
    address(preset, &prefix(preset), &filled)
}

/// Returns the variable of the provider's key: the one that `env` has, else the usual one. `None` if the provider needs
/// no key.
pub fn key_variable(preset: &Preset, env: &dyn Fn(&str) -> Option<String>) -> Option<&'static str> {
    let filled = |name: &&str| env(name).is_some_and(|value| !value.trim().is_empty());
    key_variables(preset)
        .find(filled)
        .or_else(|| key_variables(preset).next())
}

/// A provider that the environment names.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    preset: &'static Preset,
    model: String,
    /// The address, if it is not the provider's own.
    api_base: Option<String>,
    /// The variable of the key, if it is set.
    key: Option<String>,
}

/// Returns the text of a configuration with all providers for which `env` has a key or an address, or `None` if
/// there is none. The first one, in the order of the presets, is the one to ask.
pub(super) fn config(env: &dyn Fn(&str) -> Option<String>) -> Option<Vec<u8>> {
    let filled = |name: &str| env(name).filter(|value| !value.trim().is_empty());
    let found: Vec<Found> = PRESETS
        .iter()
        .filter_map(|preset| find(preset, &filled))
        .collect();
    let first = found.first()?;
    let mut writer = Writer::default();
    writer.object(|root| {
        root.member("agents", |agents| {
            agents.object(|agents| {
                agents.text_member("provider", first.preset.name);
                agents.text_member("model", &first.model);
            });
        });
        root.member("providers", |outer| {
            outer.object(|outer| outer.member("providers", |list| list.object(|list| write(list, &found))));
        });
        // For the directory of `--workspace`, without which there are none.
        root.member("tools", |tools| {
            tools.object(|tools| {
                tools.member("files", |files| {
                    files.object(|files| files.literal_member("write", "true"));
                })
            });
        });
    });
    Some(writer.into_bytes())
}

fn write(list: &mut Writer, found: &[Found]) {
    for provider in found {
        list.member(provider.preset.name, |value| {
            value.object(|entry| {
                entry.text_member("kind", provider.preset.name);
                if let Some(base) = &provider.api_base {
                    entry.text_member("api_base", base);
                }
                if let Some(variable) = &provider.key {
                    entry.text_member("api_key_env", variable);
                    if variable == ANTHROPIC_TOKEN {
                        entry.text_member("auth", "bearer");
                    }
                }
            });
        });
    }
}

/// Returns the provider if the environment has its key, or its address, and a model is known.
fn find(preset: &'static Preset, filled: &dyn Fn(&str) -> Option<String>) -> Option<Found> {
    let prefix = prefix(preset);
    let key = key_variables(preset).find(|name| filled(name).is_some());
    let api_base = address(preset, &prefix, filled);
    if (key.is_none() && api_base.is_none()) || (preset.api_base.is_empty() && api_base.is_none()) {
        return None;
    }
    let model = model(preset, &prefix, filled)?;
    Some(Found {
        preset,
        model,
        api_base,
        key: key.map(str::to_owned),
    })
}

/// Returns the model that the environment names, else the usual one of the provider.
fn model(preset: &Preset, prefix: &str, filled: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    filled(MODEL_VARIABLE)
        .or_else(|| filled(&[prefix, "_MODEL"].concat()))
        .or_else(|| filled(AZURE_MODEL).filter(|_| preset.is_azure()))
        .or_else(|| default_model(preset).map(str::to_owned))
}

/// Returns the beginning of the provider's variables: `OPENAI`.
fn prefix(preset: &Preset) -> String {
    match preset.api_key_env.strip_suffix("_API_KEY") {
        Some(prefix) => prefix.to_owned(),
        None => preset.name.replace('.', "_").to_ascii_uppercase(),
    }
}

/// Returns the variables of the provider's key. The tools of Google and Anthropic know two of them.
fn key_variables(preset: &Preset) -> impl Iterator<Item = &'static str> {
    let second = match preset.name {
        "gemini" => Some("GOOGLE_API_KEY"),
        "anthropic" => Some(ANTHROPIC_TOKEN),
        _ => None,
    };
    [preset.api_key_env]
        .into_iter()
        .filter(|name| !name.is_empty())
        .chain(second)
}

/// Returns the variable of the provider's address that is set.
fn address_variable(
    preset: &Preset,
    prefix: &str,
    filled: &dyn Fn(&str) -> Option<String>,
) -> Option<String> {
    let own = ["_BASE_URL", "_API_BASE", "_ENDPOINT", "_HOST"].map(|suffix| [prefix, suffix].concat());
    let gemini = Some("GOOGLE_GEMINI_BASE_URL".to_owned()).filter(|_| preset.name == "gemini");
    own.into_iter().chain(gemini).find(|name| filled(name).is_some())
}

/// Returns the address that the environment has for the provider, in the form of `api_base`.
fn address(preset: &Preset, prefix: &str, filled: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let address = filled(&address_variable(preset, prefix, filled)?)?;
    let address = match preset.name {
        "ollama" => ollama::url(&address),
        _ if address.contains("://") => address.trim().to_owned(),
        _ => ["http://", address.trim()].concat(),
    };
    let address = address.trim_end_matches('/').to_owned();
    // The variables of these have no version, our `api_base` does.
    Some(match preset.name {
        "anthropic" | "ollama" if !address.ends_with("/v1") => address + "/v1",
        "gemini" if is_bare(&address) => address + "/v1beta/openai",
        _ => address,
    })
}

/// Returns whether an address has no path.
fn is_bare(address: &str) -> bool {
    let (_, rest) = address.split_once("://").unwrap_or_default();
    !rest.contains('/')
}

#[cfg(test)]
mod tests {
    use clawft_types::{Auth, Config, Kind};

    use super::*;

    fn read(variables: &[(&str, &str)]) -> Option<Config> {
        let env = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name)?;
            Some(found.1.to_owned())
        };
        Some(Config::parse("the environment", &config(&env)?).unwrap())
    }

    #[test]
    fn a_key_is_enough() {
        for (variable, provider, kind) in [
            ("OPENAI_API_KEY", "openai", Kind::OpenAi),
            ("ANTHROPIC_API_KEY", "anthropic", Kind::Anthropic),
            ("ANTHROPIC_AUTH_TOKEN", "anthropic", Kind::Anthropic),
            ("GEMINI_API_KEY", "gemini", Kind::OpenAi),
            ("GOOGLE_API_KEY", "gemini", Kind::OpenAi),
            ("OPENROUTER_API_KEY", "openrouter", Kind::OpenAi),
            ("MISTRAL_API_KEY", "mistral", Kind::OpenAi),
            ("GROQ_API_KEY", "groq", Kind::OpenAi),
            ("DEEPSEEK_API_KEY", "deepseek", Kind::OpenAi),
            ("XAI_API_KEY", "xai", Kind::OpenAi),
            ("TOGETHER_API_KEY", "together", Kind::OpenAi),
        ] {
            let config = read(&[(variable, "sk-1")]).unwrap();
            assert_eq!(
                (config.provider.name.as_str(), config.provider.kind),
                (provider, kind)
            );
            assert_eq!(config.provider.api_key_env.as_deref(), Some(variable));
            assert_eq!(config.provider.api_base, config.provider.preset.api_base);
            assert!(!config.agents.model.is_empty());
        }
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[("OPENAI_API_KEY", " ")]), None);
    }

    #[test]
    fn addresses_are_those_of_the_providers_tools() {
        for (variable, address, provider, api_base) in [
            (
                "OPENAI_BASE_URL",
                "http://127.0.0.1:1/v1/",
                "openai",
                "http://127.0.0.1:1/v1",
            ),
            (
                "OPENAI_API_BASE",
                "http://127.0.0.1:1/v1",
                "openai",
                "http://127.0.0.1:1/v1",
            ),
            (
                "ANTHROPIC_BASE_URL",
                "http://127.0.0.1:1",
                "anthropic",
                "http://127.0.0.1:1/v1",
            ),
            (
                "GROQ_BASE_URL",
                "http://127.0.0.1:1/openai/v1",
                "groq",
                "http://127.0.0.1:1/openai/v1",
            ),
            (
                "GOOGLE_GEMINI_BASE_URL",
                "http://127.0.0.1:1/",
                "gemini",
                "http://127.0.0.1:1/v1beta/openai",
            ),
            (
                "GEMINI_BASE_URL",
                "http://127.0.0.1:1/v1",
                "gemini",
                "http://127.0.0.1:1/v1",
            ),
            (
                "OLLAMA_HOST",
                "0.0.0.0:11434",
                "ollama",
                "http://127.0.0.1:11434/v1",
            ),
            (
                "OLLAMA_HOST",
                "https://models.example",
                "ollama",
                "https://models.example/v1",
            ),
        ] {
            let config = read(&[(variable, address)]).unwrap();
            assert_eq!(
                (config.provider.name.as_str(), config.provider.api_base.as_str()),
                (provider, api_base)
            );
            assert_eq!(config.provider.api_key_env, None, "{variable}");
        }
    }

    #[test]
    fn models_come_from_variables_or_the_table() {
        let key = ("ANTHROPIC_API_KEY", "sk-1");
        let model = |variables: &[(&str, &str)]| read(variables).unwrap().agents.model;
        assert_eq!(model(&[key]), "claude-sonnet-4-5");
        assert_eq!(model(&[key, ("ANTHROPIC_MODEL", "a")]), "a");
        assert_eq!(
            model(&[key, ("ANTHROPIC_MODEL", "a"), ("CLAWFT_MODEL", "b")]),
            "b"
        );
    }

    #[test]
    fn azure_needs_an_address_and_a_deployment() {
        let key = ("AZURE_OPENAI_API_KEY", "1");
        let endpoint = ("AZURE_OPENAI_ENDPOINT", "https://x.openai.azure.com/");
        assert_eq!(read(&[key]), None);
        assert_eq!(read(&[key, endpoint]), None);
        let config = read(&[key, endpoint, ("AZURE_OPENAI_DEPLOYMENT", "gpt")]).unwrap();
        assert_eq!(
            (config.provider.name.as_str(), config.agents.model.as_str()),
            ("azure", "gpt")
        );
    }

    #[test]
    fn anthropics_token_is_sent_as_a_bearers() {
        for (variable, auth) in [
            ("ANTHROPIC_AUTH_TOKEN", Auth::Bearer),
            ("ANTHROPIC_API_KEY", Auth::Header("x-api-key".to_owned())),
        ] {
            assert_eq!(read(&[(variable, "t")]).unwrap().provider.auth, auth);
        }
    }

    #[test]
    fn the_first_of_several_is_asked() {
        let config = read(&[("GROQ_API_KEY", "1"), ("ANTHROPIC_API_KEY", "2")]).unwrap();
        assert_eq!(config.provider.name, "anthropic");
    }
}
