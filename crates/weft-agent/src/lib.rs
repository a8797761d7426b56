//! The clawft agent on this machine, for the command `weft` and its gateway.
//!
//! `clawft-core` makes the decisions and `clawft-store` stores the sessions, as in the component. This crate
//! adds the network ([`agent`] drives a turn with reqwest, [`forward`] passes on the requests of others, [`mcp`]
//! connects servers of tools, [`models`] lists those of a provider, [`tools`] performs the calls of the model), the
//! files of a home directory ([`home`]), the directories of the tools ([`workspace`]), the error messages for users
//! ([`error`]), and the
//! [`warnings`] about a configuration that puts secrets at risk. [`text`] reads the encodings of files.

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

pub mod agent;
mod blocking;
pub mod error;
mod exchange;
pub mod forward;
pub mod home;
pub mod limits;
pub mod mcp;
pub mod models;
pub mod stop;
pub mod text;
pub mod tls;
pub mod tools;
mod transport;
pub mod warnings;
pub mod workspace;

pub use agent::{Agent, Answer, Delta, Unanswered};
pub use error::{Error, Fault};
pub use home::{ConfigFile, Home};
pub use mcp::McpServers;
pub use stop::Stop;
pub use tools::{Decision, Nobody, Tools, User};
