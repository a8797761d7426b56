//! The built-in tools of the agent without I/O: definitions, permissions, and every decision about a call.
//!
//! ```text
//! configuration ─→ Settings ─┐
//! grants of the host ─→ Host ┴→ Toolbox ─→ definitions ─→ model ─→ call ─→ check ─→ Allow | Ask(preview) | Refuse(result)
//!                                                                              └→ start ─→ Done(result) | Http(machine) | Command
//! ```
//!
//! A platform implements [`Files`] for one directory, sends the requests of [`Fetch`], and asks the user. Which
//! paths and addresses may be reached is decided here, the same way on every platform. No tool reaches the
//! configuration, the sessions or the notes: every file is compared with theirs by identity.

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

pub mod fetch;
pub mod files;
pub mod permissions;
pub mod settings;
pub mod toolbox;

mod definitions;
mod diff;
#[cfg(feature = "notes")]
mod notes;
mod text;
mod workspace;

pub use definitions::tool_names;
pub use fetch::{Fetch, FetchSettings, FetchStep};
pub use files::{FileFault, Files, Identity, Kind, Stat};
pub use permissions::{Permission, Permissions};
pub use settings::{FileSettings, Settings};
pub use toolbox::{Decision, Declined, Host, Outcome, Toolbox};
