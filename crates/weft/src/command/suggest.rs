//! Names to complete: models and sessions.

use std::{
    fs, str,
    time::{Duration, SystemTime},
};

use clawft_types::Config;
use weft_agent::{Agent, ConfigFile, Home, models::Offer};

use super::models;

/// The file with the names of models, so that not every press of the tab key asks the providers.
const CACHE: &str = "models";

/// The age at which the providers are asked again.
const FRESH: Duration = Duration::from_secs(600);

/// The longest time that a press of the tab key waits for the providers.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Returns the ids of the stored sessions; nothing if they cannot be read.
pub(super) fn sessions(home: &Home) -> Vec<String> {
    let ids = home.sessions().and_then(|sessions| Ok(sessions.list()?));
    ids.unwrap_or_default().iter().map(ToString::to_string).collect()
}

/// Returns the models of all providers as `PROVIDER/MODEL`, and the configured one; those of the default provider also
/// by their names alone. Providers that do not answer soon have none.
pub(super) fn models(home: &Home, file: &ConfigFile) -> Vec<String> {
    let Ok(config) = file.agent() else {
        return Vec::new();
    };
    let mut names = cached(home, file).unwrap_or_else(|| {
        let names = asked(home, file);
        let text = [key(file), names.join("\n")].join("\n");
        // Without a cache the providers are asked again.
        let _ = home
            .make()
            .and_then(|()| home.sessions())
            .map(|sessions| sessions.fs().write(CACHE, text.as_bytes()));
        names
    });
    let own = format!("{}/{}", config.provider.name, config.agents.model);
    if !names.contains(&own) {
        names.push(own);
    }
    let default = format!("{}/", config.provider.name);
    let bare: Vec<String> = names
        .iter()
        .filter_map(|name| name.strip_prefix(&default).map(str::to_owned))
        .collect();
    names.extend(bare);
    names
}

fn asked(home: &Home, file: &ConfigFile) -> Vec<String> {
    let providers = file.part(|root| Ok(Config::providers(root)));
    let (Ok(providers), Ok(agent)) = (providers, Agent::new(home)) else {
        return Vec::new();
    };
    let asked = models::ask_for(&agent, file, providers, PATIENCE).unwrap_or_default();
    let mut names = Vec::new();
    for one in asked {
        if let Ok(Offer::Models(models)) = one.offer {
            names.extend(models.iter().map(|model| format!("{}/{model}", one.provider)));
        }
    }
    names
}

/// Returns the names in the cache, if they are fresh and belong to this configuration.
fn cached(home: &Home, file: &ConfigFile) -> Option<Vec<String>> {
    let path = home.directory.join(CACHE);
    let written = fs::metadata(&path).ok()?.modified().ok()?;
    let age = SystemTime::now().duration_since(written).unwrap_or_default();
    let text = fs::read_to_string(path).ok().filter(|_| age < FRESH)?;
    let names = text.strip_prefix(&key(file))?.strip_prefix('\n')?;
    Some(names.lines().map(str::to_owned).collect())
}

/// Returns a line that tells configurations apart: their places and providers.
fn key(file: &ConfigFile) -> String {
    let providers = file.part(|root| Ok(Config::providers(root))).unwrap_or_default();
    let mut key = file.path().replace('\n', " ");
    for (name, provider) in providers {
        let address = provider.map_or(String::new(), |provider| provider.api_base);
        key.push_str(&[" ", &name, "=", &address].concat().replace('\n', " "));
    }
    key
}
