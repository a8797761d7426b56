//! The contents of an archive beside the program: man page and completions, which the program itself prints, and
//! the project's documents.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, ensure};
use builds::files::{self, Mode};
use devkit::{cmd, project::Project};
use flags::values::Target;
use xshell::cmd;

use super::archive::{Entries, Entry};

/// The pages that the program prints: the path in the archive, and the program's arguments.
const PRINTED: [(&str, &[&str]); 5] = [
    ("completions/_weft", &["completions", "zsh"]),
    ("completions/_weft.ps1", &["completions", "powershell"]),
    ("completions/weft.bash", &["completions", "bash"]),
    ("completions/weft.fish", &["completions", "fish"]),
    ("man/weft.1", &["man"]),
];

/// The documents, by their path in the checkout and in the archive.
const DOCUMENTS: [&str; 4] = ["CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "README.md"];

/// Returns the man page and the completions, as `program` prints them.
pub(super) fn describe(project: &Project, program: &Path) -> Result<Entries> {
    let shell = project.shell()?;
    let print = |(path, arguments): (&str, &[&str])| {
        let purpose = format!("have weft print {path}");
        // Without this machine's environment, no value of a variable can get into the pages.
        let printed = cmd::read(cmd!(shell, "{program} {arguments...}").env_clear(), &purpose)?;
        ensure!(!printed.is_empty(), "could not {purpose}: it printed nothing");
        Ok((path.to_owned(), data(format!("{printed}\n").into_bytes())))
    };
    PRINTED.into_iter().map(print).collect()
}

/// Returns the notices of the third parties whose code is in `weft` for `target`. All targets of Linux have the same.
pub(super) fn notices(project: &Project, target: Target) -> Result<Entries> {
    let targets = [target.triple()];
    let builds = [notices::Build {
        package: "weft",
        features: &[],
        targets: &targets,
    }];
    let program = if target.is_static() {
        notices::WEFT
    } else {
        notices::Program {
            builds: &builds,
            ..notices::WEFT
        }
    };
    let document = notices::document(project, program)?;
    Ok([(notices::FILE_NAME.to_owned(), data(document.into_bytes()))].into())
}

/// Writes the notices of `weft` for Linux to `target/dist`, from where the Dockerfile takes them.
pub(super) fn write_notices(project: &Project) -> Result<()> {
    let document = notices::document(project, notices::WEFT)?;
    files::replace(&project.dist.join(notices::FILE_NAME), document.as_bytes())
}

/// Returns the documents of the checkout.
pub(super) fn documents(project: &Project) -> Result<Entries> {
    let read = |path: &str| {
        let bytes = fs::read(project.root.join(path)).with_context(|| format!("could not read `{path}`"))?;
        Ok((path.to_owned(), data(bytes)))
    };
    DOCUMENTS.into_iter().map(read).collect()
}

pub(super) fn data(bytes: Vec<u8>) -> Entry {
    Entry {
        bytes,
        mode: Mode::Data,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_every_document_of_the_checkout() {
        let project = Project::discover().unwrap();
        let documents = documents(&project).unwrap();
        assert_eq!(documents.into_keys().collect::<Vec<_>>(), DOCUMENTS);
    }
}
