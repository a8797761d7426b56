//! What commands need, found on this machine or installed: the library of `cargo xtask setup` and `cargo xtask tool`.
//!
//! Modules in reading order: [`setup`] does `cargo xtask setup` and what commands ask for, [`mod@run`] `cargo xtask tool`. [`item`] says what is looked after; [`plan`] decides what to do; [`execute`] does it; [`machine`]
//! knows the ways, with [`sysroot`] (the toolchain's folder), [`apt`] with [`apt_lists`], [`debian`], [`std_build`],
//! [`tools`], [`programs`] of the system, [`mod@python`] and [`mod@node`]. What is fetched is pinned in `xtask/tools.toml` ([`pins`]), of
//! wasmtime several releases ([`matrix`]); [`compiler`] is looked for only; [`staging`] lets nothing be there by half.

mod apt;
mod apt_lists;
mod compiler;
mod debian;
mod display;
mod execute;
mod item;
mod machine;
mod matrix;
mod node;
mod pins;
mod plan;
mod programs;
mod python;
mod run;
mod setup;
mod staging;
mod std_build;
mod sysroot;
mod tools;

pub use self::{
    item::{Node, Program, Python, Tool},
    matrix::{Wasmtime, wasmtimes},
    programs::on_path,
    run::run as run_tool,
    setup::{Need, emulator, ensure, node, pinned, program, provide, python, run, tool, wasi_libc},
};
