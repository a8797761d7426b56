//! The clawft agent as a WASI component: the host's interfaces, and the agent driven by them.
//!
//! The agent itself is in `clawft-core` and does no I/O. This crate does the I/O, blocking and small: HTTP
//! ([`http`]), files ([`fs`], shared with the native command), the environment ([`mod@env`]), the standard
//! streams ([`console`]), and the [`platform`] that combines them.
//!
//! The same code builds for `wasm32-wasip2` (a component with real HTTP), `wasm32-wasip1` (a core module in
//! which every request fails with an error value) and natively (likewise; for tests). On both WASI targets
//! all of it uses the bindings of the host's interfaces: std and libc in between would add 25 KB to the
//! component and 13 KB to the module.
//!
//! A host that embeds the component pulls a turn event by event: see [`pulled`], and `wit/world.wit`. A host with
//! its own network drives the turn itself and sends the requests: see [`turns`], and the functions in
//! `include/clawft.h` that export them.
//!
//! Nothing here panics on any input from a user, a server or a file system: in the shipped build a panic is a
//! trap without a message.

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

pub mod agent_turn;
pub mod console;
mod driver;
pub mod env;
pub mod error;
pub mod fs;
#[cfg(any(target_os = "wasi", test))]
pub mod heap;
pub mod http;
#[cfg(target_os = "wasi")]
mod libc_assert;
pub mod platform;
pub mod pulled;
pub mod transport;
pub mod turns;

use clawft_types::join;

pub use clawft_types::SessionId;
pub use env::WasiEnvironment;
pub use error::Error;
pub use fs::WasiFileSystem;
pub use http::{HttpError, HttpResponse, WasiHttpClient};
pub use platform::{Answer, WasmPlatform};

/// The name of this build in [`capabilities`].
const PLATFORM: &str = if cfg!(all(target_os = "wasi", target_env = "p2")) {
    "wasm32-wasip2"
} else if cfg!(target_os = "wasi") {
    "wasm32-wasip1"
} else {
    "native"
};

/// The version in `--version` and [`capabilities`].
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Answers `message`, plain text or `{"role":"user","content":"…"}`, in the session `default`.
///
/// # Errors
/// As [`WasmPlatform::answer`]; and [`Error::Incomplete`], because this function has no other way to report
/// it.
pub fn process_message(message: &str) -> Result<String, Error> {
    WasmPlatform::new()
        .answer(SessionId::default(), message, &mut |_| {})?
        .whole()
}

/// Returns the capabilities of this build as JSON in one line:
/// `{"version":"0.2.0","platform":"wasm32-wasip2","http":true,"fs":true,"status":"ready"}`.
///
/// `http` and `fs` are true if they work; if `http` is `false`, every request fails with an error value.
pub fn capabilities() -> String {
    let http = if http::HTTP_IS_REAL { "true" } else { "false" };
    join!(
        "{\"version\":\"",
        VERSION,
        "\",\"platform\":\"",
        PLATFORM,
        "\",\"http\":",
        http,
        ",\"fs\":true,\"status\":\"ready\"}"
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn message_without_config_is_an_error() {
        let error = super::process_message("Hello!").unwrap_err().to_string();
        assert!(error.starts_with("cannot read `/config/config.json`"), "{error}");
    }

    #[test]
    fn capabilities_are_valid_json() {
        let read: serde_json::Value = serde_json::from_slice(super::capabilities().as_bytes()).unwrap();
        let expected = serde_json::json!({
            "version": super::VERSION, "platform": "native", "http": false, "fs": true, "status": "ready",
        });
        assert_eq!(read, expected);
    }
}
