//! The turn from outside: driven with plain values, as a platform drives it.

mod common;
mod errors;
mod properties;
mod retry;
mod success;
