//! The component for WASI 0.3: one instance answers many requests at once, and nothing is polled.
//!
//! ```text
//! handle ─→ task: the request's future ─→ operation: streams, futures and calls ─→ the host
//!             ▲                                                                      │
//!             └────────────── resume: an event of an operation ──────────────────────┘
//! ```

mod abi;
mod area;
mod body;
mod client;
mod incoming;
mod operation;
mod outgoing;
mod task;
mod timer;

use std::{future::poll_fn, mem, pin::pin, task::Poll, time::Duration};

use wasip3::http::types::Request;

use crate::environment::service;

// The type of the component is that of the bindings, and the functions are ours.
wasip3::http::service::export!(Component with_types_in bindings);

/// The module in which the macro looks for the macro that exports functions.
mod bindings {
    pub(crate) mod exports {
        pub(crate) mod wasi {
            pub(crate) mod http {
                pub(crate) mod handler {
                    macro_rules! functions {
                        ($component:ident with_types_in $($path:tt)*) => {
                            #[unsafe(export_name = "[async-lift]wasi:http/handler@0.3.2#handle")]
                            extern "C" fn handle(request: u32) -> u32 {
                                $component::handle(request)
                            }
                            #[unsafe(export_name = "[callback][async-lift]wasi:http/handler@0.3.2#handle")]
                            extern "C" fn resume(event: u32, waitable: u32, code: u32) -> u32 {
                                task::resume(event, waitable, code)
                            }
                        };
                    }
                    pub(crate) use functions as __export_wasi_http_handler_0_3_2_cabi;
                }
            }
        }
    }
}

struct Component;

impl Component {
    /// Starts the task of a request, and returns its code.
    fn handle(request: u32) -> u32 {
        wasip3::wit_bindgen::rt::run_ctors_once();
        // SAFETY: the host passes a request that belongs to us.
        let request = unsafe { Request::from_handle(request) };
        task::start(async move {
            let unanswered = Unanswered;
            let head = incoming::head(&request);
            let length = head.length();
            let body = |limit| incoming::body(request, length, limit);
            let answer = crate::answer(service(), &client::Client, head, body).await;
            mem::forget(unanswered);
            outgoing::respond(answer).await;
        })
    }
}

/// A request without a response. If it is dropped, the host has cancelled it.
struct Unanswered;

impl Drop for Unanswered {
    fn drop(&mut self) {
        abi::task_cancel();
    }
}

/// Returns the result of `work`; `None` if it takes longer than `time`.
async fn in_time<T>(time: Duration, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let deadline = timer::now().saturating_add(nanoseconds(time));
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending if task::is_over(deadline) => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    })
    .await
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Returns the time since a fixed moment, at which the running task was resumed.
fn now() -> Duration {
    Duration::from_nanos(timer::now())
}
