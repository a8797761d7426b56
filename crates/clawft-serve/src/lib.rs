//! The HTTP API as a component for every host of `wasi:http`.
//!
//! ```text
//! request ─→ answer ─→ routing: candidates ─→ exchange: attempts ─→ Answer: whole, or a Relay of events
//! ```
//!
//! Everything but the components themselves does no I/O: a [`Host`] sends requests and waits. So one code serves
//! WASI 0.2 (`preview2`, where each wait blocks the instance, which has one request), WASI 0.3 (`preview3`, feature
//! `p3`, where one instance has many) and tests.
//!
//! Nothing is stored: the configuration is the environment's, and the conversation is the client's.

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

mod access;
mod answer;
mod events;
mod exchange;
mod fault;
mod host;
mod models;
mod refusal;
mod relay;
mod reply;
mod request;
mod route;
mod routing;
mod service;
mod shared;
mod translation;

#[cfg(all(target_os = "wasi", target_env = "p2", any(feature = "p2", feature = "p3")))]
mod environment;
#[cfg(all(target_os = "wasi", target_env = "p2", feature = "p2", not(feature = "p3")))]
mod preview2;
#[cfg(all(target_os = "wasi", target_env = "p2", feature = "p3"))]
mod preview3;

/// A tenth of the size of the C library's, and each call takes the same time. The component for WASI 0.2 has the heap
/// of `clawft-wasm`.
#[cfg(all(target_os = "wasi", target_env = "p2", feature = "p3"))]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

pub use access::{OPEN, TOKEN};
pub use answer::answer;
pub use host::{Body, Head, Host};
pub use refusal::Refusal;
pub use relay::Relay;
pub use reply::{Answer, AnswerBody};
pub use request::{Incoming, broken_off, too_large, too_slow};
pub use service::{CONFIG, Service};
