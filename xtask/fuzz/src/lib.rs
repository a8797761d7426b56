//! The fuzz targets: functions that take any bytes and assert properties that always hold.
//!
//! `cargo xtask fuzz` runs them with libFuzzer; the test of this package replays the seeds in
//! `seeds/<target>/`, and with them every input that once was a crash. All use public functions of the
//! crates, as a platform does.
//!
//! Modules: [`json`], [`config`], [`input`], [`session`] and [`url`] parse one text each, and [`wasm`] one binary;
//! [`provider`] drives whole turns with a server's responses, which [`response`] parses from the input and [`turn`]
//! feeds. [`mcp`] plays a server of tools, and [`tools`] calls the built-in ones.

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
        check: provider::sse,
    },
    Target {
        name: "openai",
        check: provider::openai,
    },
    Target {
        name: "anthropic",
        check: provider::anthropic,
    },
    Target {
        name: "json",
        check: json::check,
    },
    Target {
        name: "config",
        check: config::check,
    },
    Target {
        name: "input",
        check: input::check,
    },
    Target {
        name: "session",
        check: session::check,
    },
    Target {
        name: "url",
        check: url::check,
    },
    Target {
        name: "mcp",
        check: mcp::check,
    },
    Target {
        name: "tools",
        check: tools::check,
    },
    Target {
        name: "wasm",
        check: wasm::check,
    },
];

/// Returns the target `name`.
pub fn find(name: &str) -> Option<Target> {
    TARGETS.into_iter().find(|target| target.name == name)
}

/// Asserts properties of every error message: it is not empty, has a bounded length, and contains no control
/// characters.
fn check_wording(error: &str) {
    assert!(!error.is_empty(), "an error says something");
    assert!(
        error.len() <= 4096,
        "an error is not as long as what it is about: {} bytes",
        error.len()
    );
    assert!(
        !error.contains(char::is_control),
        "an error holds a control character: {error:?}"
    );
}
