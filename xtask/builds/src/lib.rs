//! The basis of the packages that do the work of commands. `cargo xtask` itself does not depend on it, so nobody waits
//! for its libraries who asks for help only.
//!
//! Modules in reading order: [`files`] and [`digest`] are about bytes, [`budget`], [`secrets`], [`elf`], [`macho`] and
//! [`pe`] about what may ship. [`on_demand`] builds programs into the cache, [`rustc`] makes builds independent of the
//! host, [`mod@lock`] reads `Cargo.lock`, and [`packages`] lists what a program is made of. [`pool`] does a few pieces
//! of work at a time, [`interrupt`] handles Ctrl-C, which ends a command and its [`temporary`] directories,
//! [`progress`] shows that work goes on, [`date`] writes times, and a [`release_page`] is what installers download
//! from.

pub mod date;
pub mod digest;
pub mod elf;
pub mod files;
pub mod interrupt;
pub mod lock;
pub mod macho;
pub mod on_demand;
pub mod packages;
pub mod pe;
pub mod pool;
pub mod progress;
pub mod release_page;
pub mod rustc;
pub mod secrets;
pub mod temporary;

pub use size_budget as budget;
