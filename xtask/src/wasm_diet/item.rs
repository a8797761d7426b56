//! A part of an artifact: what it is, whose it is, and what it takes.

use serde::{Deserialize, Serialize};

use super::symbol::Symbol;
use crate::budget::Measured;

/// What bytes of an artifact are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// Bodies of functions.
    Code,
    /// What memory holds at the start: texts, tables of methods.
    Data,
    /// The other sections of core modules: types, imports, exports.
    Structure,
    /// What a component says beside its core modules: the types of the interfaces that it uses, the wiring.
    Component,
    /// Headers and custom sections.
    Metadata,
}

impl Kind {
    /// The name in tables.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Data => "data",
            Self::Structure => "module structure",
            Self::Component => "component types",
            Self::Metadata => "metadata",
        }
    }
}

/// What a part is called and whose it is: what stays the same from build to build.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) kind: Kind,
    /// The crate, or what stands for one where the part is no Rust code.
    #[serde(rename = "crate")]
    pub(crate) owner: String,
    /// The module in the crate, such as `turn::step`; empty at its root.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) module: String,
    pub(crate) name: String,
}

impl Place {
    /// A part that is no function.
    pub(crate) fn of(kind: Kind, owner: &str, name: &str) -> Self {
        Self { kind, owner: owner.to_owned(), module: String::new(), name: name.to_owned() }
    }

    /// A function.
    pub(crate) fn function(symbol: Symbol) -> Self {
        let Symbol { owner, module, name } = symbol;
        Self { kind: Kind::Code, owner, module, name }
    }
}

/// A part with its size. Functions of equal name, which are copies of one generic function, are one part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Item {
    #[serde(flatten)]
    pub(crate) place: Place,
    /// How many there are of this name.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub(crate) copies: usize,
    #[serde(flatten)]
    pub(crate) size: Measured,
}

fn one() -> usize {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_one(copies: &usize) -> bool {
    *copies == 1
}
