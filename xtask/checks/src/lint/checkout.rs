//! The files of the checkout by kind: tracked ones, and new ones that git does not ignore.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
};

use anyhow::{Result, ensure};
use devkit::{project::Project, revision};

/// The maximum length of a first line with an interpreter.
const FIRST_LINE: u64 = 128;

/// The kind of a file, for the linters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A GitHub workflow.
    Workflow,
    /// A shell script.
    Script,
    /// A file with instructions for a Docker image.
    Dockerfile,
}

impl Kind {
    fn has(self, root: &Path, path: &Path) -> bool {
        let named = |names: [&str; 2]| {
            path.extension()
                .is_some_and(|end| names.iter().any(|name| end == *name))
        };
        match self {
            Self::Workflow => path.starts_with(".github/workflows") && named(["yml", "yaml"]),
            Self::Script => named(["sh", "bash"]) || is_for_a_shell(&root.join(path)),
            Self::Dockerfile => path
                .file_name()
                .is_some_and(|name| name.as_encoded_bytes().starts_with(b"Dockerfile")),
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

/// Returns all files of a kind, relative to the root of the checkout.
///
/// # Errors
///
/// Fails if there is none, because a linter without files would always pass.
pub(super) fn files(project: &Project, kind: Kind) -> Result<Vec<PathBuf>> {
    let mut found: Vec<PathBuf> = revision::files(&project.shell()?, &project.root)?
        .into_iter()
        .collect();
    found.retain(|path| kind.has(&project.root, path));
    ensure!(!found.is_empty(), "there are no {} to check", kind.plural());
    Ok(found)
}

/// Returns whether the first line names a shell as the interpreter.
fn is_for_a_shell(path: &Path) -> bool {
    let mut line = Vec::new();
    let read =
        File::open(path).and_then(|file| BufReader::new(file.take(FIRST_LINE)).read_until(b'\n', &mut line));
    let line = String::from_utf8_lossy(&line);
    let program = line
        .strip_prefix("#!")
        .and_then(|rest| rest.split(['/', ' ']).next_back());
    read.is_ok() && program.is_some_and(|name| ["sh", "bash", "dash"].contains(&name.trim_end()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn recognises_script_by_name_or_first_line() {
        let directory = tempfile::tempdir().unwrap();
        let is_script = |name: &str, text: &str| {
            fs::write(directory.path().join(name), text).unwrap();
            Kind::Script.has(directory.path(), Path::new(name))
        };
        assert!(is_script("named.sh", ""));
        for line in ["#!/bin/sh\n", "#!/usr/bin/env bash\nset -e\n", "#! /bin/dash"] {
            assert!(is_script("run", line), "{line}");
        }
        for line in [
            "",
            "#!/usr/bin/env python3\n",
            "#![no_std]\n",
            "echo\n#!/bin/sh\n",
        ] {
            assert!(!is_script("run", line), "{line}");
        }
    }

    #[test]
    fn recognises_workflows_and_dockerfiles_by_path() {
        let has = |kind: Kind, path: &str| kind.has(Path::new("/nowhere"), Path::new(path));
        assert!(has(Kind::Workflow, ".github/workflows/release.yml"));
        assert!(!has(Kind::Workflow, ".github/actions/setup/action.yml"));
        assert!(!has(Kind::Workflow, ".github/workflows/README.md"));
        assert!(has(Kind::Dockerfile, "Dockerfile.multi-arch") && has(Kind::Dockerfile, "docs/Dockerfile"));
        assert!(!has(Kind::Dockerfile, "docs/dockerfile.md"));
    }

    #[test]
    fn finds_scripts_of_this_checkout() {
        let project = Project::discover().unwrap();
        let found = files(&project, Kind::Script).unwrap();
        assert!(found.contains(&PathBuf::from(".ci/run")), "{found:?}");
    }
}
