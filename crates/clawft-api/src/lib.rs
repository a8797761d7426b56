//! The dialects of the HTTP API as values, and the translations among them.
//!
//! ```text
//! bytes ─→ Request::read ─→ Request ─→ Request::write ─→ bytes and warnings
//! bytes ─→ Answer::read  ─→ Answer  ─→ Answer::write  ─→ bytes and warnings
//! bytes ─→ Stream::feed, Stream::end ──────────────────→ bytes
//! ```
//!
//! A [`Dialect`] is one of OpenAI's chat completions, OpenAI's Responses, and Anthropic's messages. There is one
//! type for requests, [`Request`], and one for answers, [`Answer`]. They hold the meaning that the dialects share,
//! and at each level the fields that only one dialect has, as [`Field`]s. So each dialect needs one reader and one
//! writer instead of one for each other dialect, and a chain of two translations loses no more than one.
//!
//! ```
//! use clawft_api::{Dialect, Options, Request};
//!
//! let body = br#"{"model":"m","messages":[{"role":"user","content":"Hi"}],"stop":"END","seed":7}"#;
//! let request = Request::read(Dialect::Chat, body)?;
//! let written = request.write(Dialect::Messages, &Options { max_tokens: 512, ..Options::default() })?;
//! assert_eq!(
//!     String::from_utf8_lossy(&written.body),
//!     r#"{"model":"m","max_tokens":512,"messages":[{"role":"user","content":"Hi"}],"stop_sequences":["END"]}"#,
//! );
//! assert_eq!(written.warnings[0].to_string(), "seed: ignored, because Anthropic messages have no counterpart");
//! # Ok::<(), clawft_api::Error>(())
//! ```
//!
//! # Nothing is dropped silently
//!
//! A reader keeps every member that it does not know. A writer of the same dialect writes it again. A writer of
//! another dialect looks it up in one list ([`fields`](mod@fields)): it has a counterpart, or it only tunes the
//! answer and becomes a [`Warning`], or the request fails with an error that names it.
//!
//! # JSON
//!
//! Bodies are read with the parser of [`clawft_types::json`]: it takes time in proportion to the text and no memory
//! beside it, it is in the component already, and its errors name the field. A tree of serde_json's values would keep
//! the order of unknown fields too, but takes several times the memory of the text and 9 KB of code. Values that a
//! translation does not look into, such as the schema of a tool, are kept as [`Raw`] text: their order and digits stay.

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

pub mod fields;
pub mod request;
pub mod routing;
pub mod upstream;

mod answer;
mod base64;
mod chat;
mod collector;
mod context;
mod custom;
mod dialect;
mod embeddings;
mod envelope;
mod error;
mod error_body;
mod event;
mod finder;
mod growing;
mod messages;
mod models;
mod options;
mod passing;
mod path;
mod raw;
mod read;
mod responses;
mod stream;
mod template;
mod translate;
mod whole_as_events;
mod written;

pub use answer::{Answer, Finish, Usage};
pub use collector::Collector;
pub use context::Context;
pub use dialect::Dialect;
pub use embeddings::{Embeddings, EmbeddingsRequest};
pub use envelope::{Envelope, with_members};
pub use error::Error;
pub use error_body::{ErrorBody, ErrorKind};
pub use models::{Model, Models};
pub use options::Options;
pub use passing::{StreamEnd, StreamStart, error_in_answer, error_in_choices};
pub use raw::{Field, Raw};
pub use request::Request;
pub use responses::{item_references, output_items, with_items};
pub use stream::Stream;
pub use whole_as_events::whole_as_events;
pub use written::{Warning, Written};
