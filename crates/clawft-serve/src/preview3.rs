//! The component for WASI 0.3: one instance answers many requests at once, and nothing is polled.

mod client;
mod incoming;
mod outgoing;

use crate::environment::service;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use wasip3::clocks::monotonic_clock;
use wasip3::exports::http::handler::Guest;
use wasip3::http::types::{ErrorCode, Request, Response};

wasip3::http::service::export!(Component with_types_in wasip3);

struct Component;

impl Guest for Component {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let head = incoming::head(&request);
        let length = head.length();
        let body = |limit| incoming::body(request, length, limit);
        let answer = crate::answer(service(), &client::Client, head, body).await;
        Ok(outgoing::response(answer))
    }
}

/// Returns the result of `work`; `None` if it takes longer than `time`.
async fn in_time<T>(time: Duration, work: impl IntoFuture<Output = T>) -> Option<T> {
    let mut work = pin!(work.into_future());
    let mut timer = pin!(monotonic_clock::wait_for(nanoseconds(time)));
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => timer.as_mut().poll(context).map(|()| None),
    })
    .await
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Returns the time since a fixed moment.
fn now() -> Duration {
    Duration::from_nanos(monotonic_clock::now())
}
