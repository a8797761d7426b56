//! The result of a comparison.

use std::fmt;

use serde::{Deserialize, Serialize};
use wasm_diet::Sizes;

/// A comparison, as stored in `xtask/data/size/compare.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Comparison {
    /// Output of `rustc --version`.
    pub(super) toolchain: String,
    /// Version of the wasmtime that ran the components.
    pub(super) wasmtime: String,
    pub(super) rows: Vec<Row>,
}

/// The sizes and results of one component.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Row {
    /// The name of the stack, with its version if it is another project's.
    pub(super) name: String,
    /// Whether it is the component that we ship.
    pub(super) ours: bool,
    /// Built with `cargo build --release`; `None` if another row has these sizes.
    pub(super) plain: Option<Sizes>,
    /// Built for size, with std; `None` if another row has these sizes.
    pub(super) small: Option<Sizes>,
    /// After the optimiser.
    pub(super) shrunk: Sizes,
    /// The results for messages of the sizes in [`MESSAGES`](super::trial::MESSAGES); empty for a component that
    /// handles no messages.
    pub(super) trials: Vec<Verdict>,
}

/// The result of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Verdict {
    /// It was sent whole, and the answer was printed and stored.
    Works,
    /// The component reported an error.
    Refused,
    /// The host ended the instance.
    Traps,
    /// There was no result in time.
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
