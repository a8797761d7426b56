//! The component and the wasip1 module: built, shrunk, checked and measured, and what each of their bytes is for.
//!
//! [`wasm`] makes them, [`size`] tells of their sizes and holds them, and both print with [`table`].

mod size;
mod table;
mod wasm;

pub use self::{
    size::run as run_size,
    wasm::{
        Shipped, Source, check_optimiser, ensure_built, ensure_sessions_guest_built, release,
        run as run_wasm, shrunk,
    },
};
