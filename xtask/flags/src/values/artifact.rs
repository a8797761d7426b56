//! The shipped WebAssembly files.

/// A file that `cargo xtask wasm` makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Artifact {
    /// The component for WASI preview 2.
    Component,
    /// The core module for WASI preview 1.
    Wasip1Module,
}

impl Artifact {
    /// All artifacts.
    pub const ALL: [Self; 2] = [Self::Component, Self::Wasip1Module];

    /// Returns its name in `target/dist` and in the budget file.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Component => "clawft.wasm",
            Self::Wasip1Module => "clawft-wasip1.wasm",
        }
    }

    /// Returns the Rust target of the artifact.
    pub fn target(self) -> &'static str {
        match self {
            Self::Component => "wasm32-wasip2",
            Self::Wasip1Module => "wasm32-wasip1",
        }
    }
}
