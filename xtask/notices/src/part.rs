//! The parts of a program that a document names.

/// A part of a program, with the texts that have to accompany it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) version: String,
    /// The licence as its authors write it.
    pub(crate) licence: String,
    /// The address of its source; may be empty.
    pub(crate) source: String,
    pub(crate) texts: Vec<String>,
}
