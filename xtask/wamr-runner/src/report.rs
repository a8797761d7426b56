//! What a guest took, as JSON.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use serde_json::json;

use crate::{guest::Guest, runtime};

/// Writes down the most bytes that the guest's memory had, and the most that WAMR itself had in use beside it.
pub(crate) fn write(file: &Path, guest: &Guest) -> Result<()> {
    let report = json!({ "memory": guest.memory(), "runtime": runtime::peak() });
    fs::write(file, report.to_string()).with_context(|| format!("could not write `{}`", file.display()))
}
