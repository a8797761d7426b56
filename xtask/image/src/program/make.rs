//! Makes the images of all platforms and measures them; without Docker at the same time, each in a thread of its own.

use std::{collections::BTreeMap, path::PathBuf, thread};

use anyhow::{Result, anyhow};
use builds::budget::Measured;
use flags::values::Platform;
use oci_spec::image::Descriptor;

use crate::{
    builder::{Assembler, Builder, Buildx},
    layout::Layout,
    licences::Licences,
    measure,
};

/// An image in the layout.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) image: Descriptor,
    pub(crate) size: Measured,
}

/// The ingredients of images.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ingredients<'i> {
    /// The binaries.
    pub(crate) programs: &'i BTreeMap<Platform, PathBuf>,
    pub(crate) licences: &'i Licences,
    pub(crate) layout: &'i Layout,
}

/// Makes the images with `assembler`. Most of the time goes into compressing them.
pub(crate) fn assemble(assembler: &Assembler<'_>, from: Ingredients<'_>) -> BTreeMap<Platform, Result<Made>> {
    thread::scope(|scope| {
        let start = |platform: &Platform| {
            let platform = *platform;
            (platform, scope.spawn(move || make(assembler, platform, from)))
        };
        let threads: Vec<_> = from.programs.keys().map(start).collect();
        let join = |(platform, thread): (Platform, thread::ScopedJoinHandle<'_, Result<Made>>)| {
            let made = thread.join();
            (
                platform,
                made.unwrap_or_else(|_| Err(anyhow!("its thread ended with a panic"))),
            )
        };
        threads.into_iter().map(join).collect()
    })
}

/// Makes the images with `buildx`, one after the other.
pub(crate) fn build(buildx: &Buildx<'_>, from: Ingredients<'_>) -> BTreeMap<Platform, Result<Made>> {
    let platforms = from.programs.keys();
    platforms
        .map(|platform| (*platform, make(buildx, *platform, from)))
        .collect()
}

fn make(builder: &impl Builder, platform: Platform, from: Ingredients<'_>) -> Result<Made> {
    let program = from
        .programs
        .get(&platform)
        .ok_or_else(|| anyhow!("there is no binary for {platform}"))?;
    let image = builder.image(platform, program, from.licences, from.layout)?;
    let size = measure::measure(from.layout, &image)?;
    Ok(Made { image, size })
}
