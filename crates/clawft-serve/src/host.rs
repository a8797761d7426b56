//! The host's side of an exchange: sending, waiting, and the time.

use std::{future::Future, time::Duration};

use clawft_core::{HttpRequest, TransportError};

/// Sends requests to providers, and waits.
pub trait Host {
    /// The body of a response.
    type Body: Body;

    /// Sends a request, and waits for the head of the response within the request's limits of time.
    fn send(&self, request: HttpRequest) -> impl Future<Output = Result<Head<Self::Body>, TransportError>>;

    /// Waits.
    fn pause(&self, time: Duration) -> impl Future<Output = ()>;

    /// Returns the time since a fixed moment, from a clock that never goes back.
    fn now(&self) -> Duration;

    /// Returns the time in seconds since 1970.
    fn unix_time(&self) -> u64;

    /// Returns a random number.
    fn random(&self) -> u64;
}

/// A response whose body is not read yet.
pub struct Head<B> {
    /// The status.
    pub status: u16,
    /// Names, in lower or upper case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: B,
}

/// The body of a response.
pub trait Body {
    /// Waits for the next bytes within the request's limits of time and size; `None` at the end. No bytes are not the
    /// end: the caller has time to do something else before it goes on waiting.
    fn read(&mut self) -> impl Future<Output = Result<Option<Vec<u8>>, TransportError>>;
}
