//! A server on loopback that speaks the protocols of OpenAI and Anthropic, correctly and incorrectly, so that
//! clients can be tested over real sockets.
//!
//! The path says how a request is answered, so one process serves every test at once:
//! `http://127.0.0.1:PORT/<scenario>[/<label>…]/v1/chat/completions`, or `…/v1/messages` for Anthropic. A
//! [`Scenario`] is a way to answer; a label is anything the caller likes, and tells one test's lines in the
//! [`RequestLog`] from another's. A request that says `"stream": true` is answered by server-sent events.
//!
//! Modules in reading order: `scenario` names the ways to answer, `route` finds one in a path, `server` takes
//! requests, which `request` reads, and answers them by `answer`, `hostile`, `stream` or, at random, `chaos`: each gets
//! an `exchange`. `dialect` words the documented bodies by `openai` or `anthropic` for what was `asked`, `event` writes
//! server-sent events, `wire` puts bytes on the wire, `log` keeps what was received.

mod answer;
mod anthropic;
mod asked;
mod capable;
mod chaos;
mod dialect;
mod event;
mod exchange;
mod hostile;
mod log;
mod openai;
mod pieces;
mod random;
mod recorded;
mod request;
mod route;
mod scenario;
mod server;
mod stream;
mod tools;
mod wire;

pub use crate::{
    log::{LOGGED_BYTES, Received, RequestLog},
    scenario::{HUGE_TEXT_BYTES, LARGE_TEXT_BYTES, Scenario, UnknownScenario},
    server::Server,
};
