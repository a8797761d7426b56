//! A turn driven with plain values, as a platform drives it.

mod anthropic;
mod common;
mod deadline;
mod errors;
mod history;
mod hostile;
mod properties;
mod retry;
mod stream;
mod success;
