//! What makes images: Docker's buildx, or nothing but this tool. Either leaves them in a layout, from which they are measured,
//! searched for keys and pushed in the same way.

mod docker;
mod oci;

use std::path::Path;

use anyhow::{Context as _, Result};

pub(super) use self::{docker::Buildx, oci::Assembler};
use super::{layout::Layout, oci::Descriptor};
use crate::cli::values::Platform;

/// Makes images.
pub(super) trait Builder {
    /// Makes the image of `program` for `platform`, puts it into `layout` and says which it is. Nobody sees it there yet.
    fn image(&self, platform: Platform, program: &Path, layout: &Layout) -> Result<Descriptor>;
}

/// The program that goes into an image.
fn read(program: &Path) -> Result<Vec<u8>> {
    std::fs::read(program).with_context(|| format!("could not read the binary `{}`", program.display()))
}
