//! Attempts that a provider did not answer, and what follows from that.

use std::time::Duration;

use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderName, StatusCode, header},
};
use clawft_core::{TransportError, TurnError, response_head, retry};
use weft_agent::{Error, Fault, forward::Endpoint};

use super::exchange::{ArrivedBody, Failure, Refusal, Served};
use crate::{api_error::ApiError, failure};

/// The end of one attempt without an answer.
pub(super) struct Missed {
    error: Cause,
    /// The time to wait that the provider asked for, if another attempt may succeed.
    pub(super) retry: Option<Option<Duration>>,
    /// Whether another provider may succeed.
    pub(super) elsewhere: bool,
    pub(super) refusal: Option<Box<Refusal>>,
}

/// The error of an attempt.
enum Cause {
    /// The provider or the connection to it failed.
    Agent(Error),
    /// The request cannot be sent to this provider.
    Request(ApiError),
}

/// Returns the end of an attempt that the provider answered with another status than success.
pub(super) fn refused(
    endpoint: &Endpoint,
    served: Served,
    (status, headers): (StatusCode, HeaderMap),
    body: Option<ArrivedBody>,
) -> Missed {
    let code = status.as_u16();
    if status.is_redirection() || status.is_informational() {
        let location = text_headers(&headers, [header::LOCATION]);
        let told = response_head::redirect(&location).into_bytes();
        return Missed::of(endpoint.error(code, None, 1, told).into(), None, false);
    }
    let body = match body {
        Some(ArrivedBody::Whole(body)) => body,
        _ => Bytes::new(),
    };
    let asked = retry::retry_after(&date_headers(&headers));
    let mut error = endpoint.error(code, asked, 1, body.to_vec());
    if let TurnError::Provider {
        advice,
        status: 400 | 413 | 422,
        ..
    } = &mut error
    {
        // The settings of the agent are not part of the request.
        "check the request".clone_into(advice);
    }
    let hidden = matches!(code, 401 | 402 | 403 | 407);
    let shown = std::str::from_utf8(&body).is_ok_and(|text| !endpoint.shows_key(text));
    let refusal = (!hidden && shown && has_error(&body)).then(|| {
        Box::new(Refusal {
            served,
            status,
            headers,
            body,
            repeated: false,
            translation: None,
        })
    });
    Missed {
        refusal,
        ..Missed::of(
            error.into(),
            retry::worthwhile(code).then_some(asked),
            retry::worthwhile(code) || status.is_server_error() || hidden,
        )
    }
}

/// Returns whether the body is an object with the member `error`, as clients expect.
fn has_error(body: &[u8]) -> bool {
    clawft_types::json::parse(body)
        .is_ok_and(|tree| clawft_types::json::Node::root(&tree).get("error").is_some())
}

/// Returns the headers that say when to retry.
fn date_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let millis = HeaderName::from_static("retry-after-ms");
    text_headers(headers, [header::RETRY_AFTER, header::DATE, millis])
}

/// Returns the headers of these names that are text.
fn text_headers<const N: usize>(headers: &HeaderMap, names: [HeaderName; N]) -> Vec<(String, String)> {
    let read = |name: HeaderName| {
        let value = headers.get(&name)?.to_str().ok()?;
        Some((name.as_str().to_owned(), value.to_owned()))
    };
    names.into_iter().filter_map(read).collect()
}

impl Missed {
    pub(super) fn of(error: Error, retry: Option<Option<Duration>>, elsewhere: bool) -> Missed {
        Missed {
            error: Cause::Agent(error),
            retry,
            elsewhere,
            refusal: None,
        }
    }

    /// The request has no form for this provider.
    pub(super) fn request(error: ApiError) -> Missed {
        Missed {
            error: Cause::Request(error),
            retry: None,
            elsewhere: true,
            refusal: None,
        }
    }

    /// The provider cannot be asked as it is configured.
    pub(super) fn unusable(error: &Error) -> Missed {
        let error = match &error.fault {
            Fault::Turn(error) => error.clone().into(),
            Fault::Request(reason) => Fault::Request(reason).into(),
            _ => Error::other(error.to_string()),
        };
        Missed::of(error, None, true)
    }

    pub(super) fn transport(error: TransportError) -> Missed {
        let retry = matches!(error, TransportError::Unavailable(_)).then_some(None);
        Missed::of(TurnError::from(error).into(), retry, true)
    }

    pub(super) fn into_failure(self, attempts: u32) -> Failure {
        let repeated = attempts > 1;
        if let Some(refusal) = self.refusal {
            return Failure::Refusal(Box::new(Refusal { repeated, ..*refusal }));
        }
        let mut error = match self.error {
            Cause::Agent(error) => error,
            Cause::Request(error) => return Failure::Error(error),
        };
        if let Fault::Turn(TurnError::Provider { attempts: known, .. }) = &mut error.fault {
            *known = attempts;
        }
        let mut error = failure::api_error(&error);
        error.repeated = repeated;
        Failure::Error(error)
    }
}
