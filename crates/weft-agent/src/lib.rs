//! The clawft agent on this machine: what the command `weft` and its gateway share.
//!
//! What the agent decides is in `clawft-core`, what it keeps in `clawft-store`; both are the component's own. Here are the
//! network ([`agent`] drives a turn with reqwest), the files of a home directory ([`home`]), the errors as users see them
//! ([`error`]), and the [`warnings`] about a configuration that puts secrets at risk.

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
pub mod error;
pub mod home;
pub mod limits;
pub mod stop;
pub mod warnings;

pub use agent::{Agent, Answer};
pub use error::{Error, Fault};
pub use home::{ConfigFile, Home};
pub use stop::Stop;
