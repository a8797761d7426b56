//! A client of MCP servers as state machines without I/O.
//!
//! ```text
//! list, call ──Send(request)──→ platform ──events──→ feed ──→ More | Send(request) | Done(tools or result)
//! ```
//!
//! [`HttpServer`] speaks with a server behind a URL, `StdioServer` with one that is a program. The module
//! `client` decides for both what to send next; they differ in the form of a message and in the negotiation of
//! a revision of the protocol.
//!
//! The newest revision is tried first: `2026-07-28`, which has neither handshake nor session, so a call is one
//! request. A server that does not know it is asked to `initialize` and then spoken to in `2025-11-25`,
//! `2025-06-18` or one of the two revisions before, which list and call tools in the same way.
//!
//! A server is foreign: it may send anything, at any speed. The constants in [`limits`] bound its messages, work
//! on them is linear, and an operation ends after the configured time. Nothing that a server does ends the turn:
//! a missing list is a warning, and a failed call is a result for the model.
//!
//! This is a crate beside `clawft-core`, and no module of it: a turn asks for tool calls without knowing who
//! performs them. So either can be read and changed without the other, and a build without servers leaves all
//! of this out.

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

mod catalog;
mod client;
mod content;
mod error;
mod http;
pub mod limits;
mod listing;
mod message;
mod names;
mod params;
mod schema;
mod secrets;
#[cfg(not(target_family = "wasm"))]
mod stdio;

pub use catalog::{Catalog, Tool};
pub use client::Outcome;
pub use error::McpError;
pub use http::{HttpServer, Step};
#[cfg(not(target_family = "wasm"))]
pub use stdio::{StdioEvent, StdioServer, StdioStep, StdioThen};
