//! Storage of clawft: files below one directory ([`fs`]) and the sessions among them ([`sessions`]), with the
//! clock and the randomness that their locks need ([`clock`], [`random`]).
//!
//! The component and the native command share this crate, so that both can work on the same files, even at
//! the same time. On wasm32-wasip2 and wasm32-wasip1 it uses the bindings of the host's interfaces, natively
//! std. Nothing is printed: messages for the user are passed to the caller.

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

pub mod clock;
pub mod fs;
#[cfg(all(target_os = "wasi", target_env = "p1"))]
pub mod preview1;
pub mod random;
pub mod sessions;

pub use fs::{FileSystem, FsError, FsFault};
pub use sessions::{Sessions, StoreError};
