//! The basis of all packages of the build tool. It depends on none of them.
//!
//! Modules in reading order: [`project`] knows where things are and [`revision`] what is checked out. [`cmd`]
//! is the one door to other programs, with [`child`] for those that may run on, [`cargo`] the one to what
//! cargo builds, and [`package`] starts the packages that do the work of commands. [`ui`] is how the tool talks.

pub mod cargo;
pub mod child;
pub mod cmd;
mod outer_cargo;
pub mod package;
pub mod project;
pub mod revision;
pub mod ui;
