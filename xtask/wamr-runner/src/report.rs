//! The report of memory, as JSON.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use serde_json::json;

use crate::{guest::Guest, runtime};

/// Writes the peak of the guest's memory, and of the memory that WAMR itself used beside it.
pub(crate) fn write(file: &Path, guest: &Guest) -> Result<()> {
    let report = json!({ "memory": guest.memory(), "runtime": runtime::peak() });
    fs::write(file, report.to_string()).with_context(|| format!("could not write `{}`", file.display()))
}
