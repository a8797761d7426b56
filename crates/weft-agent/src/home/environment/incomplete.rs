//! Providers of which the environment has a part only.

use clawft_types::config::{PRESETS, Preset};

use super::{AZURE_MODEL, MODEL_VARIABLE, address_variable, key_variables, model, prefix};

/// Returns what the environment lacks for the first provider of which it has a key or an address, but not all that is
/// needed: `AZURE_OPENAI_API_KEY is set, but not AZURE_OPENAI_ENDPOINT`.
pub(in crate::home) fn incomplete(env: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let filled = |name: &str| env(name).filter(|value| !value.trim().is_empty());
    PRESETS.iter().find_map(|preset| lacking(preset, &filled))
}

fn lacking(preset: &Preset, filled: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let prefix = prefix(preset);
    let key = key_variables(preset).find(|name| filled(name).is_some());
    let address = address_variable(preset, &prefix, filled);
    let known = key.map(str::to_owned).or_else(|| address.clone())?;
    let mut needed = Vec::new();
    if preset.api_base.is_empty() && address.is_none() {
        needed.push(format!("`{prefix}_ENDPOINT`"));
    }
    if model(preset, &prefix, filled).is_none() {
        needed.push(match preset.is_azure() {
            true => format!("`{AZURE_MODEL}`"),
            false => format!("`{MODEL_VARIABLE}`, the model"),
        });
    }
    (!needed.is_empty()).then(|| format!("`{known}` is set, but not {}", needed.join(" and ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_is_missing_for_a_provider() {
        for (set, expected) in [
            (&[][..], None),
            (&["OTHER"], None),
            (&["OPENAI_API_KEY"], None),
            (&["OLLAMA_HOST"], None),
            (
                &["AZURE_OPENAI_API_KEY"],
                Some(
                    "`AZURE_OPENAI_API_KEY` is set, but not `AZURE_OPENAI_ENDPOINT` and `AZURE_OPENAI_DEPLOYMENT`",
                ),
            ),
            (
                &["AZURE_OPENAI_API_KEY", "AZURE_OPENAI_DEPLOYMENT"],
                Some("`AZURE_OPENAI_API_KEY` is set, but not `AZURE_OPENAI_ENDPOINT`"),
            ),
            (
                &["AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT"],
                Some("`AZURE_OPENAI_API_KEY` is set, but not `AZURE_OPENAI_DEPLOYMENT`"),
            ),
            (
                &["AZURE_OPENAI_ENDPOINT"],
                Some("`AZURE_OPENAI_ENDPOINT` is set, but not `AZURE_OPENAI_DEPLOYMENT`"),
            ),
            (&["AZURE_OPENAI_ENDPOINT", "CLAWFT_MODEL"], None),
            (
                &["VLLM_BASE_URL"],
                Some("`VLLM_BASE_URL` is set, but not `CLAWFT_MODEL`, the model"),
            ),
            (
                &["LMSTUDIO_HOST"],
                Some("`LMSTUDIO_HOST` is set, but not `CLAWFT_MODEL`, the model"),
            ),
            (&["VLLM_BASE_URL", "VLLM_MODEL"], None),
        ] {
            let env = |name: &str| set.contains(&name).then(|| "x".to_owned());
            assert_eq!(incomplete(&env).as_deref(), expected, "{set:?}");
        }
    }
}
