//! `wasm-diet report`.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context as _, Result};
use serde::Serialize;
use wasm_diet::{Profile, json, page};

use super::{Verdict, args::Report, files, size};

/// The data of the page.
#[derive(Serialize)]
struct PageData<'a> {
    title: &'a str,
    base: Option<String>,
    artifacts: BTreeMap<&'a str, page::Artifact<'a>>,
    /// None: `check` is about budgets.
    budgets: BTreeMap<&'a str, ()>,
    history: [(); 0],
}

/// Writes the page.
pub(super) fn run(args: &Report) -> Result<Verdict> {
    let inputs = || {
        [Some(args.input.as_path()), args.base.as_deref()]
            .into_iter()
            .flatten()
    };
    files::check_inputs(inputs())?;
    files::check_page(inputs(), &args.html)?;
    let name = args
        .input
        .file_name()
        .unwrap_or(args.input.as_os_str())
        .to_string_lossy()
        .into_owned();
    let after = profile(&name, &args.input)?;
    let before = match &args.base {
        Some(base) => profile(&name, base)?,
        None => Profile::default(),
    };
    let data = PageData {
        title: &name,
        base: args.base.as_ref().map(|base| base.display().to_string()),
        artifacts: page::artifacts(&before, &after),
        budgets: BTreeMap::new(),
        history: [],
    };
    files::write(&args.html, page::render(&json::lines(&data)?).as_bytes())?;
    Ok(Verdict::Good)
}

fn profile(name: &str, path: &Path) -> Result<Profile> {
    let binary = files::read(path)?;
    let explained = size::explain(&binary).with_context(|| format!("could not explain `{}`", path.display()));
    let (anatomy, _) = explained?;
    Ok(Profile {
        revision: None,
        artifacts: [(name.to_owned(), anatomy)].into(),
    })
}
