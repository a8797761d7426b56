//! The parameters that Anthropic's models take and reject, by their names.

use clawft_core::anthropic_max_tokens;

use super::Options;

/// The families whose thinking cannot be turned off.
const ALWAYS_THINK: [&str; 2] = ["fable", "mythos"];

/// Sets the options that follow from the name of a model. Those of other companies' models stay as they are.
pub(crate) fn apply(model: &str, options: &mut Options) {
    let Some((_, name)) = model.split_once("claude-") else {
        return;
    };
    let mut words = name.split(['-', '.', '@', ':']);
    let family = words.next().unwrap_or_default();
    // A date has more digits than fit.
    let mut number = || words.next().and_then(|word| word.parse::<u8>().ok());
    let version = match family.parse::<u8>() {
        // The first three generations have their number before the family.
        Ok(_) => (3, 0),
        Err(_) => number().map_or((u8::MAX, 0), |major| (major, number().unwrap_or_default())),
    };
    options.max_tokens = anthropic_max_tokens(model).into();
    options.is_maximum = true;
    options.adaptive_thinking = version >= (4, 6);
    options.sampling = version < (4, 7);
    options.single_sampling = version >= (4, 1);
    options.always_thinks = ALWAYS_THINK.contains(&family);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns whether the model thinks adaptively, takes a temperature, and always thinks.
    fn of(model: &str) -> (bool, bool, bool) {
        let mut options = Options::default();
        apply(model, &mut options);
        (options.adaptive_thinking, options.sampling, options.always_thinks)
    }

    #[test]
    fn knows_generations_by_name() {
        for model in [
            "claude-3-7-sonnet-20250219",
            "claude-opus-4-20250514",
            "claude-sonnet-4",
            "claude-sonnet-4-5-20250929",
            "anthropic/claude-opus-4.5",
            "claude-haiku-4-5@20251001",
            "claude-2.1",
            "glm-5",
        ] {
            assert_eq!(of(model), (false, true, false), "{model}");
        }
        for model in [
            "claude-opus-4-6",
            "anthropic/claude-sonnet-4.6",
            "us.anthropic.claude-opus-4-6-v1:0",
        ] {
            assert_eq!(of(model), (true, true, false), "{model}");
        }
        for model in [
            "claude-opus-4-7-20260416",
            "claude-opus-4.8",
            "claude-sonnet-5",
            "claude-haiku-5-5",
        ] {
            assert_eq!(of(model), (true, false, false), "{model}");
        }
        for model in ["claude-fable-5", "claude-mythos-preview"] {
            assert_eq!(of(model), (true, false, true), "{model}");
        }
    }

    #[test]
    fn limit_is_the_maximum_of_the_model() {
        let limit = |model| {
            let mut options = Options::default();
            apply(model, &mut options);
            options.max_tokens
        };
        assert_eq!(limit("claude-3-haiku-20240307"), 4096);
        assert_eq!(limit("claude-sonnet-4-5"), 64_000);
        assert_eq!(limit("claude-fable-5"), 64_000);
        assert_eq!(limit("glm-5"), Options::default().max_tokens);
    }
}
