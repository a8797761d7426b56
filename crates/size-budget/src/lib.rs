//! `size-budget.toml`: the size limits of every shipped artifact.
//!
//! [`Budget::load`] reads it and rejects unknown content, with the line; [`Budget::check`] compares measured
//! artifacts with it, exactly both ways.

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

mod budget;
mod size;
mod violations;

pub use self::{
    budget::{Bounds, Budget, FILE, Row},
    size::{Measured, Size, grouped},
    violations::{Kind, Violation, Violations, with_cures},
};
