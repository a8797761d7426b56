//! The component for WASI 0.2: each request has the instance for itself, and each wait blocks it.

mod client;
mod incoming;
mod outgoing;

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use wasip2::{
    clocks::monotonic_clock,
    exports::http::incoming_handler::Guest,
    http::types::{IncomingRequest, ResponseOutparam},
    io::poll::{Pollable, poll},
};

use crate::environment::service;

wasip2::http::proxy::export!(Component with_types_in wasip2);

struct Component;

impl Guest for Component {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let head = incoming::head(&request);
        let length = head.length();
        let body = |limit| async move { incoming::body(&request, length, limit) };
        let answer = crate::answer(service(), &client::Client, head, body);
        outgoing::send(finished(answer), out);
    }
}

/// Returns the result of a future whose waits all block.
fn finished<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut context) {
            return done;
        }
    }
}

/// Waits until `pollable` is ready. Returns false if that takes longer than `time`.
fn is_ready_in(pollable: &Pollable, time: Duration) -> bool {
    let timer = monotonic_clock::subscribe_duration(nanoseconds(time));
    poll(&[pollable, &timer]).contains(&0)
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
