//! The flags of `cargo xtask` as data, with their help texts and the types of their values.
//!
//! `cargo xtask` parses the command line with these types and starts the package that does the work with the same
//! arguments; the package parses them with the same types. So help and mistakes are answered without compiling the
//! package, and nothing is defined twice.
//!
//! [`cli`] lists the commands, and each has a module for its flags. Values that several commands take are in
//! [`values`], the names of all artifacts in [`mod@shipped`].

mod bench;
mod ci;
mod cli;
mod completions;
mod coverage;
mod dist;
mod docker;
mod fuzz;
mod lint;
mod mutants;
mod release;
mod setup;
mod shipped;
mod size;
mod smoke;
mod tool;
pub mod values;
mod wasm;

pub use self::{
    bench::{Bench, Subject},
    ci::{Ci, FUZZ_SECONDS, Fix, Output, Ready, Step, Test},
    cli::{Cli, Command},
    completions::{Completions, Shell},
    coverage::Coverage,
    dist::Dist,
    docker::{Builder, Docker},
    fuzz::{Fuzz, FuzzTarget},
    lint::{Check, Lint},
    mutants::{Mutants, MutantsPackage},
    release::{Release, Stage},
    setup::Setup,
    shipped::shipped,
    size::{Size, SizeCommand},
    smoke::{Runtime, Smoke},
    tool::Tool,
    wasm::{HttpBackend, Wasm, WasmTargets},
};
