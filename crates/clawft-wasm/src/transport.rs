//! The requests of a turn on this host's HTTP.

use clawft_core::{HttpRequest, TransportError};
use clawft_types::join;

use crate::http::{Exchange, HttpError, WasiHttpClient};

/// Sends a request.
///
/// # Errors
/// As [`WasiHttpClient::begin`].
pub fn send(request: &HttpRequest) -> Result<Exchange, HttpError> {
    let client = WasiHttpClient {
        timeout: request.timeout,
        idle_timeout: request.idle_timeout,
        total_timeout: request.total_timeout,
        max_response: request.max_response,
    };
    let headers: Vec<_> = request
        .headers
        .iter()
        .map(|header| (header.name.as_ref(), header.value.expose()))
        .collect();
    let body = (!request.body.is_empty()).then_some(request.body.as_slice());
    client.begin(request.method, &request.url, &headers, body)
}

/// Maps the failure to the turn's error type, so that the turn decides about a retry; returns the failure
/// unchanged if a retry cannot help. A request `for_tool` never ends the turn.
///
/// # Errors
/// The failure.
pub fn transport_error(error: HttpError, for_tool: bool) -> Result<TransportError, HttpError> {
    match error {
        HttpError::Impossible(cause) => Ok(TransportError::Impossible(cause)),
        HttpError::Unavailable(cause) => Ok(TransportError::Unavailable(cause)),
        HttpError::Interrupted(cause) => Ok(TransportError::Unavailable(join!(
            "the response broke off, ",
            &cause
        ))),
        HttpError::TimedOut(after, limit) => Ok(TransportError::TimedOut { after, limit }),
        HttpError::TooLarge(limit) => Ok(TransportError::TooLarge { limit }),
        HttpError::InvalidRequest(cause) if for_tool => Ok(TransportError::Impossible(cause.to_owned())),
        HttpError::InvalidRequest(_) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clawft_core::TimeLimit;

    use super::*;

    #[test]
    fn turn_decides_about_temporary_errors() {
        let seconds = Duration::from_secs(1);
        assert_eq!(
            transport_error(HttpError::TimedOut(seconds, TimeLimit::Idle), false).unwrap(),
            TransportError::TimedOut {
                after: seconds,
                limit: TimeLimit::Idle
            }
        );
        assert_eq!(
            transport_error(HttpError::Interrupted("reset".into()), false)
                .unwrap()
                .to_string(),
            "HTTP unavailable: the response broke off, reset"
        );
        assert!(transport_error(HttpError::InvalidRequest("a reason"), false).is_err());
        assert!(transport_error(HttpError::InvalidRequest("a reason"), true).is_ok());
    }
}
