//! A provider whose answers are given.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use clawft_core::{HttpRequest, TransportError};
use clawft_serve::{Body, Head, Host};

/// One answer: a status, a content type, and the parts of the body.
pub(crate) struct Reply {
    status: u16,
    kind: &'static str,
    parts: VecDeque<Result<Vec<u8>, TransportError>>,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &str) -> Reply {
        Reply {
            status,
            kind: "application/json",
            parts: body.as_bytes().chunks(7).map(|part| Ok(part.to_vec())).collect(),
        }
    }

    pub(crate) fn events(parts: &[&str]) -> Reply {
        Reply {
            status: 200,
            kind: "text/event-stream; charset=utf-8",
            parts: parts.iter().map(|part| Ok(part.as_bytes().to_vec())).collect(),
        }
    }

    pub(crate) fn broken_events(first: &str) -> Reply {
        let mut reply = Reply::events(&[first]);
        let broken = TransportError::Unavailable("the connection broke off".to_owned());
        reply.parts.push_back(Err(broken));
        reply
    }
}

/// A provider that gives one answer after the other.
pub(crate) struct Provider {
    replies: RefCell<VecDeque<Reply>>,
    sent: RefCell<Vec<HttpRequest>>,
    pauses: Cell<u32>,
}

impl Provider {
    pub(crate) fn new(replies: impl IntoIterator<Item = Reply>) -> Provider {
        Provider {
            replies: RefCell::new(replies.into_iter().collect()),
            sent: RefCell::default(),
            pauses: Cell::default(),
        }
    }

    pub(crate) fn sent(&self) -> Vec<HttpRequest> {
        self.sent.borrow().clone()
    }

    pub(crate) fn pauses(&self) -> u32 {
        self.pauses.get()
    }
}

impl Host for Provider {
    type Body = Reply;

    async fn send(&self, request: HttpRequest) -> Result<Head<Reply>, TransportError> {
        self.sent.borrow_mut().push(request);
        let body = self.replies.borrow_mut().pop_front();
        let body = body.ok_or_else(|| TransportError::Impossible("no reply is left".to_owned()))?;
        Ok(Head {
            status: body.status,
            headers: vec![("Content-Type".to_owned(), body.kind.to_owned())],
            body,
        })
    }

    async fn pause(&self, _: Duration) {
        self.pauses.set(self.pauses.get() + 1);
    }

    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn unix_time(&self) -> u64 {
        0
    }

    fn random(&self) -> u64 {
        0
    }
}

impl Body for Reply {
    async fn read(&mut self) -> Result<Option<Vec<u8>>, TransportError> {
        self.parts.pop_front().transpose()
    }
}

/// Returns the result of a future that never waits.
pub(crate) fn finished<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("it waits"),
    }
}
