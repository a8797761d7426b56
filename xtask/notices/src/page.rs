//! The parts of `weft` that its page loads in browsers.

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::part::Part;

/// The list that is made with the libraries.
pub(crate) const LIBRARIES: &str =
    include_str!("../../../crates/weft-gateway/src/page/libraries/libraries.json");

#[derive(Debug, Deserialize)]
struct Libraries {
    packages: Vec<Package>,
}

/// A package of the registry for Node.js.
#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    version: String,
    licence: String,
    source: String,
    text: String,
}

/// Returns the libraries of the page.
pub(crate) fn parts() -> Result<Vec<Part>> {
    let libraries: Libraries =
        serde_json::from_str(LIBRARIES).context("could not parse the list of the page's libraries")?;
    Ok(libraries.packages.into_iter().map(Package::part).collect())
}

impl Package {
    fn part(self) -> Part {
        Part {
            name: self.name,
            version: self.version,
            licence: self.licence,
            source: self.source,
            texts: vec![self.text],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The licences that the page's libraries may have.
    const ACCEPTED: [&str; 5] = ["Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT"];

    #[test]
    fn every_library_has_accepted_licence_and_text() {
        let parts = parts().unwrap();
        assert!(parts.iter().any(|part| part.name == "markdown-it"));
        for part in parts {
            assert!(ACCEPTED.contains(&part.licence.as_str()), "{part:?}");
            assert!(part.texts[0].to_lowercase().contains("copyright"), "{part:?}");
            assert!(part.source.starts_with("https://"), "{part:?}");
        }
    }
}
