//! The back end of this crate's own tests, which answers with prepared responses. Without one there is no
//! HTTP, as in every native build.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    mem,
};

use super::{HttpError, Part, Request};

pub(super) const IS_REAL: bool = false;

/// The server's behaviour for one request.
pub(crate) struct Script {
    /// The status, which is sent first.
    pub(crate) status: u16,
    /// The content type, sent with the status.
    pub(crate) content_type: &'static str,
    /// The parts of the body, sent one by one as on a network.
    pub(crate) parts: Vec<&'static str>,
    /// The failure that replaces a regular end.
    pub(crate) failure: Option<HttpError>,
}

thread_local! {
    /// The responses to the next requests. Thread-local, because each test has a thread of its own.
    static SCRIPTS: RefCell<VecDeque<Script>> = const { RefCell::new(VecDeque::new()) };
    /// The bodies of the received requests.
    static SENT: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    /// The number of exchanges that were closed.
    static CLOSED: Cell<usize> = const { Cell::new(0) };
}

/// Prepares the responses to this test's next requests.
pub(crate) fn prepare(scripts: impl IntoIterator<Item = Script>) {
    SCRIPTS.replace(scripts.into_iter().collect());
    SENT.take();
    CLOSED.set(0);
}

/// Returns the bodies of the requests since [`prepare`].
pub(crate) fn sent() -> Vec<String> {
    SENT.take()
}

/// Returns the number of exchanges that were closed since [`prepare`].
pub(crate) fn closed() -> usize {
    CLOSED.get()
}

/// A prepared response that is received part by part.
pub(super) struct Exchange {
    head: Option<Part<'static>>,
    parts: std::vec::IntoIter<&'static str>,
    failure: Option<HttpError>,
    /// Whether a pause is next.
    pauses: bool,
}

impl Exchange {
    pub(super) fn begin(request: &Request<'_>) -> Result<Self, HttpError> {
        let Some(script) = SCRIPTS.with_borrow_mut(VecDeque::pop_front) else {
            return Err(HttpError::Impossible("no answer is prepared".to_owned()));
        };
        let body = String::from_utf8(request.body.unwrap_or_default().to_vec()).expect("a body of text");
        SENT.with_borrow_mut(|sent| sent.push(body));
        Ok(Self {
            head: Some(Part::Head {
                status: script.status,
                headers: vec![("content-type".to_owned(), script.content_type.to_owned())],
            }),
            parts: script.parts.into_iter(),
            failure: script.failure,
            pauses: false,
        })
    }

    pub(super) fn receive(&mut self) -> Result<Option<Part<'_>>, HttpError> {
        if let Some(head) = self.head.take() {
            return Ok(Some(head));
        }
        if mem::take(&mut self.pauses) {
            return Ok(Some(Part::Pause));
        }
        match self.parts.next() {
            Some(part) => {
                self.pauses = true;
                Ok(Some(Part::Body(part.as_bytes())))
            }
            None => self.failure.take().map_or(Ok(None), Err),
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        CLOSED.set(CLOSED.get() + 1);
    }
}
