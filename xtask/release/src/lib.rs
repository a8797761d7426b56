//! Builds `weft` for release, and makes releases of everything that ships.
//!
//! [`dist`] builds and packs `weft`; [`release`] makes a release of that and of the other artifacts, and checks
//! it.

mod dist;
mod release;

pub use self::{
    dist::{ensure_built, pack, run as run_dist},
    release::{Published, run as run_release, sboms},
};
