//! `cargo xtask release --stage STAGE`: the steps after the push, for which only the release workflow has the
//! rights.
//!
//! ```text
//! release --push ─→ docker --merge --untagged ─→ --stage attest ─→ --stage sign     everything by its digest
//!    ─→ docker --merge ─→ --stage tag ─→ --stage page ─→ --stage check, on every machine that should get it
//! ```
//!
//! Other programs do the work: cosign signs, `gh` makes the page, and the checks use the same programs as users
//! do. [`steps`] makes the commands, [`execute`] runs them. A test checks that docs/verify.md has the same
//! commands.

mod check;
mod execute;
mod steps;

use std::path::Path;

use anyhow::{Error, Result, bail};
use builds::files;
use devkit::{project::Project, ui};
use flags::{Stage, values::ImageName};
use image::{
    calls::{self, Kept, Tagged},
    image_name, layout,
};

pub(super) use self::steps::{KEY_SIGNATURE, SIGNATURE};
use self::{execute::StepRunner, steps::Release};
use super::{
    execute::COMPONENT_LAYOUT,
    metadata::Metadata,
    published::{self, Published},
    request::component_name,
};
use crate::dist;

/// Carries out `stage`.
///
/// # Errors
/// Fails if a program is missing or fails; no later step runs then.
pub(super) fn run(
    project: &Project,
    stage: Stage,
    image: Option<&ImageName>,
    key: Option<&Path>,
) -> Result<()> {
    let image = image_name(image)?;
    let directory = dist::release_directory(&project.dist);
    match (stage, key) {
        (Stage::Attest, None) => {
            let metadata = Metadata::read(&directory)?;
            let published = Published::of(&metadata, &image, pushed(project)?)?;
            published.attest(project, &metadata.commit, metadata.time)
        }
        (Stage::Sign, Some(key)) => {
            let release = Metadata::read(&directory)?;
            let sums = files::read(&directory.join(dist::SUMS))?;
            let signature = published::signature(project, &sums, key)?;
            files::replace(
                &directory.join(KEY_SIGNATURE),
                format!("{signature}\n").as_bytes(),
            )?;
            let published = Published::of(&release, &image, pushed(project)?)?;
            published.sign(project, key)?;
            subjects(project, &Release::pushed(&release, &published)?)
        }
        (Stage::Tag, None) => tag(project, &Metadata::read(&directory)?, &image),
        (_, Some(_)) => bail!("`--key` is for `--stage sign` only"),
        (Stage::Sign, None) => {
            let release = Metadata::read(&directory)?;
            let published = Published::of(&release, &image, pushed(project)?)?;
            let release = Release::pushed(&release, &published)?;
            let runner = StepRunner::new(project, &directory, &["cosign"])?;
            runner.run(&release.signing())?;
            subjects(project, &release)
        }
        (Stage::Page, None) => {
            let release = Release::new(&Metadata::read(&directory)?, &image)?;
            let runner = StepRunner::new(project, &directory, &["gh"])?;
            // A page that is there is of an earlier attempt of this job.
            let names = names(&directory)?;
            if runner.succeeds(&release.has_page())? {
                runner.run(&[release.upload(&names)])?;
                return ui::result(&runner.read(&release.page_address())?);
            }
            let page = runner.read(&release.page(&names))?;
            ui::result(&page)
        }
        (Stage::Check, None) => check::run(project, &image),
    }
}

/// Returns the image index that was pushed from this machine.
fn pushed(project: &Project) -> Result<Kept> {
    layout::index(&project.dist.join(layout::DIRECTORY))
}

/// Sets the version's tag of the component, which has to be in the registry.
fn tag(project: &Project, metadata: &Metadata, image: &ImageName) -> Result<()> {
    let target = Tagged {
        image: component_name(Some(image))?,
        tag: metadata.version.parse().map_err(Error::msg)?,
        insecure: false,
    };
    let layout = project.dist.join(COMPONENT_LAYOUT);
    let tagged = calls::publish_component(project, &layout, &metadata.component.manifest, &target)?;
    ui::status("Tagged", &format!("{}:{}", target.image, target.tag));
    ui::result(&tagged.reference.to_string())
}

/// Writes `target/dist/SUBJECTS`, the subjects of GitHub's attestation, in the format of `SHA256SUMS`.
fn subjects(project: &Project, release: &Release) -> Result<()> {
    let sums = dist::release_directory(&project.dist).join(dist::SUMS);
    let sums = files::read_text(&sums)?;
    files::replace(&project.dist.join("SUBJECTS"), release.subjects(&sums).as_bytes())
}

/// Returns the names of all files in `directory`, sorted.
fn names(directory: &Path) -> Result<Vec<String>> {
    let paths = files::below(directory)?;
    let name = |path: &std::path::PathBuf| Some(path.strip_prefix(directory).ok()?.to_str()?.to_owned());
    Ok(paths.iter().filter_map(name).collect())
}
