//! The two ways to make images: Docker's buildx, or this program alone. Both write them into a layout, in
//! which they are measured, searched for keys and pushed in the same way.

mod assembler;
mod buildx;

use std::path::Path;

use anyhow::{Context as _, Result};
use flags::values::Platform;
use oci_spec::image::Descriptor;

pub(crate) use self::{assembler::Assembler, buildx::Buildx};
use crate::{layout::Layout, licences::Licences};

/// Makes images.
pub(crate) trait Builder {
    /// Makes the image of `program` and `licences` for `platform`, puts it into `layout` and returns its
    /// descriptor. The layout does not list it.
    fn image(
        &self,
        platform: Platform,
        program: &Path,
        licences: &Licences,
        layout: &Layout,
    ) -> Result<Descriptor>;
}

/// Reads the binary for an image.
fn read(program: &Path) -> Result<Vec<u8>> {
    std::fs::read(program).with_context(|| format!("could not read the binary `{}`", program.display()))
}
