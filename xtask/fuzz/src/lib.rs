//! What is fuzzed: functions that take any bytes and assert what must hold for them, whatever they are.
//!
//! `cargo xtask fuzz` runs them below libFuzzer; the test of this package replays the seeds in `seeds/<target>/`, and with
//! them every input that once was a crash. All go through public functions of the crates, as a platform would.
//!
//! Modules: [`json`], [`config`], [`input`], [`session`] and [`url`] read one text each; [`provider`] drives whole turns with what a
//! server may answer, which [`response`] reads from the input and [`turn`] feeds.

mod config;
mod input;
mod json;
mod provider;
mod response;
mod session;
mod turn;
mod url;

/// A function to fuzz.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, and that of the folder with its seeds.
    pub name: &'static str,
    /// Panics where something that must hold does not.
    pub check: fn(&[u8]),
}

/// All of them.
pub const TARGETS: [Target; 8] = [
    Target { name: "sse", check: provider::sse },
    Target { name: "openai", check: provider::openai },
    Target { name: "anthropic", check: provider::anthropic },
    Target { name: "json", check: json::check },
    Target { name: "config", check: config::check },
    Target { name: "input", check: input::check },
    Target { name: "session", check: session::check },
    Target { name: "url", check: url::check },
];

/// The target called `name`.
pub fn find(name: &str) -> Option<Target> {
    TARGETS.into_iter().find(|target| target.name == name)
}

/// What every error that a user may see keeps to: it says something, in a bounded number of characters, and none of them
/// tells a terminal what to do.
fn check_wording(error: &str) {
    assert!(!error.is_empty(), "an error says something");
    assert!(error.len() <= 4096, "an error is not as long as what it is about: {} bytes", error.len());
    assert!(!error.contains(char::is_control), "an error holds a control character: {error:?}");
}
