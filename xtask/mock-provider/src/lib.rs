//! A server on loopback that speaks the chat-completions API, well and badly, so that clients can be tested against
//! real sockets.
//!
//! The path says how a request is answered, so one process serves every test at once:
//! `http://127.0.0.1:PORT/<scenario>[/<label>…]/v1/chat/completions`. A [`Scenario`] is a way to answer; a label is
//! anything the caller likes, and tells one test's lines in the [`RequestLog`] from another's.
//!
//! Modules in reading order: `scenario` names the ways to answer, `route` finds one in a path, `server` takes requests
//! and answers them, `openai` words the documented bodies, `wire` breaks off in mid-answer, `log` keeps what was received.

mod log;
mod openai;
mod route;
mod scenario;
mod server;
mod wire;

pub use crate::{
    log::{Received, RequestLog},
    scenario::{HUGE_TEXT_BYTES, LARGE_TEXT_BYTES, Scenario, UnknownScenario},
    server::Server,
};
