//! What CHANGELOG.md says of a version.
//!
//! A version has a section of its own, headed `## 0.1.0` or `## [0.1.0]`, with ` - 2026-01-31` or the like behind it or not. It
//! reaches to the next heading of that level.

/// The text of the section of `version`, without its heading; `None` where there is none.
pub(super) fn section(changelog: &str, version: &str) -> Option<String> {
    let mut lines = changelog.lines().skip_while(|line| !is_head(line, version));
    lines.next()?;
    let body = lines.take_while(|line| !line.starts_with("## ")).filter(|line| !is_link(line));
    Some(body.collect::<Vec<_>>().join("\n").trim().to_owned())
}

fn is_head(line: &str, version: &str) -> bool {
    let Some(head) = line.strip_prefix("## ") else { return false };
    let name = head.split_whitespace().next().unwrap_or_default();
    name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name) == version
}

/// Where a link of the file goes, as they stand at its end: `[0.1.0]: https://…`
fn is_link(line: &str) -> bool {
    line.starts_with('[') && line.contains("]: ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANGELOG: &str = "\
# Changelog

## Unreleased

- Soon.

## [0.2.0] - 2026-02-01

### Added

- More.

## 0.1.0

- All.

[0.2.0]: https://example.org
";

    #[test]
    fn a_version_has_a_section_however_it_is_headed() {
        assert_eq!(section(CHANGELOG, "0.2.0").unwrap(), "### Added\n\n- More.");
        assert_eq!(section(CHANGELOG, "0.1.0").unwrap(), "- All.");
    }

    #[test]
    fn the_beginning_of_a_version_is_another_version() {
        for version in ["0.1", "0.1.0-rc.1", "0.2.00", "Unreleased changes"] {
            assert_eq!(section(CHANGELOG, version), None, "{version}");
        }
    }
}
