//! Helpers that drive a turn with plain values.

use std::time::Duration;

use clawft_core::{Clock, Event, HttpRequest, Step, Turn, TurnError};
use clawft_types::{Config, Input, Session};

/// A clock that stands still, which suits most tests.
pub(crate) const NOW: Clock<'_> = &|| Duration::ZERO;

pub(crate) const KEY: &str = "sk-proj-Abc123Def456Ghi789wxyz";

/// Returns the minimal configuration, with further members for `agents` and `provider`: `,"retries":0`.
pub(crate) fn config(agents: &str, provider: &str) -> Config {
    let text = format!(
        r#"{{"agents":{{"model":"gpt-4o-mini"{agents}}},
            "providers":{{"providers":{{"openai":{{"api_key_env":"OPENAI_API_KEY"{provider}}}}}}}}}"#
    );
    Config::parse("config.json", text.as_bytes()).unwrap()
}

/// Does the same for Anthropic.
pub(crate) fn anthropic(agents: &str, provider: &str) -> Config {
    let text = format!(
        r#"{{"agents":{{"model":"claude-opus-4-20250514"{agents}}},
            "providers":{{"providers":{{"anthropic":{{"api_key_env":"ANTHROPIC_API_KEY"{provider}}}}}}}}}"#
    );
    Config::parse("config.json", text.as_bytes()).unwrap()
}

/// Returns the bytes of a documented example.
macro_rules! fixture {
    ($name:literal) => {
        &include_bytes!(concat!("../../../clawft-types/tests/fixtures/", $name))[..]
    };
}
pub(crate) use fixture;

/// The provider of [`config`], as errors name it.
pub(crate) const AT: &str = "provider `openai` at `api.openai.com/v1/chat/completions`";

/// Returns the end of the message about a failed connection.
pub(crate) fn unreachable(cause: &str) -> String {
    format!("{cause}; {AT}, check `api_base` and the server")
}

/// Reads an environment that holds the keys.
pub(crate) fn env(name: &str) -> Option<String> {
    ["OPENAI_API_KEY", "ANTHROPIC_API_KEY"]
        .contains(&name)
        .then(|| KEY.to_owned())
}

pub(crate) fn begin(config: &Config) -> (Turn<'_>, HttpRequest) {
    begin_with(config, Session::default(), "Hello!")
}

pub(crate) fn begin_with<'a>(config: &'a Config, session: Session, input: &str) -> (Turn<'a>, HttpRequest) {
    Turn::begin(config, &env, session, Input::parse(input).unwrap()).unwrap()
}

/// Feeds a complete response, as long as the turn asks for more.
pub(crate) fn answer(turn: &mut Turn, status: u16, headers: &[(&str, &str)], body: &[u8]) -> Step {
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    for event in [
        Event::Head {
            status,
            headers: &headers,
        },
        Event::Body(body),
    ] {
        match turn.feed(event, NOW) {
            Step::More => {}
            step => return step,
        }
    }
    turn.feed(Event::End, NOW)
}

/// Returns the error of a turn whose only attempt gets this response.
pub(crate) fn error(status: u16, body: &[u8]) -> TurnError {
    let config = config("", r#","retries":0"#);
    let (mut turn, _) = begin(&config);
    match answer(&mut turn, status, &[], body) {
        Step::Failed(error) => error,
        step => panic!("{step:?}"),
    }
}
