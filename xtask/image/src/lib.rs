//! Images and components in registries: the library for packages that call the program in this package.
//!
//! [`reference`](mod@reference) has the names of images, [`layout`] the files of an OCI image layout, and
//! [`calls`] the calls of the program.

pub mod calls;
pub mod layout;
pub mod reference;

pub use self::reference::{Digest, Reference, image_name, repository};
