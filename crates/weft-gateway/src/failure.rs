//! Maps errors of the agent to statuses and OpenAI's shape.

use axum::http::StatusCode;
use clawft_api::upstream::status_and_code;
use clawft_core::TurnError;
use weft_agent::{Error, Fault};

use crate::{api_error::ApiError, log};

/// Returns the response for `error`.
///
/// A provider's error has the status of [`status_and_code`]. An error in the gateway's own files is 500, with the
/// cause in the log only, because it contains paths.
pub(crate) fn api_error(error: &Error) -> ApiError {
    match &error.fault {
        Fault::Turn(turn) => turn_error(turn),
        Fault::Input(input) => ApiError::invalid(input.to_string()).at("messages"),
        Fault::Stopped => {
            ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "stopped", error.to_string()).retry_after(1)
        }
        Fault::Request(_) => ApiError::new(StatusCode::BAD_GATEWAY, "upstream_error", error.to_string()),
        _ => of_store(error, "the gateway failed, see its log"),
    }
}

/// Returns the response for an error of the store: 503 if it is out of reach, else 500 with `message`. The cause
/// goes to the log only, because it contains paths or addresses.
pub(crate) fn of_store(error: &Error, message: &str) -> ApiError {
    log::warn(&error.to_string());
    match error.fault {
        Fault::StoreUnavailable(_) => {
            let message = "the gateway's store is out of reach, try again later";
            ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "store_unavailable", message).retry_after(1)
        }
        _ => ApiError::internal(message),
    }
}

fn turn_error(error: &TurnError) -> ApiError {
    let (status, code) = status_and_code(error);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut told = ApiError::new(status, code, error.to_string());
    if let TurnError::Provider {
        retry_after,
        attempts,
        ..
    } = error
    {
        told.repeated = *attempts > 1;
        told.retry_after = retry_after.map(|time| time.as_secs() + u64::from(time.subsec_nanos() > 0));
    }
    told
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
    use std::time::Duration;

    use clawft_core::{KeySource, Target, TransportError};

    use super::*;

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
    fn store_out_of_reach_is_unavailable() {
        let error = Fault::StoreUnavailable("Postgres at 10.1.2.3".to_owned()).into();
        let told = api_error(&error);
        assert_eq!((told.status.as_u16(), told.retry_after), (503, Some(1)));
        assert!(!told.message.contains("10.1.2.3"));
    }

    #[test]
    fn hides_paths_from_clients() {
        let told = api_error(&Error::other("/home/somebody/.clawft is full"));
        assert_eq!(told.status.as_u16(), 500);
        assert!(!told.message.contains("somebody"));
    }
}
