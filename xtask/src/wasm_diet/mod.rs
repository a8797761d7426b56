//! Shrinking and explaining WebAssembly: what is the same for any component or core module, and knows no artifact of ours.
//!
//! Modules in reading order: [`component`] takes a binary apart and puts it together again, [`names`] carries the names of
//! functions past an optimiser. [`anatomy`] says what every byte is for, with [`symbol`] (whose a function is) and [`deflate`]
//! (what a byte costs compressed), as [`item`]s; [`profile`] is all of a build, and [`diff`] compares two. [`json`] and
//! [`table`] write it down.

pub(crate) mod anatomy;
pub(crate) mod component;
pub(crate) mod deflate;
pub(crate) mod diff;
pub(crate) mod item;
pub(crate) mod json;
pub(crate) mod names;
pub(crate) mod profile;
pub(crate) mod symbol;
pub(crate) mod table;
