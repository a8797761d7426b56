//! Values of flags, as closed types. Each is parsed from its text, and rejects invalid texts.

mod artifact;
mod image;
mod platform;
mod releases;
mod target;
mod tool;

use clap::ValueEnum;

pub use self::{
    artifact::Artifact,
    image::{ImageName, Tag},
    platform::Platform,
    releases::{Release, Releases},
    target::{BUILDERS, System, Target},
    tool::Tool,
};

/// Returns the name of `value` on the command line.
pub(crate) fn name(value: impl ValueEnum) -> String {
    value
        .to_possible_value()
        .expect("no value is hidden")
        .get_name()
        .to_owned()
}
