//! `weft keys`: adds, lists and revokes the keys of the gateway's clients.

use std::time::{SystemTime, UNIX_EPOCH};

use clawft_types::json::Writer;
use weft_agent::{Error, Home};
use weft_gateway::{Administration, KeyRecord, NewKey};

use super::{
    args::{KeyLimits, Keys, KeysAction},
    exit::Exit,
    print_line, store,
    terminal::{Sanitizer, print},
};

const SECONDS_PER_DAY: u64 = 86_400;

impl Keys {
    pub(crate) fn run(self, home: &Home) -> Result<Exit, Error> {
        let store = store::open(home)?;
        match self.action {
            KeysAction::Add { name, limits } => add(&store, name, limits)?,
            KeysAction::List { json } => list(&store.keys()?, json)?,
            KeysAction::Revoke { name } => store.revoke_key(&name)?,
        }
        Ok(Exit::Success)
    }
}

/// Prints the new key, which is stored nowhere.
fn add(store: &Administration, name: String, limits: KeyLimits) -> Result<(), Error> {
    let days = |days: u32| now().saturating_add(u64::from(days) * SECONDS_PER_DAY);
    let key = store.add_key(NewKey {
        name,
        expires: limits.days.map(days),
        models: limits.models,
        requests_per_minute: limits.requests,
        tokens_per_minute: limits.tokens,
    })?;
    print(&[key.expose(), "\n"].concat())
}

fn list(keys: &[KeyRecord], json: bool) -> Result<(), Error> {
    if json {
        let mut writer = Writer::default();
        writer.array(keys, |writer, key| key.write(writer, false));
        return print_line(writer);
    }
    print(&Sanitizer::for_output().text(&table(keys, now())))
}

/// Returns columns under a heading, or nothing if there is no key.
fn table(keys: &[KeyRecord], now: u64) -> String {
    let Some(longest) = keys.iter().map(|key| key.name.len()).max() else {
        return String::new();
    };
    let width = longest.max("NAME".len());
    let limit = |limit: Option<u32>| limit.map_or("-".to_owned(), |limit| limit.to_string());
    let mut text = format!("{:width$}  REQUESTS/MIN  TOKENS/MIN  EXPIRES   MODELS\n", "NAME");
    for key in keys {
        let models = match key.models.is_empty() {
            true => "all".to_owned(),
            false => key.models.join(", "),
        };
        text.push_str(&format!(
            "{:width$}  {:>12}  {:>10}  {:8}  {models}\n",
            key.name,
            limit(key.requests_per_minute),
            limit(key.tokens_per_minute),
            expiry(key, now)
        ));
    }
    text
}

fn expiry(key: &KeyRecord, now: u64) -> String {
    match key.expires {
        None => "never".to_owned(),
        Some(_) if key.is_expired(now) => "expired".to_owned(),
        Some(expires) => format!("{} days", (expires - now).div_ceil(SECONDS_PER_DAY)),
    }
}

/// Returns the seconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_shows_limits_and_no_digest() {
        let key = |name: &str, expires| KeyRecord {
            name: name.to_owned(),
            digest: "secret".to_owned(),
            created: 0,
            expires,
            models: Vec::new(),
            requests_per_minute: None,
            tokens_per_minute: None,
        };
        let limited = KeyRecord {
            models: vec!["a/*".to_owned(), "b".to_owned()],
            requests_per_minute: Some(60),
            tokens_per_minute: Some(100_000),
            ..key("long-name", Some(1000 + SECONDS_PER_DAY))
        };
        let table = table(&[limited, key("old", Some(1000))], 1000);
        let expected = "\
NAME       REQUESTS/MIN  TOKENS/MIN  EXPIRES   MODELS
long-name            60      100000  1 days    a/*, b
old                   -           -  expired   all
";
        assert_eq!(table, expected);
        assert_eq!(super::table(&[], 0), "");
    }
}
