//! `weft models`: the models of the configured providers.

use std::time::Duration;

use clawft_types::{
    Config, ConfigError, Provider,
    json::{JsonError, Writer},
};
use tokio::{runtime::Builder, task::JoinSet};
use weft_agent::{
    Agent, ConfigFile, Error, Home,
    models::{Offer, WAIT},
};

use super::{
    args::Models,
    exit::Exit,
    print_line,
    terminal::{self, Sanitizer, print},
};

/// A provider that was asked for its models.
pub(super) struct Asked {
    /// The provider's name.
    pub(super) provider: String,
    /// The answer.
    pub(super) offer: Result<Offer, Error>,
}

/// A model in the list.
struct Entry {
    provider: String,
    model: String,
    /// Whether it is asked if nothing names another one.
    is_default: bool,
}

impl Models {
    pub(crate) fn run(self, home: &Home) -> Result<Exit, Error> {
        let file = ConfigFile::read(home)?;
        let config = file.agent().inspect_err(|_| terminal::warn(&file.misspelt()))?;
        let mut providers = file.part(|root| Ok(Config::providers(root)))?;
        if let Some(only) = &self.provider {
            let known: Vec<String> = providers.iter().map(|(name, _)| format!("`{name}`")).collect();
            providers.retain(|(name, _)| name == only);
            if providers.is_empty() {
                let known = known.join(", ");
                return Err(Error::other(format!(
                    "there is no provider `{only}` in the configuration, only {known}"
                )));
            }
        }
        // The default provider comes first.
        providers.sort_by_key(|(name, _)| *name != config.provider.name);
        let mut exit = Exit::Success;
        let mut entries = Vec::new();
        for Asked { provider, offer } in ask(&Agent::new(home)?, &file, providers)? {
            match offer {
                Ok(offer) => add(&mut entries, &config, provider, offer),
                Err(error) => {
                    terminal::print_error(&error);
                    exit = Exit::from(&error);
                }
            }
        }
        match self.json {
            true => print_line(to_json(&entries))?,
            false => print(&Sanitizer::for_output().text(&to_lines(&entries)))?,
        }
        Ok(exit)
    }
}

/// Asks all providers at the same time, and returns the results in their order.
///
/// # Errors
/// If the system refuses the resources to wait for sockets.
pub(super) fn ask(
    agent: &Agent,
    file: &ConfigFile,
    providers: Vec<(String, Result<Provider, JsonError>)>,
) -> Result<Vec<Asked>, Error> {
    ask_for(agent, file, providers, WAIT)
}

/// Does the same for at most this time.
///
/// # Errors
/// As [`ask`].
pub(super) fn ask_for(
    agent: &Agent,
    file: &ConfigFile,
    providers: Vec<(String, Result<Provider, JsonError>)>,
    wait: Duration,
) -> Result<Vec<Asked>, Error> {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::other(format!("cannot wait for the network: {error}")))?;
    let mut asked: Vec<(usize, Asked)> = runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for (index, (name, provider)) in providers.into_iter().enumerate() {
            let agent = agent.clone();
            let path = file.path().to_owned();
            tasks.spawn(async move {
                let offer = match provider {
                    Ok(provider) => agent.models(&provider, wait).await,
                    Err(cause) => Err(ConfigError { path, cause }.into()),
                };
                (
                    index,
                    Asked {
                        provider: name,
                        offer,
                    },
                )
            });
        }
        tasks.join_all().await
    });
    runtime.shutdown_background();
    asked.sort_by_key(|(index, _)| *index);
    Ok(asked.into_iter().map(|(_, asked)| asked).collect())
}

/// Returns whether both names mean the same model. Google's list has a directory before the names.
pub(super) fn is_same(listed: &str, model: &str) -> bool {
    let bare = |name| str::strip_prefix(name, "models/").unwrap_or(name).to_owned();
    bare(listed) == bare(model) || listed.strip_suffix(":latest") == Some(model)
}

/// Adds the models of a provider. The default one is there even if the provider does not list it.
fn add(entries: &mut Vec<Entry>, config: &Config, provider: String, offer: Offer) {
    let models = match offer {
        Offer::Models(models) => models,
        Offer::Unlisted => {
            terminal::warn(&[format!(
                "the provider `{provider}` answers, but has no list of models"
            )]);
            Vec::new()
        }
    };
    let default = Some(&config.agents.model).filter(|_| provider == config.provider.name);
    let is_default = |model: &str| default.is_some_and(|default| is_same(model, default));
    if let Some(default) = default.filter(|_| !models.iter().any(|model| is_default(model))) {
        entries.push(Entry {
            provider: provider.clone(),
            model: default.clone(),
            is_default: true,
        });
    }
    entries.extend(models.into_iter().map(|model| Entry {
        is_default: is_default(&model),
        provider: provider.clone(),
        model,
    }));
}

fn to_lines(entries: &[Entry]) -> String {
    let mut text = String::new();
    for entry in entries {
        let mark = if entry.is_default { "  (default)" } else { "" };
        text.push_str(&format!("{}/{}{mark}\n", entry.provider, entry.model));
    }
    text
}

fn to_json(entries: &[Entry]) -> Writer {
    let mut writer = Writer::default();
    writer.array(entries, |writer, entry| {
        writer.object(|object| {
            object.text_member("provider", &entry.provider);
            object.text_member("model", &entry.model);
            object.literal_member("default", if entry.is_default { "true" } else { "false" });
        });
    });
    writer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_mean_the_same_model_with_their_directory() {
        for (listed, model, same) in [
            ("gpt-4o", "gpt-4o", true),
            ("models/gemini-2.5-flash", "gemini-2.5-flash", true),
            ("llama3.2:latest", "llama3.2", true),
            ("llama3.2:1b", "llama3.2", false),
            ("gpt-4o-mini", "gpt-4o", false),
        ] {
            assert_eq!(is_same(listed, model), same, "{listed}");
        }
    }
}
