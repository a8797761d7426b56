//! One turn of the agent as a state machine without I/O.
//!
//! ```text
//! Turn::begin ──HttpRequest──→ platform ──events──→ Turn::feed ──→ More | Delta(text) | Done(reply) | Retry(after) | Failed(error)
//! ```
//!
//! A platform sends the request, reports what comes back, and does what it is told. Which request, whether to try again
//! and how an error is worded are decided here; no file, socket, clock, environment or randomness is touched. So the same
//! code is driven by blocking WASI calls, by an async runtime, and by tests with plain values.

// Without std there is no file, socket, clock, environment or randomness to reach for: the compiler keeps the promise.
#![cfg_attr(not(test), no_std)]

extern crate alloc;

pub mod error;
pub mod http;
pub mod sse;
pub mod turn;

mod date;
mod head;
mod history;
mod key;
mod provider;
mod quote;
mod retry;
mod stream;

pub use error::{KeySource, TurnError};
pub use http::{Header, HeaderValue, HttpRequest, Method, TransportError};
pub use turn::{Clock, Event, Reply, Step, Turn};
