//! Configuration files, and the first request of each.

use clawft_core::Turn;
use clawft_types::{Config, Input, Secret, Session};
use serde_json::Value;

/// An accepted configuration can be used, and no error contains a key of the file.
pub fn check(bytes: &[u8]) {
    match Config::parse("config.json", bytes) {
        Ok(config) => usable(&config),
        Err(error) => {
            // The message has no length limit, because it repeats text of the user's own file.
            let error = error.to_string();
            for key in keys(bytes) {
                assert!(!error.contains(&key), "the key `{key}` is in the error: {error}");
            }
        }
    }
}

fn usable(config: &Config) {
    let provider = &config.provider;
    assert!(!config.agents.model.trim().is_empty(), "no model");
    assert!(
        !provider.timeout.is_zero() && provider.timeout.as_secs() <= 3600,
        "{:?}",
        provider.timeout
    );
    assert!(provider.retries <= 10, "{} retries", provider.retries);
    let base = provider.api_base.as_str();
    assert!(
        base.starts_with("https://") || base.starts_with("http://"),
        "{base}"
    );
    begin(config);
}

/// Without variables only the key can be missing.
fn begin(config: &Config) {
    let input = Input::parse("Hello!").expect("a message");
    match Turn::begin(config, &|_| None, Session::default(), input) {
        Ok((_, request)) => {
            assert!(
                request.url.starts_with(&config.provider.api_base),
                "{}",
                request.url
            );
            serde_json::from_slice::<Value>(&request.body).expect("a body of JSON");
        }
        Err(error) => {
            let error = error.to_string();
            let key = config.provider.api_key.as_ref().map_or("", Secret::expose);
            assert!(
                !key.starts_with("sk-") || !error.contains(key),
                "the key is in the error: {error}"
            );
        }
    }
}

/// Returns the keys in the file that differ from all other text there and in an error: they begin as keys do,
/// and the rest of the file repeats none of it.
fn keys(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let tree: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let providers = tree["providers"]["providers"]
        .as_object()
        .into_iter()
        .flat_map(|all| all.values());
    let keys = providers.filter_map(|provider| provider["api_key"].as_str());
    keys.filter(|key| key.starts_with("sk-") && key.len() >= 8 && text.matches(key).count() == 1)
        .map(str::to_owned)
        .collect()
}
