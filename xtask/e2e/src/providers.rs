//! The providers that have a preset, with four cases each: a whole answer, a stream, an error and reasoning, in the
//! provider's own wire shape. The same cases run on the component, on the module's exports and on `weft`.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

/// The message that every case sends.
pub(crate) const MESSAGE: &str = "ping";

/// The answer to it.
pub(crate) const ANSWER: &str = "pong";

/// The limit that every request carries.
const MAX_TOKENS: u32 = 500;

/// A provider, and what its recorded answers hold.
#[derive(Debug)]
pub(crate) struct Provider {
    /// Name in the configuration, in the names of the cases, and in those of the recorded answers.
    pub(crate) name: &'static str,
    /// The parameter that carries the limit of tokens.
    limit: &'static str,
    /// Status and beginning of the message of its error.
    pub(crate) error: [&'static str; 2],
    /// Reasoning that its stream holds; empty if its models keep it to themselves.
    reasoning: &'static str,
}

/// The parameter of most providers, and that of some.
const OLD: &str = "max_tokens";
const NEW: &str = "max_completion_tokens";

pub(crate) const PROVIDERS: [Provider; 14] = [
    // At another address than its own, `openai` is any compatible server.
    provider("openai", OLD, ["429", "Rate limit reached for gpt-5-mini"], ""),
    provider("anthropic", OLD, ["529", "Overloaded"], "hm"),
    provider("gemini", OLD, ["429", "You exceeded your current quota"], "hm"),
    provider("azure", NEW, ["400", "The response was filtered due to"], ""),
    provider(
        "openrouter",
        OLD,
        ["429", "error: Too many tokens, please wait"],
        "hm",
    ),
    provider(
        "mistral",
        OLD,
        ["422", "body.seed: Extra inputs are not permitted"],
        "hm",
    ),
    provider("groq", NEW, ["413", "Request too large for model"], "hm"),
    provider("deepseek", OLD, ["402", "Insufficient Balance"], "hm"),
    provider("xai", NEW, ["400", "does not support parameter"], "hm"),
    provider("together", OLD, ["404", "Unable to access model"], "\nhm\n"),
    provider("ollama", OLD, ["404", "try pulling it first"], "hm"),
    provider("vllm", OLD, ["400", "maximum context length is 4096"], "hm"),
    provider(
        "llamacpp",
        OLD,
        ["400", "exceeds the available context size"],
        "hm",
    ),
    provider("lmstudio", OLD, ["404", "Invalid model identifier"], "hm"),
];

const fn provider(
    name: &'static str,
    limit: &'static str,
    error: [&'static str; 2],
    reasoning: &'static str,
) -> Provider {
    Provider {
        name,
        limit,
        error,
        reasoning,
    }
}

/// Defines `CASES`: four cases of each provider, that call `check` with the context, the provider and the kind.
macro_rules! provider_cases {
    ($check:ident) => {
        $crate::providers::provider_cases!(
            @ $check, openai anthropic gemini azure openrouter mistral groq deepseek xai together ollama vllm llamacpp
            lmstudio
        );
    };
    (@ $check:ident, $($name:ident)*) => {
        /// The cases of all providers.
        pub(super) const CASES: &[Case] = &[$(
            $crate::providers::provider_cases!(# $check, $name, whole),
            $crate::providers::provider_cases!(# $check, $name, stream),
            $crate::providers::provider_cases!(# $check, $name, error),
            $crate::providers::provider_cases!(# $check, $name, reasoning),
        )*];
    };
    (# $check:ident, $name:ident, $kind:ident) => {
        Case {
            name: concat!("providers::", stringify!($name), "_", stringify!($kind)),
            check: |test| $check(test, $crate::providers::find(stringify!($name))?, stringify!($kind)),
            long: false,
        }
    };
}
pub(crate) use provider_cases;

/// Returns the provider of this name.
pub(crate) fn find(name: &str) -> Result<&'static Provider> {
    let found = PROVIDERS.iter().find(|provider| provider.name == name);
    found.with_context(|| format!("there is no provider `{name}`"))
}

impl Provider {
    /// Returns the scenario of an answer.
    pub(crate) fn scenario(&self, kind: &str) -> String {
        format!("recorded-{}-{kind}", self.name)
    }

    /// Returns the options of the agent.
    pub(crate) fn agent(kind: &str) -> Value {
        json!({ "max_tokens": MAX_TOKENS, "stream": matches!(kind, "stream" | "reasoning") })
    }

    /// Checks the body of the request.
    pub(crate) fn was_asked(&self, request: &Value) -> Result<()> {
        let sent = &request[self.limit];
        ensure!(*sent == MAX_TOKENS, "`{}` is {sent}", self.limit);
        Ok(())
    }

    /// Checks the stored session: the answer, and the reasoning apart from it.
    pub(crate) fn was_stored(&self, session: &Value, kind: &str) -> Result<()> {
        let messages = session["messages"].as_array().context("no messages")?;
        let last = messages.last().context("the session is empty")?;
        let reasoning = match &last["reasoning"][0]["thinking"] {
            Value::String(text) => text,
            _ => "",
        };
        let expected = if kind == "reasoning" { self.reasoning } else { "" };
        ensure!(
            last["content"] == ANSWER && reasoning == expected,
            "the stored answer is {last}"
        );
        Ok(())
    }
}
