//! A turn driven with plain values, as a platform drives it.

mod answers;
mod anthropic;
mod common;
mod deadline;
mod endpoint;
mod errors;
mod failures;
mod history;
mod hostile;
mod properties;
mod retry;
mod settings;
mod stream;
mod success;
mod tools;
