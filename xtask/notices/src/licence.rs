//! The licences of a package that a program fulfils.

use anyhow::{Context as _, Result};
use spdx::{Expression, LicenseReq, Licensee, ParseMode};

/// The licences that are fulfilled, the preferred first: those of `deny.toml`, and those of the C libraries. Short
/// texts come before long ones.
const ACCEPTED: [&str; 10] = [
    "MIT",
    "ISC",
    "Zlib",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "Unicode-3.0",
    "CDLA-Permissive-2.0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
];

/// Returns the licences that suffice for a package with the licence `written` in its manifest.
///
/// # Errors
/// Fails if it is no licence expression, or if other licences are needed.
pub(crate) fn required(written: &str) -> Result<Vec<LicenseReq>> {
    let expression = Expression::parse_mode(written, ParseMode::LAX)
        .with_context(|| format!("`{written}` is no licence expression"))?;
    let accepted = ACCEPTED
        .iter()
        .map(|name| Licensee::parse(name))
        .collect::<Result<Vec<_>, _>>()?;
    expression
        .minimized_requirements(&accepted)
        .with_context(|| format!("`{written}` needs a licence that is not accepted"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(written: &str) -> Vec<String> {
        let mut names: Vec<String> = required(written)
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect();
        names.sort();
        names
    }

    #[test]
    fn selects_shortest_sufficient_licences() {
        assert_eq!(names("MIT OR Apache-2.0"), ["MIT"]);
        assert_eq!(names("Apache-2.0/MIT"), ["MIT"]);
        assert_eq!(names("Unlicense OR MIT"), ["MIT"]);
        assert_eq!(names("Apache-2.0 AND ISC"), ["Apache-2.0", "ISC"]);
        assert_eq!(
            names("MIT AND Apache-2.0 WITH LLVM-exception AND (MIT OR Apache-2.0)"),
            ["Apache-2.0 WITH LLVM-exception", "MIT"]
        );
        assert_eq!(
            names("(MIT OR Apache-2.0) AND Unicode-3.0"),
            ["MIT", "Unicode-3.0"]
        );
    }

    #[test]
    fn refuses_licences_of_other_kinds() {
        for written in ["GPL-3.0-only", "", "none of your business"] {
            assert!(required(written).is_err(), "{written}");
        }
    }
}
