//! The files of the checkout, by what they are: those that git has, and new ones that it would take.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
};

use anyhow::{Result, ensure};
use devkit::{project::Project, revision};

/// A longer first line names no interpreter.
const FIRST_LINE: u64 = 128;

/// What a file is to the linters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A workflow of GitHub's.
    Workflow,
    /// A script for a shell.
    Script,
    /// What Docker builds an image by.
    Dockerfile,
}

impl Kind {
    fn has(self, root: &Path, path: &Path) -> bool {
        let named =
            |names: [&str; 2]| path.extension().is_some_and(|end| names.iter().any(|name| end == *name));
        match self {
            Self::Workflow => path.starts_with(".github/workflows") && named(["yml", "yaml"]),
            Self::Script => named(["sh", "bash"]) || is_for_a_shell(&root.join(path)),
            Self::Dockerfile => {
                path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"Dockerfile"))
            }
        }
    }

    fn plural(self) -> &'static str {
        match self {
            Self::Workflow => "workflows",
            Self::Script => "shell scripts",
            Self::Dockerfile => "Dockerfiles",
        }
    }
}

/// All files of a kind, from the root of the checkout.
///
/// # Errors
///
/// There is none: a linter that looks at nothing finds nothing, and that would pass for a result.
pub(super) fn files(project: &Project, kind: Kind) -> Result<Vec<PathBuf>> {
    let mut found: Vec<PathBuf> = revision::files(&project.shell()?, &project.root)?.into_iter().collect();
    found.retain(|path| kind.has(&project.root, path));
    ensure!(!found.is_empty(), "there are no {} to check", kind.plural());
    Ok(found)
}

/// Whether the first line names a shell as the interpreter.
fn is_for_a_shell(path: &Path) -> bool {
    let mut line = Vec::new();
    let read =
        File::open(path).and_then(|file| BufReader::new(file.take(FIRST_LINE)).read_until(b'\n', &mut line));
    let line = String::from_utf8_lossy(&line);
    let program = line.strip_prefix("#!").and_then(|rest| rest.split(['/', ' ']).next_back());
    read.is_ok() && program.is_some_and(|name| ["sh", "bash", "dash"].contains(&name.trim_end()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_script_is_known_by_its_name_or_its_first_line() {
        let folder = tempfile::tempdir().unwrap();
        let is_script = |name: &str, text: &str| {
            fs::write(folder.path().join(name), text).unwrap();
            Kind::Script.has(folder.path(), Path::new(name))
        };
        assert!(is_script("named.sh", ""));
        for line in ["#!/bin/sh\n", "#!/usr/bin/env bash\nset -e\n", "#! /bin/dash"] {
            assert!(is_script("run", line), "{line}");
        }
        for line in ["", "#!/usr/bin/env python3\n", "#![no_std]\n", "echo\n#!/bin/sh\n"] {
            assert!(!is_script("run", line), "{line}");
        }
    }

    #[test]
    fn workflows_are_in_their_folder_and_dockerfiles_have_their_name() {
        let has = |kind: Kind, path: &str| kind.has(Path::new("/nowhere"), Path::new(path));
        assert!(has(Kind::Workflow, ".github/workflows/release.yml"));
        assert!(!has(Kind::Workflow, ".github/actions/setup/action.yml"));
        assert!(!has(Kind::Workflow, ".github/workflows/README.md"));
        assert!(has(Kind::Dockerfile, "Dockerfile.multi-arch") && has(Kind::Dockerfile, "docs/Dockerfile"));
        assert!(!has(Kind::Dockerfile, "docs/dockerfile.md"));
    }

    #[test]
    fn this_checkout_has_scripts() {
        let project = Project::discover().unwrap();
        let found = files(&project, Kind::Script).unwrap();
        assert!(found.contains(&PathBuf::from(".ci/run")), "{found:?}");
    }
}
