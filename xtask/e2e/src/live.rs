//! The component against the real providers whose keys are in the environment. No part of CI: it costs tokens, and
//! others change what they answer.

use std::{env, fs};

use anyhow::{Context as _, Result, ensure};
use builds::temporary;
use devkit::{cmd, project::Project, ui};
use flags::values::Tool;
use libtest_mimic::Trial;
use serde_json::{Value, json};
use xshell::{Shell, cmd};

use super::harness::{self, Log, Options};

/// The message of every case, and a part of its answer.
const MESSAGE: &str = "Answer with the single word pong, in lower case.";
const ANSWER: &str = "pong";

/// A key that no provider has given away.
const WRONG_KEY: &str = "sk-this-key-is-wrong-0123456789abcdef";

/// A provider.
#[derive(Debug)]
struct Provider {
    name: &'static str,
    /// Variable of the key; empty for servers that need none.
    variable: &'static str,
    /// A cheap model; empty if it has to be named.
    model: &'static str,
    /// A model that thinks; empty if `model` does.
    thinking: &'static str,
}

const PROVIDERS: [Provider; 14] = [
    provider("openai", "OPENAI_API_KEY", "gpt-5-mini", ""),
    provider("anthropic", "ANTHROPIC_API_KEY", "claude-haiku-4-5", ""),
    provider("gemini", "GEMINI_API_KEY", "gemini-2.5-flash", ""),
    provider("azure", "AZURE_OPENAI_API_KEY", "", ""),
    provider("openrouter", "OPENROUTER_API_KEY", "openai/gpt-oss-20b", ""),
    provider(
        "mistral",
        "MISTRAL_API_KEY",
        "mistral-small-latest",
        "magistral-small-latest",
    ),
    provider("groq", "GROQ_API_KEY", "openai/gpt-oss-20b", ""),
    provider(
        "deepseek",
        "DEEPSEEK_API_KEY",
        "deepseek-chat",
        "deepseek-reasoner",
    ),
    provider("xai", "XAI_API_KEY", "grok-3-mini", ""),
    provider("together", "TOGETHER_API_KEY", "openai/gpt-oss-20b", ""),
    provider("ollama", "", "", ""),
    provider("vllm", "", "", ""),
    provider("llamacpp", "", "", ""),
    provider("lmstudio", "", "", ""),
];

const KINDS: [&str; 4] = ["whole", "stream", "error", "reasoning"];

const fn provider(
    name: &'static str,
    variable: &'static str,
    model: &'static str,
    thinking: &'static str,
) -> Provider {
    Provider {
        name,
        variable,
        model,
        thinking,
    }
}

/// A case of a provider.
#[derive(Clone, Debug)]
struct Case {
    provider: &'static Provider,
    kind: &'static str,
    name: String,
}

/// Prepares the cases of the providers that can be asked.
pub(super) fn trials(project: &Project, options: &Options, log: &Log) -> Result<Vec<Trial>> {
    let of_provider = |provider| {
        KINDS.map(|kind| Case {
            provider,
            kind,
            name: format!("live::{}_{kind}", provider.name),
        })
    };
    let all = PROVIDERS.iter().flat_map(of_provider).collect();
    let cases = options.choose(all, |case: &Case| &case.name)?;
    if options.list() {
        return Ok(harness::listed(cases.into_iter().map(|case| case.name)));
    }
    let cases: Vec<_> = cases
        .into_iter()
        .filter(|case| case.provider.can_be_asked())
        .collect();
    if cases.is_empty() {
        ui::warn("no provider is asked: set the variable of its key, such as `OPENAI_API_KEY`");
        return Ok(Vec::new());
    }
    let component = artifacts::ensure_built(project)?.component;
    let wasmtime = toolchain::tool(project, Tool::Wasmtime)?;
    ui::status(
        "Running",
        &format!("the cases on real providers ({})", cases.len()),
    );
    let trial = |case: Case| {
        let (wasmtime, component) = (wasmtime.clone(), component.clone());
        log.trial(case.name.clone(), move || {
            Ok(case.check(&[wasmtime.as_os_str(), component.as_os_str()])?)
        })
    };
    Ok(cases.into_iter().map(trial).collect())
}

/// Returns the value of a variable that is not empty.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.trim().is_empty())
}

impl Provider {
    /// Returns the value of `CLAWFT_LIVE_NAME_SETTING`.
    fn setting(&self, name: &str) -> Option<String> {
        variable(&format!("CLAWFT_LIVE_{}_{name}", self.name.to_ascii_uppercase()))
    }

    fn model(&self, kind: &str) -> Option<String> {
        let usual = match kind {
            "reasoning" if !self.thinking.is_empty() => self.thinking,
            _ => self.model,
        };
        let usual = Some(usual.to_owned()).filter(|usual| !usual.is_empty());
        self.setting("MODEL").or(usual)
    }

    /// Returns whether there are a key, a model and an address.
    fn can_be_asked(&self) -> bool {
        let key = self.variable.is_empty() || variable(self.variable).is_some();
        let address = self.name != "azure" || self.setting("API_BASE").is_some();
        key && address && self.model("whole").is_some()
    }
}

impl Case {
    fn config(&self) -> Value {
        let mut provider = json!({ "kind": self.provider.name });
        if let Some(api_base) = self.provider.setting("API_BASE") {
            provider["api_base"] = api_base.into();
        }
        match self.provider.variable {
            _ if self.kind == "error" => provider["api_key"] = WRONG_KEY.into(),
            "" => {}
            variable => provider["api_key_env"] = variable.into(),
        }
        let agents = json!({
            "model": self.provider.model(self.kind),
            "stream": matches!(self.kind, "stream" | "reasoning"),
        });
        json!({ "agents": agents, "providers": { "providers": { "live": provider } } })
    }

    /// Sends the message with `programs`: wasmtime and the component.
    fn check(&self, [wasmtime, component]: &[&std::ffi::OsStr; 2]) -> Result<()> {
        let needs_key = !self.provider.variable.is_empty();
        if self.kind == "error" && !needs_key {
            return Ok(());
        }
        let directory = temporary::directory()?;
        let path = directory.path().join("config.json");
        fs::write(&path, self.config().to_string()).context("could not write a configuration")?;
        let mut grant = directory.path().as_os_str().to_owned();
        grant.push("::/config");
        let shell = Shell::new()?;
        let mut command = cmd!(shell, "{wasmtime} run -S http --dir {grant}");
        if needs_key && self.kind != "error" {
            command = command.arg("--env").arg(self.provider.variable);
        }
        let output = cmd::output(command.arg(component).stdin(MESSAGE), "run wasmtime")?;
        let [stdout, stderr] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
        for key in [variable(self.provider.variable), Some(WRONG_KEY.to_owned())]
            .into_iter()
            .flatten()
        {
            ensure!(
                !stdout.contains(&key) && !stderr.contains(&key),
                "the key was printed"
            );
        }
        if self.kind == "error" {
            ensure!(stderr.contains("Invalid API key"), "a wrong key: `{stderr}`");
            return Ok(());
        }
        ensure!(output.status.success(), "it failed: `{stderr}`");
        ensure!(stdout.to_lowercase().contains(ANSWER), "the answer is `{stdout}`");
        Ok(())
    }
}
