//! The section of CHANGELOG.md about a version.
//!
//! A version has its own section, headed `## 0.1.0` or `## [0.1.0]`, with or without a date such as ` -
//! 2026-01-31`. It ends at the next heading of that level.

/// Returns the text of the section of `version`, without its heading; `None` if there is no section.
pub(super) fn section(changelog: &str, version: &str) -> Option<String> {
    let mut lines = changelog.lines().skip_while(|line| !is_head(line, version));
    lines.next()?;
    let body = lines
        .take_while(|line| !line.starts_with("## "))
        .filter(|line| !is_link(line));
    Some(body.collect::<Vec<_>>().join("\n").trim().to_owned())
}

fn is_head(line: &str, version: &str) -> bool {
    let Some(head) = line.strip_prefix("## ") else {
        return false;
    };
    let name = head.split_whitespace().next().unwrap_or_default();
    name.strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'))
        .unwrap_or(name)
        == version
}

/// Returns whether the line is a link target, as at the end of the file: `[0.1.0]: https://…`
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
    fn finds_section_under_either_heading() {
        assert_eq!(section(CHANGELOG, "0.2.0").unwrap(), "### Added\n\n- More.");
        assert_eq!(section(CHANGELOG, "0.1.0").unwrap(), "- All.");
    }

    #[test]
    fn matches_whole_version_only() {
        for version in ["0.1", "0.1.0-rc.1", "0.2.00", "Unreleased changes"] {
            assert_eq!(section(CHANGELOG, version), None, "{version}");
        }
    }
}
