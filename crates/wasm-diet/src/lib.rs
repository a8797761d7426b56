// Input from outside may cause an error, but never a panic or a truncated number.
#![cfg_attr(
    not(test),
    deny(
        clippy::cast_lossless,
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]
#![doc = include_str!("../README.md")]
//!
//! # Modules, in reading order
//!
//! [`component`] takes a binary apart and puts it together again, [`names`] carries the names of functions
//! past an optimiser, and [`features`] lists the WebAssembly features that a binary uses. [`anatomy`]
//! attributes every byte to a [`part`], with the help of [`symbol`] (the crate that a function belongs to)
//! and [`deflate`] (the compressed size of a byte). [`profile`] is the content of a build, [`diff`] compares
//! two, and [`json`] writes them.

pub mod anatomy;
pub mod component;
pub mod deflate;
pub mod diff;
pub mod features;
pub mod json;
pub mod names;
pub mod part;
pub mod profile;
pub mod symbol;

use anyhow::Result;

pub use self::{
    anatomy::Anatomy,
    part::{Kind, Part, PartId, Sizes},
    profile::Profile,
    symbol::Owners,
};

/// Replaces every core module in `binary`, a component or a core module, by the result of `optimiser`.
///
/// The optimiser gets each module without names. What it returns may call a function by its position among
/// the functions that the module defines, as Binaryen does: that function gets its name back.
///
/// # Errors
/// Fails if the binary is damaged, or with the optimiser's own error.
pub fn optimise(binary: &[u8], optimiser: &mut dyn FnMut(&[u8]) -> Result<Vec<u8>>) -> Result<Vec<u8>> {
    component::rewrite(binary, &mut |module| names::keep(module, &mut *optimiser))
}
