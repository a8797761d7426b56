//! The fuzz targets: functions that take any bytes and assert properties that always hold.
//!
//! `cargo xtask fuzz` runs them with libFuzzer, each as a program in `fuzz_targets/`; the test of this package replays
//! the seeds in `seeds/<target>/`, and with them every input that once was a crash. All use public functions of the
//! crates, as a platform does.
//!
//! Modules: [`mod@json`], [`mod@config`], [`mod@input`], [`mod@session`] and [`mod@url`] parse one text each, and
//! [`mod@wasm`] one binary; [`mod@provider`] drives whole turns with a server's responses, which [`response`] parses
//! from the input and [`turn`] and, with tools, [`acting`] feed. [`mod@mcp`] plays a server of tools, and [`mod@tools`]
//! calls the built-in ones. [`wording`] holds every error message to the same rules.

mod acting;
mod config;
mod input;
mod json;
mod mcp;
mod provider;
mod response;
mod session;
mod tools;
mod turn;
mod url;
mod wasm;
mod wording;

pub use self::{
    config::check as config,
    input::check as input,
    json::check as json,
    mcp::check as mcp,
    provider::{anthropic, openai, sse},
    session::check as session,
    tools::check as tools,
    url::check as url,
    wasm::check as wasm,
};

/// A fuzz target.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name, also of the directory with its seeds.
    pub name: &'static str,
    /// Panics if a property does not hold.
    pub check: fn(&[u8]),
}

/// All targets.
pub const TARGETS: [Target; 11] = [
    Target {
        name: "sse",
        check: sse,
    },
    Target {
        name: "openai",
        check: openai,
    },
    Target {
        name: "anthropic",
        check: anthropic,
    },
    Target {
        name: "json",
        check: json,
    },
    Target {
        name: "config",
        check: config,
    },
    Target {
        name: "input",
        check: input,
    },
    Target {
        name: "session",
        check: session,
    },
    Target {
        name: "url",
        check: url,
    },
    Target {
        name: "mcp",
        check: mcp,
    },
    Target {
        name: "tools",
        check: tools,
    },
    Target {
        name: "wasm",
        check: wasm,
    },
];
