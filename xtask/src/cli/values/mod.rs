//! Values of flags, as closed types: each is read from its text, and refuses what is none. Those that other packages take as well
//! are in the package `flags`.

mod releases;
mod tool;

pub(crate) use flags::values::{ImageName, Platform, System, Target};

pub(crate) use self::{
    releases::{Release, Releases},
    tool::Tool,
};
