//! What a comparison found.

use std::fmt;

use serde::{Deserialize, Serialize};
use wasm_diet::Sizes;

/// All of it, as `xtask/size/compare.json` holds it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Comparison {
    /// What `rustc --version` says.
    pub(super) toolchain: String,
    /// The version of the wasmtime that ran them.
    pub(super) wasmtime: String,
    pub(super) rows: Vec<Row>,
}

/// One component.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Row {
    /// What it is made with, with its version where that is others'.
    pub(super) name: String,
    /// Whether it is what we ship.
    pub(super) ours: bool,
    /// As `cargo build --release` makes it; `None` where that is another row's.
    pub(super) plain: Option<Sizes>,
    /// Built for size, std with it; `None` where that is another row's.
    pub(super) small: Option<Sizes>,
    /// After the optimiser.
    pub(super) shrunk: Sizes,
    /// What came of messages of the sizes of [`MESSAGES`](super::trial::MESSAGES); empty where there is no work to do.
    pub(super) trials: Vec<Verdict>,
}

/// What came of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Verdict {
    /// It was sent whole, and the answer printed and stored.
    Works,
    /// An error said that it can't be.
    Refused,
    /// The instance was ended by the host.
    Traps,
    /// Nothing came of it in time.
    Hangs,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Works => "works",
            Self::Refused => "refused",
            Self::Traps => "traps",
            Self::Hangs => "hangs",
        })
    }
}
