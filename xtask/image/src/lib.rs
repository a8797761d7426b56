//! Images and components in registries: what other packages know of the program in this package.
//!
//! [`reference`](mod@reference) names images, [`layout`] knows the files of an OCI image layout, and [`calls`] has the program
//! do something.

pub mod calls;
pub mod layout;
pub mod reference;

pub use self::reference::{Digest, Reference, image_name};
