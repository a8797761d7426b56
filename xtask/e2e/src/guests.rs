//! The component and the module, run by wasmtime, by the test host and by WAMR.
//!
//! [`cases`] are the tests. Each has a [`context`], runs a [`guest`] in it, and records the times of its output
//! ([`arrivals`]). The [`fixture`] is what all cases on one host share, and [`wamr`] finds or builds WAMR.

mod arrivals;
pub(crate) mod cases;
pub(crate) mod context;
mod fixture;
mod guest;
pub(crate) mod wamr;
