//! The basis of all packages of the build tool. It depends on none of them.
//!
//! Modules in reading order: [`project`] knows where things are and [`revision`] what is checked out. [`cmd`]
//! is the one door to other programs, with [`child`] for those that may run on, [`cargo`] the one to what
//! cargo builds, [`rustc`] makes builds independent of the host, and [`package`] starts the packages that do
//! the work of commands. [`packages`] lists what a program is made of. [`files`] and [`digest`] are about bytes,
//! [`budget`], [`secrets`] and [`elf`] about what may ship, [`pool`] does a few pieces of work at a time,
//! [`interrupt`] handles Ctrl-C, and [`ui`] is how the tool talks. [`date`] writes times.

pub mod cargo;
pub mod child;
pub mod cmd;
pub mod date;
pub mod digest;
pub mod elf;
pub mod files;
pub mod interrupt;
pub mod package;
pub mod packages;
pub mod pool;
pub mod project;
pub mod revision;
pub mod rustc;
pub mod secrets;
pub mod ui;

pub use size_budget as budget;
