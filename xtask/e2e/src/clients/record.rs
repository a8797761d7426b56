//! `docs/clients.json`: the uses of each client, and whether they work. The page is made from this file alone.

use std::{
    collections::BTreeMap,
    env,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use anyhow::{Context as _, Result, bail};
use builds::files;
use devkit::project::Project;
use serde::{Deserialize, Serialize};

use super::{client::Client, page};

/// The content of the file, by the name of the case.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Record(pub(super) BTreeMap<String, Found>);

/// The results of one client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Found {
    pub(super) version: String,
    pub(super) uses: Vec<Use>,
}

/// One use of a client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Use {
    #[serde(rename = "use")]
    pub(super) name: String,
    pub(super) works: bool,
    #[serde(default, skip_serializing)]
    pub(super) error: String,
}

/// The record of a run, which `BLESS=1` replaces.
#[derive(Debug)]
pub(super) struct Results {
    project: Project,
    bless: bool,
    record: Mutex<Record>,
}

impl Results {
    /// Reads the record.
    pub(super) fn load(project: &Project) -> Result<Self> {
        let bless = env::var_os("BLESS").is_some();
        let path = json(project);
        let record = if bless && !path.exists() {
            Record::default()
        } else {
            serde_json::from_slice(&files::read(&path)?)
                .with_context(|| format!("could not parse `{}`", path.display()))?
        };
        Ok(Self {
            project: project.clone(),
            bless,
            record: Mutex::new(record),
        })
    }

    /// Compares the results of a client with the record, or puts them into it.
    pub(super) fn check(&self, client: &Client, found: Found) -> Result<()> {
        let failed: Vec<String> = found
            .uses
            .iter()
            .filter(|tried| !tried.works)
            .map(|tried| format!("{}: {}", tried.name, tried.error))
            .collect();
        let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        let found = found.without_errors();
        if self.bless {
            record.0.insert(client.case.to_owned(), found);
            store(&self.project, &record)?;
        } else if record.0.get(client.case) != Some(&found) && failed.is_empty() {
            bail!(
                "docs/clients.md does not match the uses of {}: run `BLESS=1 cargo xtask smoke clients`",
                client.title
            );
        }
        if failed.is_empty() {
            return Ok(());
        }
        bail!("{} uses do not work\n{}", failed.len(), failed.join("\n"))
    }
}

impl Found {
    fn without_errors(mut self) -> Self {
        self.uses.iter_mut().for_each(|tried| tried.error.clear());
        self
    }
}

fn json(project: &Project) -> PathBuf {
    project.root.join("docs/clients.json")
}

/// Writes the record, and the page that is made from it.
fn store(project: &Project, record: &Record) -> Result<()> {
    let text = serde_json::to_string_pretty(record).context("could not write the uses as JSON")?;
    files::replace(&json(project), format!("{text}\n").as_bytes())?;
    files::replace(
        &project.root.join("docs/clients.md"),
        page::render(record).as_bytes(),
    )
}
