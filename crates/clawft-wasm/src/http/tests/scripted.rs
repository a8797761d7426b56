//! The back end of this crate's own tests, which answers with prepared responses. Without one there is no
//! HTTP, as in every native build.

use super::{HttpError, Part, Request, Sink};
use std::cell::RefCell;
use std::collections::VecDeque;

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
}

/// Prepares the responses to this test's next requests.
pub(crate) fn prepare(scripts: impl IntoIterator<Item = Script>) {
    SCRIPTS.replace(scripts.into_iter().collect());
    SENT.take();
}

/// Returns the bodies of the requests since [`prepare`].
pub(crate) fn sent() -> Vec<String> {
    SENT.take()
}

pub(super) fn exchange(request: &Request<'_>, sink: Sink<'_>) -> Result<(), HttpError> {
    let Some(script) = SCRIPTS.with_borrow_mut(VecDeque::pop_front) else {
        return Err(HttpError::Impossible("no answer is prepared".to_owned()));
    };
    let body = String::from_utf8(request.body.unwrap_or_default().to_vec()).expect("a body of text");
    SENT.with_borrow_mut(|sent| sent.push(body));
    let headers = vec![("content-type".to_owned(), script.content_type.to_owned())];
    let head = Part::Head {
        status: script.status,
        headers,
    };
    for part in [head].into_iter().chain(
        script
            .parts
            .iter()
            .flat_map(|part| [Part::Body(part.as_bytes()), Part::Pause]),
    ) {
        if sink(part).is_break() {
            return Ok(());
        }
    }
    script.failure.map_or(Ok(()), Err)
}
