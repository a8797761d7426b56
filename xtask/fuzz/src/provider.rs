//! Whole turns with arbitrary responses of a provider.

use std::sync::LazyLock;

use clawft_types::Config;

use crate::{acting, response::Response, turn::drive};

static OPENAI: LazyLock<Config> = LazyLock::new(|| config("openai", false));
static ANTHROPIC: LazyLock<Config> = LazyLock::new(|| config("anthropic", false));
static STREAMS: LazyLock<[Config; 2]> = LazyLock::new(|| [config("openai", true), config("anthropic", true)]);

/// Whole answers of a chat-completions server.
pub fn openai(bytes: &[u8]) {
    splits_agree(&OPENAI, &Response::read(bytes));
}

/// Whole answers of Anthropic.
pub fn anthropic(bytes: &[u8]) {
    splits_agree(&ANTHROPIC, &Response::read(bytes));
}

/// Streamed answers of both: the complete input is the body.
pub fn sse(bytes: &[u8]) {
    let headers = vec![("content-type".to_owned(), "text/event-stream".to_owned())];
    let response = Response {
        status: 200,
        headers,
        body: bytes,
    };
    STREAMS.iter().for_each(|config| splits_agree(config, &response));
}

/// Asserts that the result does not depend on the split of the network: between any two bytes, and with many
/// events at once.
fn splits_agree(config: &Config, response: &Response<'_>) {
    let whole = drive(config, response, usize::MAX);
    for size in [1, 7] {
        assert_eq!(drive(config, response, size), whole, "in parts of {size} bytes");
    }
    let whole = acting::drive(config, response, usize::MAX);
    let split = acting::drive(config, response, 3);
    assert_eq!(split, whole, "with tools, in parts of 3 bytes");
}

fn config(kind: &str, stream: bool) -> Config {
    let text = format!(
        r#"{{"agents":{{"model":"m","stream":{stream}}},
            "providers":{{"providers":{{"{kind}":{{"api_key_env":"KEY"}}}}}}}}"#
    );
    Config::parse("config.json", text.as_bytes()).expect("a config")
}
