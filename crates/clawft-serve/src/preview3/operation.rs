//! Operations of the host that end later: on an end of a stream or future, and calls.

use std::{
    mem,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use wasip3::http::types::{Request, Response};

use super::{
    abi::{self, BLOCKED, OnEnd, RETURNED},
    area::{Area, ErrorCode},
    nanoseconds, task,
};

/// An operation on an end of a stream or future. The future's output is its code. It is cancelled when dropped, so
/// memory that it uses has to be dropped after it.
pub(super) struct Operation {
    end: u32,
    code: u32,
    cancel: OnEnd<u32>,
}

/// The part of a code that tells how many bytes were transferred, and that the other end is dropped.
pub(super) struct Transfer {
    pub(super) count: usize,
    pub(super) is_last: bool,
}

/// The state of a call that was cancelled before it started.
const NOT_STARTED: u32 = 3;
/// A call of one of the host's functions. It is cancelled when dropped.
struct Call {
    /// The number of the call and, in the last four bits, its state.
    subtask: u32,
    state: u32,
    /// The argument, which belongs to the host when the call starts.
    request: Option<Request>,
}

/// Waits.
pub(super) async fn pause(time: Duration) {
    Call::new(abi::wait_for(nanoseconds(time)), None).await;
}

/// Sends a request, and waits for the response.
pub(super) async fn send(request: Request) -> Result<Response, ErrorCode> {
    let mut result = Sent(Area::new());
    // SAFETY: the call is dropped before the result, which does not move until then, because it is part of a pinned
    // future.
    let code = unsafe { abi::send(request.handle(), &raw mut result.0) };
    Call::new(code, Some(request)).await;
    result.take().unwrap_or(Err(u8::MAX))
}

/// The result of [`send`], which may come although nobody waits for it any more.
struct Sent(Area);

impl Sent {
    fn take(&mut self) -> Option<Result<Response, ErrorCode>> {
        let result = self.0.take()?;
        // SAFETY: the value is a response that belongs to us.
        Some(result.map(|[handle, _]| unsafe { Response::from_handle(handle) }))
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        drop(self.take());
    }
}

impl Operation {
    /// Returns an operation that has just returned `code`.
    pub(super) fn new(end: u32, code: u32, cancel: OnEnd<u32>) -> Self {
        if code == BLOCKED {
            task::wait_for(end);
        }
        Self { end, code, cancel }
    }
}

impl Future for Operation {
    type Output = Transfer;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Transfer> {
        if self.code == BLOCKED {
            match task::take_event(self.end) {
                Some(code) => self.code = code,
                None => return Poll::Pending,
            }
        }
        Poll::Ready(Transfer {
            count: (self.code >> 4) as usize,
            is_last: self.code & 0xf == 1,
        })
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        if self.code == BLOCKED && task::take_event(self.end).is_none() {
            abi::waitable_join(self.end, 0);
            (self.cancel)(self.end);
        }
    }
}

impl Call {
    fn new(code: u32, request: Option<Request>) -> Self {
        let call = Self {
            subtask: code >> 4,
            state: code & 0xf,
            request,
        };
        if call.state != RETURNED {
            task::wait_for(call.subtask);
        }
        call
    }
}

impl Future for Call {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.state != RETURNED {
            match task::take_event(self.subtask) {
                Some(RETURNED) => self.state = RETURNED,
                Some(state) => {
                    self.state = state;
                    task::wait_for(self.subtask);
                    return Poll::Pending;
                }
                None => return Poll::Pending,
            }
        }
        Poll::Ready(())
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if self.state != RETURNED {
            match task::take_event(self.subtask) {
                Some(state) => self.state = state,
                None => abi::waitable_join(self.subtask, 0),
            }
        }
        if self.state != RETURNED {
            self.state = abi::subtask_cancel(self.subtask);
        }
        if self.state != NOT_STARTED {
            mem::forget(self.request.take());
        }
        if self.subtask != 0 {
            abi::subtask_drop(self.subtask);
        }
    }
}
