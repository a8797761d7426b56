//! The component and the wasip1 module: builds, shrinks, checks and measures them, and attributes each of their
//! bytes.
//!
//! [`wasm`] makes them, [`size`] reports their sizes and compares them with the budget, and both print with
//! [`table`]. [`plot`] draws charts, those of `bench` too.

pub mod plot;
mod size;
mod table;
mod wasm;

pub use self::{
    size::run as run_size,
    wasm::{
        Shipped, Source, check_optimiser, ensure_built, ensure_diet_built, ensure_served_built,
        ensure_sessions_guest_built, release, run as run_wasm, shrunk,
    },
};
