//! Finds or installs the dependencies of the build: the library of `cargo xtask setup` and `cargo xtask tool`.
//!
//! Modules in reading order: [`setup`] implements `cargo xtask setup` and the requests of other commands,
//! [`mod@run`] `cargo xtask tool`, and [`completions`] writes scripts for shells. [`item`] lists the items; [`plan`]
//! makes the list of steps; [`execute`] carries it out, for damaged items together with [`mod@repair`];
//! [`machine`] finds and installs each item, with [`sysroot`] (the toolchain's directory), [`apt`] with
//! [`apt_lists`], [`debian`], [`std_build`], [`tools`], [`programs`] of the system, [`mod@python`] and
//! [`mod@node`]. `xtask/data/tools.toml` pins all downloads ([`pins`]), with several releases of wasmtime ([`matrix`]);
//! [`compiler`] and [`git`] are only found, never installed; [`staging`] makes each directory appear complete or
//! not at all.

mod apt;
mod apt_lists;
mod compiler;
mod completions;
mod debian;
mod display;
mod execute;
mod git;
mod item;
mod json;
mod machine;
mod matrix;
mod node;
mod older_rust;
mod pins;
mod plan;
mod programs;
mod python;
mod repair;
mod run;
mod setup;
mod sources;
mod staging;
mod std_build;
mod sysroot;
mod tools;

pub use self::{
    completions::run as print_completions,
    item::{Node, Program, Python, Tool},
    matrix::{Wasmtime, wasmtimes},
    programs::on_path,
    run::run as run_tool,
    setup::{Need, emulator, ensure, node, pinned, program, python, run, tool, wasi_libc},
};
