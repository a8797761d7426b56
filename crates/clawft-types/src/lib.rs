//! Data types that all parts of clawft share: configuration, messages, completions, sessions and their
//! errors.
//!
//! Nothing here uses files, sockets, the clock, the environment or randomness: functions take bytes and
//! return values. All JSON is read through one tree and one set of accessors ([`json`]) instead of derived
//! deserializers: less code in the shipped component, and every error names the field that is wrong.
//!
//! Users read the `Display` form of an error. Each type of error implements [`core::error::Error`] and is
//! `Send + Sync`, so `?` converts all of them to `Box<dyn Error + Send + Sync>`.

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

pub mod anthropic;
pub mod completion;
pub mod config;
pub mod failure;
pub mod finish;
pub mod image;
pub mod json;
pub mod memory;
pub mod message;
pub mod reasoning;
mod request_body;
pub mod search;
pub mod secret;
pub mod session;
pub mod temperature;
pub mod text;
pub mod tool;

pub use anthropic::MessagesRequest;
pub use completion::{CompletionRequest, Usage};
pub use config::{Agents, Auth, Config, ConfigError, Kind, Provider};
pub use finish::Finish;
pub use message::{Input, InputError, Message, Role};
pub use reasoning::Reasoning;
pub use secret::Secret;
pub use session::{Session, SessionError, SessionId, SessionIdError};
pub use temperature::Temperature;
pub use tool::{AnsweredCall, ToolCall, ToolDefinition, ToolResult};
