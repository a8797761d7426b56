//! A turn driven with plain values.

use clawft_core::{Event, HttpRequest, Step, Turn, TurnError};
use clawft_types::{Config, Input, Session};

pub(crate) const KEY: &str = "sk-proj-Abc123Def456Ghi789wxyz";

/// The least configuration, with `agents` and `provider` holding further members: `,"retries":0`.
pub(crate) fn config(agents: &str, provider: &str) -> Config {
    let text = format!(
        r#"{{"agents":{{"model":"gpt-4o-mini"{agents}}},
            "providers":{{"providers":{{"openai":{{"api_key_env":"OPENAI_API_KEY"{provider}}}}}}}}}"#
    );
    Config::parse("config.json", text.as_bytes()).unwrap()
}

/// An environment that holds the key.
pub(crate) fn env(name: &str) -> Option<String> {
    (name == "OPENAI_API_KEY").then(|| KEY.to_owned())
}

pub(crate) fn begin(config: &Config) -> (Turn, HttpRequest) {
    Turn::begin(config, &env, Session::default(), Input::parse("Hello!").unwrap()).unwrap()
}

/// Feeds a whole response.
pub(crate) fn answer(turn: &mut Turn, status: u16, headers: &[(&str, &str)], body: &[u8]) -> Step {
    let headers: Vec<_> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    assert!(matches!(turn.feed(Event::Head { status, headers: &headers }), Step::More));
    assert!(matches!(turn.feed(Event::Body(body)), Step::More));
    turn.feed(Event::End)
}

/// The error that ends a turn whose only attempt gets this response.
pub(crate) fn error(status: u16, body: &[u8]) -> TurnError {
    let (mut turn, _) = begin(&config("", r#","retries":0"#));
    match answer(&mut turn, status, &[], body) {
        Step::Failed(error) => error,
        step => panic!("{step:?}"),
    }
}
