//! A part of a binary: its purpose, the crate that it belongs to, and its sizes.

use serde::{Deserialize, Serialize};

use crate::symbol::Symbol;

/// The sizes of a file, or of a part of one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sizes {
    /// Bytes as they are.
    pub raw: usize,
    /// Bytes in the file's `gzip -9` form.
    pub gzip: usize,
}

impl Sizes {
    /// Adds the sizes of another part.
    pub fn add(&mut self, other: Self) {
        self.raw += other.raw;
        self.gzip += other.gzip;
    }
}

/// The purpose of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Bodies of functions.
    Code,
    /// The initial content of memory: texts, tables of methods.
    Data,
    /// The other sections of core modules: types, imports, exports.
    Structure,
    /// The sections of a component beside its core modules: types of interfaces, instances, exports.
    Component,
    /// Headers and custom sections.
    Metadata,
}

impl Kind {
    /// Returns the name for people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Data => "data",
            Self::Structure => "module structure",
            Self::Component => "component types",
            Self::Metadata => "metadata",
        }
    }
}

/// The identity of a part, which stays the same from build to build.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PartId {
    /// Its purpose.
    pub kind: Kind,
    /// The crate, or the name that stands for one where the part is no Rust code.
    #[serde(rename = "crate")]
    pub owner: String,
    /// The module in the crate, such as `turn::step`; empty at its root.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub module: String,
    /// The demangled name of the function, or the name of the section.
    pub name: String,
}

impl PartId {
    /// Returns the identity of a part in no module.
    pub fn new(kind: Kind, owner: &str, name: &str) -> Self {
        Self {
            kind,
            owner: owner.to_owned(),
            module: String::new(),
            name: name.to_owned(),
        }
    }

    /// Returns the identity of a function.
    pub fn function(symbol: Symbol) -> Self {
        let Symbol { owner, module, name } = symbol;
        Self {
            kind: Kind::Code,
            owner,
            module,
            name,
        }
    }
}

/// A part with its sizes. Functions of equal name, which are copies of one generic function, are one part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The identity.
    #[serde(flatten)]
    pub id: PartId,
    /// The number of copies.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub copies: usize,
    /// The sizes of all copies together.
    #[serde(flatten)]
    pub size: Sizes,
}

fn one() -> usize {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_one(copies: &usize) -> bool {
    *copies == 1
}
