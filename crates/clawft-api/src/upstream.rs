//! Decisions of every server that passes requests on to providers: which headers go along, in which dialect a
//! provider is asked, and which status an error of it has for the client.

use alloc::string::{String, ToString as _};

use clawft_core::{TransportError, TurnError};
use clawft_types::{Kind, Provider};

use crate::{dialect::Dialect, written::Warning};

/// The headers of requests that go on to the provider.
pub const TO_PROVIDER: [&str; 8] = [
    "traceparent",
    "tracestate",
    "baggage",
    "idempotency-key",
    "openai-beta",
    "anthropic-beta",
    "anthropic-version",
    "x-client-request-id",
];

/// The headers of responses that go on to the client, and the beginnings of others.
const TO_CLIENT: [&str; 19] = [
    "content-type",
    "content-encoding",
    "request-id",
    "x-request-id",
    "x-should-retry",
    "retry-after",
    "retry-after-ms",
    "traceparent",
    "tracestate",
    "server-timing",
    "warning",
    "deprecation",
    "sunset",
    "openai-model",
    "openai-processing-ms",
    "openai-version",
    "x-ms-region",
    "apim-request-id",
    "cf-ray",
];
const BEGINNINGS: [&str; 3] = ["x-ratelimit-", "anthropic-ratelimit-", "ratelimit"];

/// The header with the fields that were ignored or changed, one line for each.
pub const WARNING: &str = "x-clawft-warning";

/// The maximum number of such lines.
pub const MOST_WARNINGS: usize = 20;

/// The maximum length of one, in bytes.
const LONGEST_WARNING: usize = 300;

/// Returns whether a header of a provider's response, in lower case, goes on to the client. All others belong to
/// the connection or to the account.
pub fn goes_to_client(name: &str) -> bool {
    TO_CLIENT.contains(&name) || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

/// Returns the value of the header [`WARNING`]: short, and of visible ASCII characters.
pub fn warning_line(warning: &Warning) -> String {
    let text = warning.to_string();
    let short = text.get(..text.floor_char_boundary(LONGEST_WARNING));
    short
        .unwrap_or_default()
        .chars()
        .map(|c| if (' '..='~').contains(&c) { c } else { '?' })
        .collect()
}

/// Returns whether a provider speaks `dialect` itself. OpenAI alone speaks Responses.
pub fn speaks(provider: &Provider, dialect: Dialect) -> bool {
    match dialect {
        Dialect::Chat => provider.kind == Kind::OpenAi,
        Dialect::Messages => provider.kind == Kind::Anthropic,
        Dialect::Responses => provider.kind == Kind::OpenAi && is_openai(provider),
    }
}

/// Returns the dialect in which a provider is asked if it does not speak the client's, and its path.
pub fn spoken(provider: &Provider) -> (Dialect, &'static str) {
    match provider.kind {
        Kind::OpenAi => (Dialect::Chat, "chat/completions"),
        Kind::Anthropic => (Dialect::Messages, "messages"),
    }
}

/// Returns whether the provider is OpenAI itself rather than a compatible server.
pub fn is_openai(provider: &Provider) -> bool {
    provider.api_base == Kind::OpenAi.default_base()
}

/// Returns the status for the client and the code of a provider's error.
///
/// The provider's errors about the request are passed on with their status: 400, 404, 413, 422, 429. An error
/// between the server and the provider, for example a wrong key, is a bad gateway to the client: 502, 503 or 504.
pub fn status_and_code(error: &TurnError) -> (u16, &'static str) {
    match error {
        TurnError::InvalidKey { .. } => (502, "upstream_key_invalid"),
        TurnError::MissingKey { .. } | TurnError::UnusableKey { .. } => (500, "upstream_key_missing"),
        TurnError::Transport {
            error: TransportError::TimedOut { .. },
            ..
        } => (504, "upstream_timeout"),
        TurnError::Transport { .. } => (502, "upstream_unavailable"),
        TurnError::Provider { status, .. } => passed_on(*status),
        TurnError::OutOfOrder => (500, "internal_error"),
        _ => (502, "upstream_error"),
    }
}

/// Returns the status and code for a status of the provider.
fn passed_on(status: u16) -> (u16, &'static str) {
    match status {
        429 => (429, "rate_limit_exceeded"),
        503 | 529 => (503, "upstream_overloaded"),
        504 => (504, "upstream_timeout"),
        404 => (404, "model_not_found"),
        400 | 413 | 422 => (status, "upstream_refused"),
        _ => (502, "upstream_error"),
    }
}
