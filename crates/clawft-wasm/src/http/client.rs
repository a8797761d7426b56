//! Back end A: the crate `wasi-http-client`. Requests that would make it trap are rejected.

use std::time::Duration;

use wasi_http_client::{Client, Method, Response};

use super::{HttpError, Part, Request};

pub(super) const IS_REAL: bool = true;

/// The maximum size of a body: one `blocking-write-and-flush` traps on more.
const MAX_BODY: usize = 4096;

/// The number of body bytes to read at once.
const READ_SIZE: u64 = 64 * 1024;

/// A request that was sent.
pub(super) struct Exchange {
    response: Response,
    chunk: Vec<u8>,
    /// Whether the head was returned.
    begun: bool,
    /// Whether a pause is next.
    pauses: bool,
}

impl Exchange {
    pub(super) fn begin(request: &Request<'_>) -> Result<Self, HttpError> {
        let body = request.body.unwrap_or_default();
        if body.len() > MAX_BODY {
            return Err(HttpError::InvalidRequest(
                "the body is larger than the 4096 bytes that the `wasi-http-client` build can send",
            ));
        }
        let scheme = if request.url.https { "https://" } else { "http://" };
        let url = [scheme, request.url.authority, &request.url.path_with_query].concat();
        let length = body.len().to_string();
        // Without a length the crate sends the body in chunks, which some providers' proxies reject.
        let headers = request
            .headers
            .iter()
            .copied()
            .chain([("content-length", length.as_str())]);
        let response = Client::new()
            .request(Method::Other(request.method.as_str().to_owned()), &url)
            .headers(headers)
            .connect_timeout(request.timeout)
            .body(body)
            .send()
            .map_err(|error| HttpError::Unavailable(words(error.to_string())))?;
        Ok(Self {
            response,
            chunk: Vec::new(),
            begun: false,
            pauses: false,
        })
    }

    pub(super) fn receive(&mut self) -> Result<Option<Part<'_>>, HttpError> {
        if !self.begun {
            self.begun = true;
            let headers = self.response.headers().iter();
            return Ok(Some(Part::Head {
                status: self.response.status(),
                headers: super::handed_on(headers.map(|(name, value)| (name.clone(), value.clone()))),
            }));
        }
        if std::mem::take(&mut self.pauses) {
            return Ok(Some(Part::Pause));
        }
        loop {
            match self.response.chunk(READ_SIZE) {
                Ok(Some(bytes)) if bytes.is_empty() => {}
                Ok(Some(bytes)) => {
                    self.chunk = bytes;
                    self.pauses = true;
                    return Ok(Some(Part::Body(&self.chunk)));
                }
                Ok(None) => return Ok(None),
                Err(error) => return Err(HttpError::Interrupted(words(error.to_string()))),
            }
        }
    }

    /// The crate tells nothing about bytes that have not arrived.
    pub(super) fn wait(&mut self, _: Duration) -> Result<bool, HttpError> {
        Ok(true)
    }
}

/// Returns the message of an error. The crate formats most errors with `Debug`, which prints nothing in the
/// shipped build.
fn words(text: String) -> String {
    if text.is_empty() {
        "the request failed, and this build leaves out why".to_owned()
    } else {
        text
    }
}
