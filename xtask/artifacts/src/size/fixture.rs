//! An anatomy for tests.

use wasm_diet::{Anatomy, Kind, Part, PartId, Sizes};

/// Returns an anatomy of functions of the crate `core`, each with its name and size.
pub(super) fn anatomy(functions: &[(&str, usize)]) -> Anatomy {
    let part = |&(name, raw): &(&str, usize)| Part {
        id: PartId::new(Kind::Code, "core", name),
        copies: 1,
        size: Sizes { raw, gzip: raw / 2 },
    };
    let raw = functions.iter().map(|(_, raw)| raw).sum();
    Anatomy {
        size: Sizes { raw, gzip: raw / 2 },
        parts: functions.iter().map(part).collect(),
    }
}
