//! Warnings about the configuration, for the log.

use std::env;

use weft_agent::{ConfigFile, warnings};

use super::{log, state::Shared};

/// Logs the warnings about the configuration.
pub(super) fn write(shared: &Shared, file: &ConfigFile) {
    let settings = &shared.settings;
    let token = settings
        .token
        .as_ref()
        .and_then(|token| warnings::short_token(token, settings.listen.ip()));
    let config = shared.config();
    let env = |name: &str| env::var(name).ok();
    token
        .into_iter()
        .chain(warnings::of_config(&shared.home, file, &config, &env))
        .chain(warnings::of_other_providers(file, &config, &env))
        .for_each(|warning| log::warn(&warning));
}
