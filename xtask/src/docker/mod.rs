//! `cargo xtask docker`: images of `weft`, one for each platform, and one tag that resolves to the right one.
//!
//! ```text
//! dist binary ─→ image in a layout ─→ pushed by digest ─→ target/dist/digests/linux-amd64 ─┐
//! dist binary ─→ image in a layout ─→ pushed by digest ─→ target/dist/digests/linux-arm64 ─┴→ one list ─→ tags
//! ```
//!
//! The two halves may run on different machines with the folder of digests carried between them. Until the last arrow nobody
//! who asks for a tag sees anything of it, and what broke off is taken up again where it was.
//!
//! Modules in reading order: [`request`] is what is asked for, with [`reference`](mod@reference), [`checkout`], [`tags`] and
//! [`engine`]; [`plan`] decides what to do and [`act`] does it. [`recipe`] says what an image is, [`builder`] makes one of
//! [`oci`]'s documents and a [`layer`] in a [`layout`], [`measure`] weighs it; [`registry`] pushes it, [`digests`] hands on
//! which it is, [`release`] judges whether they belong together, [`publisher`] makes the list, [`report`] tells of it. A
//! release has [`kept`] images, and the component goes to a registry as well: [`wasm`].

mod act;
mod builder;
mod checkout;
mod date;
mod digests;
mod engine;
mod kept;
mod layer;
mod layout;
mod measure;
mod oci;
mod plan;
mod publisher;
mod recipe;
mod reference;
mod registry;
mod release;
mod report;
mod request;
mod tags;
mod wasm;

use anyhow::Result;
use devkit::{budget::Budget, project::Project, revision, ui};

use self::{act::Work, checkout::Checkout, recipe::Recipe, request::Request};
pub(crate) use self::{
    date::rfc3339,
    kept::{Kept, keep},
    layout::{INDEX as LAYOUT_INDEX, MARK as LAYOUT_MARK, tags as layout_tags},
    reference::{Digest, Reference},
    registry::{PROGRAM as PUSHER, resolve},
    request::{LAYOUT, image_name},
    wasm::{WasmArtifact, find},
};
use crate::cli;

pub(crate) fn run(flags: &cli::Docker, project: &Project) -> Result<()> {
    let checkout = Checkout::read(project)?;
    let request = Request::new(project, flags, checkout.as_ref())?;
    let steps = plan::plan(&request);
    if flags.dry_run {
        return steps.iter().try_for_each(|step| ui::result(&plan::describe(*step, &request)));
    }
    if request.builder == cli::Builder::Docker {
        engine::ensure_ready(&project.shell()?)?;
    }
    let budget = if flags.check_size { Some(Budget::of(project)?) } else { None };
    let revision = checkout.as_ref().map(|checkout| checkout.revision.as_str());
    let recipe = Recipe::new(revision.unwrap_or("unknown"), revision::time(project)?);
    // Tags that follow from what is checked out are for images of that; whoever names tags knows what goes there.
    let wanted = revision.filter(|_| flags.tags.is_empty());
    let report = Work::new(project, &request, &recipe, wanted)?.take(&steps)?;
    report.print(flags.json)?;
    budget.map_or(Ok(()), |budget| budget.check(&report.sizes(), &flags::shipped()))
}
