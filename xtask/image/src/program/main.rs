//! Makes images of `weft`, one for each platform, and one index whose tags resolve to the right one: the work
//! of `cargo xtask docker`, and of what other packages call for ([`calls`](image::calls)).
//!
//! ```text
//! binary ─→ image in a layout ─→ pushed by digest ─→ target/dist/digests/linux-amd64 ─┐
//! binary ─→ image in a layout ─→ pushed by digest ─→ target/dist/digests/linux-arm64 ─┴→ one index ─→ tags
//! ```
//!
//! The two platforms may be built on different machines that pass a directory of digests from one to the
//! other. Nothing is visible under a tag until the last step, and an interrupted run continues where it
//! stopped.
//!
//! Modules in reading order: [`request`] is what is asked for, with [`checkout`], [`tags`] and [`daemon`];
//! [`plan`] decides what to do and [`execute`] does it, after it has had [`verify`] look at binaries from
//! elsewhere. [`recipe`] describes an image, [`builder`] makes one of [`document`]s and a [`layer`] with
//! [`licences`] in a [`layout`], [`make`] does that for all platforms, [`measure`] weighs it; [`registry`] pushes it,
//! [`digests`] hands on its digest, [`release`] judges whether images belong together, [`publisher`] makes
//! the index, [`attach`] adds documents and signatures, [`report`] is the result. A release has [`kept`]
//! images, and the [`component`] goes to a registry as well.

mod attach;
mod builder;
mod checkout;
mod component;
mod daemon;
mod digests;
mod document;
mod execute;
mod kept;
mod layer;
mod layout;
mod licences;
mod make;
mod measure;
mod plan;
mod publisher;
mod recipe;
mod registry;
mod release;
mod report;
mod request;
mod tags;
mod verify;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result};
use builds::{
    budget::{Budget, with_cures},
    files,
};
use clap::Parser;
use devkit::{project::Project, revision, ui};
use flags::Docker;
use image::calls::{Answer, Call, Repository, Tagged};
use serde::Serialize;

use self::{
    checkout::Checkout,
    execute::Executor,
    recipe::Recipe,
    registry::{Access, Registry},
    request::Request,
};

/// The command line: the part of `cargo xtask` for this package, and calls of other packages.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
enum Command {
    Docker(Box<Docker>),
    /// Answer a call of another package
    #[command(hide = true)]
    Call {
        /// A file with the call as JSON
        call: PathBuf,
    },
}

fn main() -> ExitCode {
    let done = match Command::parse() {
        Command::Docker(flags) => Project::discover().and_then(|project| docker(&project, &flags)),
        Command::Call { call } => answer(&call),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => ui::report(&error),
    }
}

fn docker(project: &Project, flags: &Docker) -> Result<()> {
    let checkout = Checkout::read(project)?;
    let request = Request::new(project, flags, checkout.as_ref())?;
    let steps = plan::plan(&request);
    if flags.dry_run {
        return steps
            .iter()
            .try_for_each(|step| ui::result(&plan::describe(*step, &request)));
    }
    if request.builder == flags::Builder::Docker {
        daemon::ensure_ready(&project.shell()?)?;
    }
    let budget = if flags.check_size {
        Some(Budget::of(project)?)
    } else {
        None
    };
    let revision = checkout.as_ref().map(|checkout| checkout.revision.as_str());
    let recipe = Recipe::new(revision.unwrap_or("unknown"), revision::time(project)?);
    // Default tags belong to the checkout, so the images have to be of it; tags in the flags may be of any
    // revision.
    let wanted = revision.filter(|_| flags.tags.is_empty());
    let report = Executor::new(project, &request, &recipe, wanted)?.take(&steps)?;
    report.print(flags.json)?;
    budget.map_or(Ok(()), |budget| {
        budget
            .check(&report.sizes(), &flags::shipped())
            .map_err(with_cures)
    })
}

/// Answers the call of another package with one line of JSON.
fn answer(call: &Path) -> Result<()> {
    let call: Call = serde_json::from_slice(&files::read(call)?).context("could not understand the call")?;
    match call {
        Call::Keep { revision, time, tag } => {
            print(Project::discover().and_then(|project| kept::keep(&project, &revision, time, tag)))
        }
        Call::CreateComponent {
            layout,
            component,
            revision,
            time,
        } => print(
            files::read(&component).and_then(|bytes| component::create(&layout, &bytes, &revision, time)),
        ),
        Call::PublishComponent {
            layout,
            manifest,
            target,
        } => print(component::publish(&layout, &manifest, &target)),
        Call::PushComponent {
            layout,
            manifest,
            target,
        } => print(component::push(&layout, &manifest, &target)),
        Call::Attach {
            repository: Repository { image, insecure },
            subject,
            attachments,
        } => print(attach::attach(
            &Registry::new(&image, Access::plain(insecure)),
            &subject,
            &attachments,
        )),
        Call::Sign {
            repository: Repository { image, insecure },
            subject,
            payload,
            signature,
        } => print(attach::sign(
            &Registry::new(&image, Access::plain(insecure)),
            &subject,
            &payload,
            &signature,
        )),
        Call::Find(Tagged { image, tag, insecure }) => {
            print(Registry::new(&image, Access::plain(insecure)).find(&tag))
        }
        Call::Resolve(Tagged { image, tag, insecure }) => print(
            Registry::new(&image, Access::plain(insecure))
                .resolve(&tag)
                .and_then(|(digest, index)| kept::of_index(digest, &index)),
        ),
    }
}

fn print<T: Serialize>(result: Result<T>) -> Result<()> {
    let answer: Answer<T> = result.map_err(|error| error.chain().map(ToString::to_string).collect());
    ui::result(&serde_json::to_string(&answer)?)
}
