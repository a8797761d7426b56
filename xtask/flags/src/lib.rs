//! The flags of `cargo xtask` as data: what can be asked for, with the words of `--help`, and the types of the values.
//!
//! `cargo xtask` reads the command line with these types and starts the package that does the work with the same arguments; the
//! package reads them with the same types. So help and mistakes are answered without compiling the package, and nothing is
//! defined twice.
//!
//! Each command has a module; values that several of them take, and the names of what ships, are in [`values`] and [`shipped`].

mod docker;
mod shipped;
pub mod values;

pub use self::{
    docker::{Builder, Docker},
    shipped::shipped,
};
