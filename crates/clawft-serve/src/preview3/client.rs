//! Requests to providers.

mod request;

use std::time::Duration;

use clawft_core::{
    HttpRequest, TimeLimit, TransportError,
    http::{MAX_HEADER_BYTES, MAX_HEADERS},
    response_head::length,
};
use wasip3::{clocks::system_clock, random::random};

use super::{
    body::{Reader, Transmission},
    in_time, now, operation,
};
use crate::host::{Body, Head, Host};
use request::transport_error;

/// The number of bytes to read at once.
const READ_SIZE: usize = 16 * 1024;

/// The host's HTTP, clocks and randomness.
pub(super) struct Client;

/// The body of a response.
pub(super) struct ResponseBody {
    reader: Reader,
    /// To drop it closes the connection.
    _transmission: Transmission,
    limits: Limits,
    /// Whether a byte has arrived.
    has_begun: bool,
    /// The number of bytes that may still come.
    left: usize,
}

/// The limits of a request.
#[derive(Clone, Copy)]
struct Limits {
    timeout: Duration,
    /// The end of the time for the first byte.
    due: Duration,
    idle: Duration,
    total: Duration,
    /// The end of the time for the last byte.
    total_due: Duration,
    max_response: usize,
}

impl Host for Client {
    type Body = ResponseBody;

    async fn send(&self, request: HttpRequest) -> Result<Head<ResponseBody>, TransportError> {
        let limits = Limits::of(&request);
        let (request, transmission) = request::of(request)?;
        let (left, late) = limits.left(false);
        let response = in_time(left, operation::send(request)).await.ok_or(late)?;
        let response = response.map_err(|code| transport_error(code, &limits))?;
        let headers = response.get_headers().copy_all().into_iter();
        let headers = headers
            .filter(|(name, value)| name.len() + value.len() <= MAX_HEADER_BYTES)
            .take(MAX_HEADERS)
            .map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned()));
        let headers: Vec<(String, String)> = headers.collect();
        let status = response.get_status_code();
        let reader = Reader::of_response(&response, length(&headers));
        Ok(Head {
            status,
            headers,
            body: ResponseBody {
                reader,
                _transmission: transmission,
                limits,
                has_begun: false,
                left: limits.max_response,
            },
        })
    }

    async fn pause(&self, time: Duration) {
        operation::pause(time).await;
    }

    fn now(&self) -> Duration {
        now()
    }

    fn unix_time(&self) -> u64 {
        u64::try_from(system_clock::now().seconds).unwrap_or_default()
    }

    fn random(&self) -> u64 {
        random::get_random_u64()
    }
}

impl Body for ResponseBody {
    async fn read(&mut self) -> Result<Option<Vec<u8>>, TransportError> {
        if self.reader.is_ended() {
            return Ok(None);
        }
        let (left, late) = self.limits.left(self.has_begun);
        let Some(bytes) = in_time(left, self.reader.read(READ_SIZE)).await.ok_or(late)? else {
            return self.finish().await;
        };
        self.has_begun = true;
        let limit = self.limits.max_response;
        let left = self.left.checked_sub(bytes.len());
        self.left = left.ok_or(TransportError::TooLarge { limit })?;
        Ok(Some(bytes))
    }
}

impl ResponseBody {
    /// Waits for the end of the body.
    async fn finish(&mut self) -> Result<Option<Vec<u8>>, TransportError> {
        let (left, late) = self.limits.left(self.has_begun);
        match in_time(left, self.reader.end()).await.ok_or(late)? {
            Ok(()) => Ok(None),
            Err(code) => Err(match transport_error(code, &self.limits) {
                TransportError::Unavailable(cause) => {
                    TransportError::Unavailable(["the response broke off, ", &cause].concat())
                }
                error => error,
            }),
        }
    }
}

impl Limits {
    fn of(request: &HttpRequest) -> Limits {
        let now = now();
        Limits {
            timeout: request.timeout,
            due: now.saturating_add(request.timeout),
            idle: request.idle_timeout,
            total: request.total_timeout,
            total_due: now.saturating_add(request.total_timeout),
            max_response: request.max_response,
        }
    }

    /// Returns the time for the next byte, and the error when it is over.
    fn left(&self, has_begun: bool) -> (Duration, TransportError) {
        let now = now();
        let (next, after, limit) = if has_begun {
            (self.idle, self.idle, TimeLimit::Idle)
        } else {
            (self.due.saturating_sub(now), self.timeout, TimeLimit::FirstByte)
        };
        let total = self.total_due.saturating_sub(now);
        if total < next {
            let error = TransportError::TimedOut {
                after: self.total,
                limit: TimeLimit::Total,
            };
            return (total, error);
        }
        (next, TransportError::TimedOut { after, limit })
    }

    /// Returns the error for a host that gives up by itself.
    fn late(&self) -> TransportError {
        TransportError::TimedOut {
            after: self.timeout,
            limit: TimeLimit::FirstByte,
        }
    }
}
