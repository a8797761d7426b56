//! The log of received requests, one line of JSON for each.

use std::{
    fs::File,
    io::{self, Write as _},
    path::Path,
    sync::{Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};

use crate::request::Request;

/// The maximum number of logged bytes of a body: writing and reading more would take longer than the test.
pub const LOGGED_BYTES: usize = 1_000_000;

/// A received request, which is a line of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Received {
    /// `POST`, `GET` and so on.
    pub method: String,
    /// Names in lower case with their values, in the order sent; a repeated name is repeated.
    pub path: String,
    /// Names in lower case with their values, in the order sent; a repeated name is repeated here.
    pub headers: Vec<(String, String)>,
    /// The body as text, up to [`LOGGED_BYTES`]; bytes that are not UTF-8 are replaced.
    pub body: String,
    /// The length of the body in bytes, as received.
    pub body_length: usize,
}

impl Received {
    pub(crate) fn new(request: &Request) -> Self {
        Self {
            method: request.method.clone(),
            path: request.path.clone(),
            headers: request.headers.clone(),
            body: String::from_utf8_lossy(&request.body[..request.body.len().min(LOGGED_BYTES)]).into_owned(),
            body_length: request.body.len(),
        }
    }
}

/// The file for received requests, or none. A line is complete before its request is answered.
#[derive(Debug, Default)]
pub struct RequestLog {
    file: Option<Mutex<File>>,
}

impl RequestLog {
    /// Appends to the file at `path`, which is created if necessary.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be opened for writing.
    pub fn append_to(path: &Path) -> io::Result<Self> {
        let file = File::options().create(true).append(true).open(path)?;
        Ok(Self {
            file: Some(Mutex::new(file)),
        })
    }

    /// Writes one line in one call, so that lines of concurrent requests never mix.
    pub(crate) fn record(&self, request: &Received) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        file.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write_all(&line)
    }
}
