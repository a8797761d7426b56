//! `size report`: all sizes as one self-contained page.
//!
//! `wasm-diet` has the page; its data is in it as JSON.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result};
use builds::{budget::Budget, files::replace};
use devkit::{project::Project, ui};
use serde::Serialize;
use wasm_diet::{json, page};

use super::{
    base::Base,
    diff,
    history::{self, Entry},
    ratchet::{self, ArtifactBounds},
};

/// The data of the page.
#[derive(Debug, Serialize)]
struct PageData<'a> {
    revision: Option<&'a str>,
    /// The name of the base; `None` if there is none.
    base: Option<String>,
    /// The name of the project.
    title: &'a str,
    /// The beginning of the names of its own crates.
    own: &'a str,
    artifacts: BTreeMap<&'a str, page::Artifact<'a>>,
    budgets: BTreeMap<&'a str, ArtifactBounds<'a>>,
    history: Vec<Entry>,
}

/// Builds the artifacts and writes the page.
///
/// # Errors
/// Fails if the artifacts cannot be built, the base cannot be loaded, or a file cannot be read or written.
pub(super) fn run(project: &Project, html: &Path, base: Option<&str>, json: bool) -> Result<()> {
    let base = base.map_or(Ok(Base::Accepted), |text| Base::find(project, text))?;
    let (before, after) = diff::both(project, &base)?;
    let budget = Budget::of(project)?;
    let shown = PageData {
        revision: after.revision.as_deref(),
        base: (!before.artifacts.is_empty()).then(|| base.name()),
        title: "clawft",
        own: "clawft",
        artifacts: page::artifacts(&before, &after),
        budgets: ratchet::bounds_of_artifacts(&budget),
        history: history::read(project)?,
    };
    let data = json::lines(&shown)?;
    let path = std::path::absolute(html).context("could not find the current directory")?;
    let directory = path.parent().context("the page's path has no directory")?;
    fs::create_dir_all(directory)
        .with_context(|| format!("could not make the directory `{}`", directory.display()))?;
    replace(&path, page::render(&data).as_bytes())?;
    ui::status("Wrote", &html.display().to_string());
    if json { ui::result(&data) } else { Ok(()) }
}
