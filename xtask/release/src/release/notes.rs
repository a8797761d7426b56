//! `RELEASE_NOTES.md`, the text of the release page: how to install, CHANGELOG.md's section, the files with their
//! checksums, and how to check them.

use std::fmt::Write as _;

use anyhow::Result;
use builds::budget::grouped;
use flags::values::Target;
use image::image_name;

use super::{
    changelog,
    metadata::{File, Kind, Metadata},
    request::{component_name, git_tag},
};
use crate::dist;

/// The name of the file.
pub(super) const FILE_NAME: &str = "RELEASE_NOTES.md";

/// Returns the text for the release of `metadata`.
///
/// # Errors
/// Fails if there is no name for the images.
pub(super) fn notes(metadata: &Metadata, changelog: &str) -> Result<String> {
    let Metadata {
        name,
        version,
        source,
        commit,
        ..
    } = metadata;
    let tag = git_tag();
    let new = changelog::section(changelog, version).unwrap_or_default();
    let new = unwrapped(&with_whole_links(&new, &format!("{source}/blob/{tag}/")));
    let deb = dist::package_name(Target::LinuxAmd64).unwrap_or_default();
    let images = image_name(None)?;
    let component = component_name(None)?;
    Ok(format!(
        "\
# {name} {version}

## Install

`weft` on Linux and macOS:

```
curl -fsSL {source}/releases/download/{tag}/install.sh | WEFT_VERSION={version} sh
```

on Windows, in PowerShell:

```
$env:WEFT_VERSION = '{version}'; irm {source}/releases/download/{tag}/install.ps1 | iex
```

On Debian and Ubuntu, download the package and run `sudo dpkg -i {deb}`. With cargo-binstall: `cargo binstall --git {source} weft@{version}`. \
The gateway as a container; clients send the token as their API key:

```
export CLAWFT_TOKEN=\"$(openssl rand -hex 16)\" && echo \"$CLAWFT_TOKEN\"
docker run --rm --publish 127.0.0.1:8080:8080 --env OPENAI_API_KEY --env CLAWFT_TOKEN {images}:{tag}
```

{new}

## Files

{}
Each program has an SBOM beside it, `<file>.cdx.json`; `release.json` says how each was built, and `size.json` the purpose of \
each byte of the WebAssembly files.

## From a registry

```
docker pull {images}:{tag}
wkg oci pull {component}:{version}
```

The component is `{component}@{}`.

## Checking

```
sha256sum --check --ignore-missing SHA256SUMS
```

```
{}```

[docs/verify.md]({source}/blob/{tag}/docs/verify.md) tells how to check who made these files, and how to make all of them \
again from commit {commit}, and compare every byte.
",
        table(metadata),
        metadata.component.manifest,
        sums(metadata),
    ))
}

/// Returns the files to download.
fn shown(metadata: &Metadata) -> impl Iterator<Item = (&String, &File)> {
    let all = metadata.files.iter();
    all.filter(|(_, file)| !matches!(file.kind, Kind::Sbom | Kind::Sizes))
}

/// Returns the checksums of the files to download, as in `SHA256SUMS`.
fn sums(metadata: &Metadata) -> String {
    shown(metadata)
        .map(|(name, file)| dist::sum_line(&file.sha256, name))
        .collect()
}

/// Returns the table of the files to download.
fn table(metadata: &Metadata) -> String {
    let mut table = "| file | content | bytes | `gzip -9` |\n|---|---|--:|--:|\n".to_owned();
    for (name, file) in shown(metadata) {
        let gzip = file.gzip.map(grouped).unwrap_or_default();
        let _ = writeln!(
            table,
            "| `{name}` | {} | {} | {gzip} |",
            file.what,
            grouped(file.bytes)
        );
    }
    table
}

/// Makes links in `text` to files of the repository absolute, below `base`, because the page is not in the
/// repository.
fn with_whole_links(text: &str, base: &str) -> String {
    let mut parts = text.split("](");
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let target = part.split(')').next().unwrap_or_default();
        let elsewhere = target.contains("://") || target.starts_with('#') || target.starts_with("mailto:");
        let _ = write!(whole, "]({}{part}", if elsewhere { "" } else { base });
    }
    whole
}

/// Returns `text` with each paragraph in one line, because release pages show line breaks as they are in the text.
fn unwrapped(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut in_code = false;
    for line in text.lines() {
        let fence = line.trim_start().starts_with("```");
        let was_in_code = in_code;
        in_code ^= fence;
        let begins = was_in_code || fence || line.trim().is_empty() || is_start(line.trim_start());
        match lines.last_mut() {
            Some(last) if !begins && !last.is_empty() && !last.starts_with('#') && !last.ends_with("```") => {
                let _ = write!(last, " {}", line.trim_start());
            }
            _ => lines.push(line.to_owned()),
        }
    }
    lines.join("\n")
}

/// Returns whether a line begins a heading, an item, a row or a quotation.
fn is_start(line: &str) -> bool {
    let digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = digits.len() < line.len() && digits.starts_with(". ");
    numbered
        || ["#", "- ", "* ", "+ ", "|", ">"]
            .iter()
            .any(|sign| line.starts_with(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_lines_of_paragraphs_outside_code() {
        let [text, expected] = [
            [
                "### Added",
                "",
                "- One",
                "  and more.",
                "- Two.",
                "",
                "A paragraph",
                "of two lines.",
            ]
            .join("\n"),
            [
                "### Added",
                "",
                "- One and more.",
                "- Two.",
                "",
                "A paragraph of two lines.",
            ]
            .join("\n"),
        ];
        assert_eq!(unwrapped(&text), expected);
        let [text, expected] = [
            [
                "```", "let x", "  = 1;", "```", "Next.", "1. First", "   item", "| a |", "| b |",
            ]
            .join("\n"),
            [
                "```",
                "let x",
                "  = 1;",
                "```",
                "Next.",
                "1. First item",
                "| a |",
                "| b |",
            ]
            .join("\n"),
        ];
        assert_eq!(unwrapped(&text), expected);
    }

    #[test]
    fn makes_links_into_the_repository_absolute() {
        let text = "[a](docs/a.md#b), [c](https://example.org), [d](#here) and (this)";
        let expected = "[a](https://x/docs/a.md#b), [c](https://example.org), [d](#here) and (this)";
        assert_eq!(with_whole_links(text, "https://x/"), expected);
    }
}
