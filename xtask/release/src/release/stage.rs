//! `cargo xtask release --stage STAGE`: the steps after the push, for which only the release workflow has the
//! rights.
//!
//! ```text
//! release --push ─→ docker --merge ─→ --stage sign ─→ --stage page ─→ --stage check, on every machine that should get it
//! ```
//!
//! Other programs do the work: cosign signs, `gh` makes the page, and the checks use the same programs as users
//! do. [`steps`] makes the commands, [`execute`] runs them. A test checks that docs/verify.md has the same
//! commands.

mod check;
mod execute;
mod steps;

use anyhow::Result;
use devkit::{files, project::Project, ui};
use flags::{Stage, values::ImageName};
use image::image_name;

pub(super) use self::steps::SIGNATURE;
use self::{execute::StepRunner, steps::Release};
use super::metadata::Metadata;
use crate::dist;

/// Carries out `stage`.
///
/// # Errors
/// Fails if a program is missing or fails; no later step runs then.
pub(super) fn run(project: &Project, stage: Stage, image: Option<&ImageName>) -> Result<()> {
    let image = image_name(image)?;
    let directory = dist::release_directory(&project.dist);
    match stage {
        Stage::Sign => {
            let release = Release::new(&Metadata::read(&directory)?, &image)?;
            let runner = StepRunner::new(project, &directory, &["cosign"])?;
            runner.run(&release.signing())?;
            subjects(project, &release)
        }
        Stage::Page => {
            let release = Release::new(&Metadata::read(&directory)?, &image)?;
            let runner = StepRunner::new(project, &directory, &["gh"])?;
            let page = runner.read(&release.page(&names(&directory)?))?;
            ui::result(&page)
        }
        Stage::Check => check::run(project, &image),
    }
}

/// Writes `target/dist/SUBJECTS`, the subjects of GitHub's attestation, in the format of `SHA256SUMS`.
fn subjects(project: &Project, release: &Release) -> Result<()> {
    let sums = dist::release_directory(&project.dist).join(dist::SUMS);
    let sums = files::read_text(&sums)?;
    files::replace(&project.dist.join("SUBJECTS"), release.subjects(&sums).as_bytes())
}

/// Returns the names of all files in `directory`, sorted.
fn names(directory: &std::path::Path) -> Result<Vec<String>> {
    let paths = files::below(directory)?;
    let name = |path: &std::path::PathBuf| Some(path.strip_prefix(directory).ok()?.to_str()?.to_owned());
    Ok(paths.iter().filter_map(name).collect())
}
