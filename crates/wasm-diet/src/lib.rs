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
//! [`mod@shrink`] is the way from a file to a smaller one. It uses [`input`], which refuses other files,
//! [`component`], which takes a binary apart and puts it together again, [`sections`] and [`custom`] for custom
//! sections, [`names`], which carries names past an optimiser, [`surface`], which compares imports and exports,
//! [`startup`], which compares traps of instantiation, and [`features`], which lists the WebAssembly features that a
//! binary needs. [`engine`] runs Binaryen.
//!
//! [`modules`] lists the core modules of a binary. [`anatomy`] attributes every byte to a [`part`], with the help
//! of [`symbol`] (the crate that a function belongs to) and [`deflate`] (the compressed size of a byte).
//! [`profile`] is the content of a build, [`diff`] compares two, [`json`] writes them, and [`page`] shows them.

pub mod anatomy;
pub mod component;
pub mod custom;
pub mod deflate;
pub mod diff;
#[cfg(feature = "engine")]
pub mod engine;
pub mod features;
pub mod input;
pub mod json;
pub mod modules;
pub mod names;
pub mod page;
pub mod part;
pub mod profile;
pub mod sections;
pub mod shrink;
pub mod startup;
pub mod surface;
pub mod symbol;

pub use self::{
    anatomy::Anatomy,
    part::{Kind, Part, PartId, Sizes},
    profile::Profile,
    shrink::{Engine, Options, Shrunk, shrink},
    symbol::Owners,
};
