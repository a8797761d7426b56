//! Values of flags, as closed types: each is read from its text, and refuses what is none.

mod image;
mod platform;
mod releases;
mod target;
mod tool;

pub(crate) use self::{
    image::{ImageName, Tag},
    platform::Platform,
    releases::{Release, Releases},
    target::{System, Target},
    tool::Tool,
};
