//! Test support for the end-to-end cases, the benchmarks and the size comparison: one implementation of each kind.
//!
//! A [`TestContext`] is a case's own directory, in which it runs programs; an [`Outcome`] is the end of such a run. A
//! [`Provider`] is the mock provider, behind a [`TlsFront`] for cases about TLS; a [`Gateway`] is a running `weft
//! gateway`, [`http`] is a client without a library, and a [`LoadGenerator`] puts load on it.
//!
//! Processes are guarded by `devkit::child`.

mod context;
mod directory;
mod gateway;
pub mod http;
mod key;
mod load_generator;
mod message;
mod outcome;
mod provider;
mod slowdown;
mod test_host;

pub use self::{
    context::{TestContext, label, names},
    directory::{SHOWN, WorkDirectory, text_files},
    gateway::{Gateway, listening_url},
    key::{KEY, KEY_VARIABLE, contains_key},
    load_generator::{Compared, Latency, LoadGenerator, Requests, Streamed, Streams, Times, Upstream},
    message::{merged, messages, same_messages},
    outcome::{Outcome, difference, excerpt},
    provider::{Provider, Request},
    slowdown::slowdown,
    test_host::{Certificate, PROGRAM as TEST_HOST, TlsFront},
};
