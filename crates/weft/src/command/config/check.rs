//! `weft config check`: does everything but ask a model, and reports what is wrong or suspicious.

use clawft_core::Turn;
use clawft_types::{Config, Input, Session};
use weft_agent::{
    Agent, ConfigFile, Error, Home, Tools, home::environment::variable, models::Offer, warnings,
};

use crate::command::{
    chat::wants_markdown,
    exit::Exit,
    models::{self, Asked},
    terminal::{self, print},
};

/// Checks the configuration, and unless `offline` whether the providers answer. With `strict` a warning is a failure.
pub(super) fn check(home: &Home, offline: bool, strict: bool) -> Result<Exit, Error> {
    let file = ConfigFile::read(home)?;
    // A misspelt name is often why a field is missing.
    let read = super::read(&file).inspect_err(|_| terminal::warn(&file.misspelt()));
    let (config, _) = read?;
    weft_gateway::check_models(&config, &file)?;
    Tools::check(&file).inspect_err(|_| terminal::warn(&file.misspelt()))?;
    wants_markdown(&file)?;
    let mut warnings = warnings::of_config(home, &file, &config, &variable);
    warnings.extend(warnings::of_other_providers(&file, &config, &variable));
    for warning in file.misspelt() {
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
    // Beginning a turn finds the key, and sends nothing.
    let message = Input::parse("Hello!")?;
    let begun = Turn::begin(&config, &variable, Session::default(), message).map(drop);
    let reached = match begun {
        Ok(()) if !offline => reach(home, &file, &config, &mut warnings),
        begun => begun.map_err(Error::from),
    };
    terminal::warn(&warnings);
    reached?;
    let path = file.path();
    let model = &config.agents.model;
    let provider = &config.provider.name;
    print(&format!(
        "{path}: can be used, asks the model `{model}` of the provider `{provider}`\n"
    ))?;
    Ok(match strict && !warnings.is_empty() {
        true => Exit::Failure,
        false => Exit::Success,
    })
}

/// Asks all providers. Others than the default one may fail with a warning.
fn reach(home: &Home, file: &ConfigFile, config: &Config, warnings: &mut Vec<String>) -> Result<(), Error> {
    let default = &config.provider.name;
    let providers = file.part(|root| Ok(Config::providers(root)))?;
    let mut reached = Ok(());
    for Asked { provider, offer } in models::ask(&Agent::new(home)?, file, providers)? {
        match offer {
            Ok(Offer::Models(models)) if provider == *default => {
                warnings.extend(missing(config, &models));
            }
            Ok(_) => {}
            Err(error) if provider == *default => reached = Err(error),
            Err(error) => warnings.push(error.to_string()),
        }
    }
    reached
}

/// Returns a warning if the provider does not list the configured model.
fn missing(config: &Config, models: &[String]) -> Option<String> {
    let (model, provider) = (&config.agents.model, &config.provider.name);
    let is_listed = models.iter().any(|name| models::is_same(name, model));
    (!is_listed && !models.is_empty()).then(|| {
        format!("the provider `{provider}` does not list the model `{model}`: `weft models` shows the names")
    })
}
