//! Binaries of other toolchains, and ways to run them: files to try `wasm-diet` on.
//!
//! A [`Package`] of npm brings core modules, inside files or inside JavaScript, and a script in `uses/` that runs them
//! in Node.js. A [`Guest`] is made by a toolchain of npm, PyPI or Rust, and runs in wasmtime. [`RandomModules`] come
//! from wasm-smith. Versions and checksums are those of `xtask/data/node/corpus`, `xtask/data/python/corpus.txt` and
//! `xtask/data/python/zig.txt`.

mod guest;
mod installed;
mod package;
mod random;

pub use self::{
    guest::{GUESTS, Guest},
    installed::Corpus,
    package::{PACKAGES, Package},
    random::RandomModules,
};
