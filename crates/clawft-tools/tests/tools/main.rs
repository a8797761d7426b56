//! The tools over files in memory.

mod confidential;
mod fetch;
mod files;
mod linear;
mod memory;
mod notes;
mod permissions;
mod properties;
mod settings;
#[path = "../../../clawft-types/tests/work/mod.rs"]
mod work;
