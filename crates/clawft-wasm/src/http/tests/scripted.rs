//! The back end of this crate's own tests: it answers with what a test has prepared. Where nothing is, there is no HTTP, as
//! in every native build.

use super::{HttpError, Part, Request, Sink};
use std::cell::RefCell;
use std::collections::VecDeque;

pub(super) const IS_REAL: bool = false;

/// What a server does when it is asked.
pub(crate) struct Script {
    /// Comes first.
    pub(crate) status: u16,
    /// Comes with the status.
    pub(crate) content_type: &'static str,
    /// Come one by one, as a network delivers them.
    pub(crate) parts: Vec<&'static str>,
    /// Comes last, in place of a proper end.
    pub(crate) failure: Option<HttpError>,
}

thread_local! {
    /// For the requests to come. Of this thread, because each test has one of its own.
    static SCRIPTS: RefCell<VecDeque<Script>> = const { RefCell::new(VecDeque::new()) };
    /// The bodies of the requests that came.
    static SENT: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Prepares the answers to this test's next requests.
pub(crate) fn prepare(scripts: impl IntoIterator<Item = Script>) {
    SCRIPTS.replace(scripts.into_iter().collect());
    SENT.take();
}

/// The bodies of the requests since [`prepare`].
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
    let head = Part::Head { status: script.status, headers };
    for part in [head].into_iter().chain(script.parts.iter().map(|part| Part::Body(part.as_bytes()))) {
        if sink(part).is_break() {
            return Ok(());
        }
    }
    script.failure.map_or(Ok(()), Err)
}
