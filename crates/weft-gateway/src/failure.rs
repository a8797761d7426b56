//! Maps errors of the agent to statuses and OpenAI's shape.

use crate::api_error::ApiError;
use crate::log;
use axum::http::StatusCode;
use clawft_core::{TransportError, TurnError};
use weft_agent::{Error, Fault};

/// Returns the response for `error`.
///
/// The provider's errors about the request are passed on with their status: 400, 404, 413, 422, 429. An error
/// between the gateway and the provider, for example a wrong key, is a bad gateway to the client: 502, 503 or
/// 504. An error in the gateway's own files is 500, with the cause in the log only, because it contains
/// paths.
pub(crate) fn api_error(error: &Error) -> ApiError {
    match &error.fault {
        Fault::Turn(turn) => turn_error(turn),
        Fault::Input(input) => ApiError::invalid(input.to_string()).at("messages"),
        Fault::Stopped => {
            ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "stopped", error.to_string()).retry_after(1)
        }
        Fault::Request(_) => ApiError::new(StatusCode::BAD_GATEWAY, "upstream_error", error.to_string()),
        _ => {
            log::warn(&error.to_string());
            ApiError::internal("the gateway failed, see its log")
        }
    }
}

fn turn_error(error: &TurnError) -> ApiError {
    let told = |status, code| ApiError::new(status, code, error.to_string());
    match error {
        TurnError::InvalidKey { .. } => told(StatusCode::BAD_GATEWAY, "upstream_key_invalid"),
        TurnError::MissingKey { .. } | TurnError::UnusableKey { .. } => {
            told(StatusCode::INTERNAL_SERVER_ERROR, "upstream_key_missing")
        }
        TurnError::Transport {
            error: TransportError::TimedOut { .. },
            ..
        } => told(StatusCode::GATEWAY_TIMEOUT, "upstream_timeout"),
        TurnError::Transport { .. } => told(StatusCode::BAD_GATEWAY, "upstream_unavailable"),
        TurnError::Provider {
            status,
            retry_after,
            attempts,
            ..
        } => {
            let (status, code) = passed_on(*status);
            let mut told = told(status, code);
            told.repeated = *attempts > 1;
            match retry_after {
                Some(time) => told.retry_after(time.as_secs() + u64::from(time.subsec_nanos() > 0)),
                None => told,
            }
        }
        TurnError::OutOfOrder => told(StatusCode::INTERNAL_SERVER_ERROR, "internal_error"),
        _ => told(StatusCode::BAD_GATEWAY, "upstream_error"),
    }
}

/// Returns the status and code for a status of the provider.
fn passed_on(status: u16) -> (StatusCode, &'static str) {
    match status {
        429 => (StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded"),
        503 | 529 => (StatusCode::SERVICE_UNAVAILABLE, "upstream_overloaded"),
        504 => (StatusCode::GATEWAY_TIMEOUT, "upstream_timeout"),
        404 => (StatusCode::NOT_FOUND, "model_not_found"),
        400 | 413 | 422 => (
            StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST),
            "upstream_refused",
        ),
        _ => (StatusCode::BAD_GATEWAY, "upstream_error"),
    }
}

/// Returns the error for an answer that broke off after a part was sent.
pub(crate) fn incomplete(cause: &str) -> ApiError {
    let message = format!("the answer is incomplete: {cause}");
    ApiError::new(StatusCode::BAD_GATEWAY, "incomplete", message)
}

/// Returns the error for a turn that ended without a result: it panicked, which is in the log.
pub(crate) fn lost() -> ApiError {
    ApiError::internal("the gateway failed, see its log")
}

#[cfg(test)]
mod tests {
    use super::*;
    use clawft_core::{KeySource, Target};
    use std::time::Duration;

    fn told(error: TurnError) -> (u16, Option<u64>, String) {
        let told = api_error(&Error::from(error));
        (told.status.as_u16(), told.retry_after, told.message)
    }

    fn provider(status: u16, retry_after: Option<u64>) -> TurnError {
        TurnError::Provider {
            target: Target::default(),
            status,
            message: "no".to_owned(),
            attempts: 1,
            retry_after: retry_after.map(Duration::from_secs),
            advice: String::new(),
        }
    }

    fn transport(error: TransportError) -> TurnError {
        TurnError::Transport {
            target: Target::default(),
            error,
        }
    }

    #[test]
    fn passes_on_status_about_the_request() {
        for (status, expected) in [
            (400, 400),
            (404, 404),
            (413, 413),
            (422, 422),
            (429, 429),
            (402, 502),
            (500, 502),
            (502, 502),
            (503, 503),
            (504, 504),
            (529, 503),
            (200, 502),
        ] {
            assert_eq!(told(provider(status, None)).0, expected, "{status}");
        }
        assert_eq!(told(provider(429, Some(7))).1, Some(7));
    }

    #[test]
    fn provider_failures_are_bad_gateway() {
        let invalid = TurnError::InvalidKey {
            target: Target::default(),
            source: KeySource::Variable("OPENAI_API_KEY".to_owned()),
            status: 401,
            message: String::new(),
        };
        let (status, _, message) = told(invalid);
        assert_eq!(status, 502);
        assert!(
            message.starts_with("Invalid API key") && message.contains("`OPENAI_API_KEY`"),
            "{message}"
        );
        let unavailable = TransportError::Unavailable("refused".to_owned());
        assert_eq!(told(transport(unavailable)).0, 502);
        let late = TransportError::TimedOut {
            limit: clawft_core::TimeLimit::FirstByte,
            after: Duration::from_secs(30),
        };
        let (status, retry_after, message) = told(transport(late));
        assert_eq!((status, retry_after), (504, None));
        assert!(message.starts_with("Request timed out after 30 s"), "{message}");
    }

    #[test]
    fn hides_paths_from_clients() {
        let told = api_error(&Error::other("/home/somebody/.clawft is full"));
        assert_eq!(told.status.as_u16(), 500);
        assert!(!told.message.contains("somebody"));
    }
}
