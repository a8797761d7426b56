//! The clawft agent as a WASI component: what the host grants, and the agent driven by it.
//!
//! The agent itself decides without I/O in `clawft-core`. Here is the I/O, blocking and small: HTTP ([`http`]), files
//! ([`fs`], which the native command shares), the environment ([`mod@env`]), the standard streams ([`console`]), and the
//! [`platform`] that puts them together.
//!
//! The same code builds for `wasm32-wasip2` (a component with real HTTP), `wasm32-wasip1` (a core module in which every
//! request is an error value) and natively (likewise; for tests). On both WASI targets all of it uses the bindings of the
//! host's interfaces: std and libc in between would be 25 KB more of component and 13 KB more of module.
//!
//! A host that has a network of its own gives it to the module by driving the turn itself: [`turns`], and the functions in
//! `include/clawft.h` that export them.
//!
//! Nothing here panics on what a user, a server or a file system can do: in the shipped build a panic is a trap without a
//! word.

pub mod console;
pub mod env;
pub mod fs;
pub mod http;
#[cfg(target_os = "wasi")]
mod libc_assert;
pub mod platform;
pub mod turns;

pub use clawft_types::SessionId;
pub use env::WasiEnvironment;
pub use fs::WasiFileSystem;
pub use http::{HttpError, HttpResponse, WasiHttpClient};
pub use platform::{Answer, Error, WasmPlatform};

/// What this build is called in [`capabilities`].
const PLATFORM: &str = if cfg!(all(target_os = "wasi", target_env = "p2")) {
    "wasm32-wasip2"
} else if cfg!(target_os = "wasi") {
    "wasm32-wasip1"
} else {
    "native"
};

/// The version, as `--version` and [`capabilities`] say it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Answers `message`, plain text or `{"role":"user","content":"…"}`, in the session `default`.
///
/// # Errors
/// As [`WasmPlatform::answer`]; and [`Error::Incomplete`], for there is no other way to tell that it is.
pub fn process_message(message: &str) -> Result<String, Error> {
    WasmPlatform::new().answer(SessionId::default(), message, &mut |_| {})?.whole()
}

/// What this build can do, as JSON in one line:
/// `{"version":"0.1.0","platform":"wasm32-wasip2","http":true,"fs":true,"status":"ready"}`.
///
/// `http` and `fs` say whether they are real; where `http` is `false`, every request is an error value.
pub fn capabilities() -> String {
    let http = if http::HTTP_IS_REAL { "true" } else { "false" };
    [
        "{\"version\":\"",
        VERSION,
        "\",\"platform\":\"",
        PLATFORM,
        "\",\"http\":",
        http,
        ",\"fs\":true,\"status\":\"ready\"}",
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    #[test]
    fn without_a_config_the_message_is_an_error() {
        let error = super::process_message("Hello!").unwrap_err().to_string();
        assert!(error.starts_with("cannot read `/config/config.json`"), "{error}");
    }

    #[test]
    fn capabilities_are_json() {
        let read: serde_json::Value = serde_json::from_slice(super::capabilities().as_bytes()).unwrap();
        let expected = serde_json::json!({
            "version": super::VERSION, "platform": "native", "http": false, "fs": true, "status": "ready",
        });
        assert_eq!(read, expected);
    }
}
