//! Requests to providers.

use std::time::Duration;

use clawft_core::{HttpRequest, TransportError};
use clawft_wasm::{
    http::{Exchange, HttpError, Part},
    transport,
};
use wasip2::{
    clocks::{monotonic_clock, wall_clock},
    random::random,
};

use super::{finished, nanoseconds};
use crate::{
    host::{Body, Head, Host},
    relay::{COMMENTS, Relay},
};

/// The host's HTTP, clocks and randomness.
pub(super) struct Client;

/// The body of a response.
pub(super) struct ResponseBody {
    exchange: Exchange,
    /// Whether nothing more had arrived.
    is_quiet: bool,
}

impl Host for Client {
    type Body = ResponseBody;

    async fn send(&self, request: HttpRequest) -> Result<Head<ResponseBody>, TransportError> {
        let mut exchange = transport::send(&request).map_err(transport_error)?;
        loop {
            let head = match exchange.receive().map_err(transport_error)? {
                Some(Part::Head { status, headers }) => (status, headers),
                Some(_) => continue,
                None => return Err(TransportError::Unavailable("there is no response".to_owned())),
            };
            let (status, headers) = head;
            return Ok(Head {
                status,
                headers,
                body: ResponseBody {
                    exchange,
                    is_quiet: false,
                },
            });
        }
    }

    async fn pause(&self, time: Duration) {
        monotonic_clock::subscribe_duration(nanoseconds(time)).block();
    }

    fn now(&self) -> Duration {
        Duration::from_nanos(monotonic_clock::now())
    }

    fn unix_time(&self) -> u64 {
        wall_clock::now().seconds
    }

    fn random(&self) -> u64 {
        random::get_random_u64()
    }
}

impl Body for ResponseBody {
    async fn read(&mut self) -> Result<Option<Vec<u8>>, TransportError> {
        loop {
            if self.is_quiet && !self.exchange.wait(COMMENTS).map_err(transport_error)? {
                return Ok(Some(Vec::new()));
            }
            self.is_quiet = false;
            match self.exchange.receive().map_err(transport_error)? {
                Some(Part::Body(bytes)) => return Ok(Some(bytes.to_vec())),
                Some(_) => self.is_quiet = true,
                None => return Ok(None),
            }
        }
    }
}

impl ResponseBody {
    /// Waits for the next bytes of a relay.
    pub(super) fn next(relay: &mut Relay<ResponseBody>) -> Option<Vec<u8>> {
        finished(relay.next())
    }
}

fn transport_error(error: HttpError) -> TransportError {
    transport::transport_error(error, true)
        .unwrap_or_else(|error| TransportError::Impossible(error.to_string()))
}
