//! Values of flags, as closed types: each is read from its text, and refuses what is none.

mod artifact;
mod image;
mod platform;
mod target;

pub use self::{
    artifact::Artifact,
    image::{ImageName, Tag},
    platform::Platform,
    target::{System, Target},
};
