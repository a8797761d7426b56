//! The shipped WebAssembly files.

/// A file that `cargo xtask wasm` makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Artifact {
    /// The component for WASI preview 2.
    Component,
    /// The core module for WASI preview 1.
    Wasip1Module,
    /// The component that hosts of `wasi:http` serve, for WASI 0.2.
    Served,
    /// The component that hosts of WASI 0.3 serve.
    ServedP3,
}

impl Artifact {
    /// All artifacts.
    pub const ALL: [Self; 4] = [Self::Component, Self::Wasip1Module, Self::Served, Self::ServedP3];

    /// Returns its name in `target/dist` and in the budget file.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Component => "clawft.wasm",
            Self::Wasip1Module => "clawft-wasip1.wasm",
            Self::Served => "clawft-serve.wasm",
            Self::ServedP3 => "clawft-serve-p3.wasm",
        }
    }

    /// Returns the Rust target of the artifact.
    pub fn target(self) -> &'static str {
        match self {
            // Stable Rust has no standard library for WASI 0.3; bindings of 0.3 build for this target too.
            Self::Component | Self::Served | Self::ServedP3 => "wasm32-wasip2",
            Self::Wasip1Module => "wasm32-wasip1",
        }
    }

    /// Returns its package.
    pub fn package(self) -> &'static str {
        match self {
            Self::Component | Self::Wasip1Module => "clawft-wasm",
            Self::Served | Self::ServedP3 => "clawft-serve",
        }
    }

    /// Returns the arguments of cargo about the features of its package.
    pub fn features(self) -> &'static [&'static str] {
        match self {
            Self::Component | Self::Wasip1Module | Self::Served => &[],
            Self::ServedP3 => &["--no-default-features", "--features", "p3"],
        }
    }

    /// Returns whether it is a component.
    pub fn is_component(self) -> bool {
        self != Self::Wasip1Module
    }
}
