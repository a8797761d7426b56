//! The licences in an image: ours, and those of everything in the program.

use std::collections::BTreeMap;

use anyhow::Result;
use builds::files;
use devkit::project::Project;

/// The texts by the name of their file.
pub(crate) type Licences = BTreeMap<&'static str, String>;

/// Our own licences, by their path in the checkout.
pub(crate) const OURS: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];

/// Returns the files of the directory `/licenses`.
///
/// # Errors
/// Fails if a file cannot be read, or the packages of the program cannot be listed.
pub(crate) fn read(project: &Project) -> Result<Licences> {
    let mut licences = Licences::new();
    for name in OURS {
        licences.insert(name, files::read_text(&project.root.join(name))?);
    }
    licences.insert(notices::FILE_NAME, notices::document(project, notices::WEFT)?);
    Ok(licences)
}
