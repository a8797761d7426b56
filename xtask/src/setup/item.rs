//! What setup looks after, in closed types, and the words for it.

use std::{fmt, path::PathBuf};

use super::{
    matrix::Release,
    pins::{Pins, ToolPin},
};

/// One thing that is found or fetched, and has one line of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// std's own source, from which a std is built.
    RustSource,
    /// std and the C library for one of the two targets.
    Target(Target),
    /// What Binaryen and the fuzzer are compiled with.
    CxxCompiler,
    /// A program: the one that the user chose, else the pinned one.
    Tool(Tool),
    /// wasmtime in this very release, whatever the user chose.
    Wasmtime(Release),
}

/// The targets that clawft is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Wasip1,
    Wasip2,
}

/// The programs that commands run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Tool {
    /// Runs the component.
    Wasmtime,
    /// Inspects and validates it.
    WasmTools,
    /// Measures which lines the tests run.
    CargoTarpaulin,
}

/// An item as it is on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Ready for use.
    Found(Piece),
    /// Not there, or there for another version; the text says which where it is not plain absence.
    Missing(Option<String>),
    /// The user chose something that does not work. It is not for us to replace it.
    Broken(String),
}

/// Something that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// Its version, as short as it goes.
    pub(super) version: String,
    /// Where it is.
    pub(super) path: PathBuf,
    /// Where it came from.
    pub(super) from: String,
}

impl Target {
    /// The name that rustc knows it by.
    pub(super) fn triple(self) -> &'static str {
        match self {
            Self::Wasip1 => "wasm32-wasip1",
            Self::Wasip2 => "wasm32-wasip2",
        }
    }
}

impl Tool {
    /// The program's name, without what an operating system adds to it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Wasmtime => "wasmtime",
            Self::WasmTools => "wasm-tools",
            Self::CargoTarpaulin => "cargo-tarpaulin",
        }
    }

    /// Its row in `tools.toml`.
    pub(super) fn pin(self, pins: &Pins) -> &ToolPin {
        match self {
            Self::Wasmtime => &pins.wasmtime,
            Self::WasmTools => &pins.wasm_tools,
            Self::CargoTarpaulin => &pins.cargo_tarpaulin,
        }
    }
}

impl Item {
    /// The program that it is, and what is pinned of it; `None` for what is no program.
    pub(super) fn program(self, pins: &Pins) -> Option<(Tool, ToolPin)> {
        match self {
            Self::RustSource | Self::Target(_) | Self::CxxCompiler => None,
            Self::Tool(tool) => Some((tool, tool.pin(pins).clone())),
            Self::Wasmtime(release) => Some((Tool::Wasmtime, release.pin(pins))),
        }
    }

    /// What to say to someone who would rather see to it without us: the other choice that they have.
    pub(super) fn choice(self, pins: &Pins) -> String {
        match self {
            Self::RustSource | Self::Target(_) => {
                "choose a toolchain that has it with RUSTUP_TOOLCHAIN".to_owned()
            }
            Self::CxxCompiler => "name one in CXX".to_owned(),
            Self::Wasmtime(_) => "leave that release out and run on another".to_owned(),
            Self::Tool(tool) => format!("set {} to the path of a {}", tool.pin(pins).variable, tool.name()),
        }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::RustSource => "rust-src",
            Self::Target(target) => target.triple(),
            Self::CxxCompiler => "c++",
            Self::Tool(tool) => tool.name(),
            Self::Wasmtime(_) => Tool::Wasmtime.name(),
        })
    }
}
