//! `cargo xtask release --stage STAGE`: what comes after the push, where nobody but the workflow of a release has the rights.
//!
//! ```text
//! release --push ─→ docker --merge ─→ --stage sign ─→ --stage page ─→ --stage check, on every machine that should get it
//! ```
//!
//! All of it is other programs' work: cosign signs, `gh` makes the page, and what is checked is checked with what users have.
//! [`steps`] says which commands those are, [`execute`] runs them. docs/verify.md has the same ones, which a test sees to.

mod check;
mod execute;
mod steps;

use anyhow::Result;
use devkit::{files, project::Project, ui};
use flags::{Stage, values::ImageName};
use image::image_name;

pub(super) use self::steps::SIGNATURE;
use self::{execute::Stand, steps::Release};
use super::metadata::Metadata;
use crate::dist;

/// Does what belongs to `stage`.
///
/// # Errors
/// A program is missing, or one of them failed; then nothing after it was done.
pub(super) fn run(project: &Project, stage: Stage, image: Option<&ImageName>) -> Result<()> {
    let image = image_name(image)?;
    let folder = dist::release_folder(&project.dist);
    match stage {
        Stage::Sign => {
            let release = Release::new(&Metadata::read(&folder)?, &image)?;
            let stand = Stand::new(project, &folder, &["cosign"])?;
            stand.take(&release.signing())?;
            subjects(project, &release)
        }
        Stage::Page => {
            let release = Release::new(&Metadata::read(&folder)?, &image)?;
            let stand = Stand::new(project, &folder, &["gh"])?;
            let page = stand.read(&release.page(&names(&folder)?))?;
            ui::result(&page)
        }
        Stage::Check => check::run(project, &image),
    }
}

/// Writes `target/dist/SUBJECTS`: what GitHub attests, in the form of `SHA256SUMS`.
fn subjects(project: &Project, release: &Release) -> Result<()> {
    let sums = dist::release_folder(&project.dist).join(dist::SUMS);
    let sums = files::read_text(&sums)?;
    files::replace(&project.dist.join("SUBJECTS"), release.subjects(&sums).as_bytes())
}

/// The names of all files in `folder`, in order.
fn names(folder: &std::path::Path) -> Result<Vec<String>> {
    let paths = files::below(folder)?;
    let name = |path: &std::path::PathBuf| Some(path.strip_prefix(folder).ok()?.to_str()?.to_owned());
    Ok(paths.iter().filter_map(name).collect())
}
