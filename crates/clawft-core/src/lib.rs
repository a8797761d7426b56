//! One turn of the agent as a state machine without I/O.
//!
//! ```text
//! Turn::begin ──HttpRequest──→ platform ──events──→ Turn::feed ──→ More | Delta(text) | Done(reply) | Retry(after) | Failed(error)
//! ```
//!
//! A platform sends the request, reports the response, and performs the returned steps. The request, retries
//! and error messages are decided here, without files, sockets, clock, environment or randomness. So blocking
//! WASI calls, an async runtime and tests with plain values all drive the same code.

// Input from outside may cause an error, but never a panic or a truncated number.
#![cfg_attr(
    not(test),
    deny(
        clippy::cast_lossless,
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]
#![forbid(unsafe_code)]
// Without std the compiler allows no file, socket, clock, environment or randomness.
#![cfg_attr(not(test), no_std)]

extern crate alloc;

pub mod endpoint;
pub mod error;
pub mod http;
pub mod redact;
pub mod response_head;
pub mod retry;
pub mod sniff;
pub mod sse;
pub mod turn;
pub mod url;

mod answer;
mod date;
mod history;
mod key;
mod provider;
mod refusal;
mod rejected;
mod stream;

pub use endpoint::Endpoint;
pub use error::{KeySource, Target, TurnError};
pub use http::{Header, HeaderValue, HttpRequest, Method, TimeLimit, TransportError};
pub use provider::anthropic_max_tokens;
pub use turn::{Clock, Event, Reply, Step, Turn};
