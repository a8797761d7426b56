//! The changed lines, in the format for cargo-mutants.

use std::fs;

use anyhow::{Context as _, Result, bail};
use devkit::{cmd, project::Project, revision, ui};
use tempfile::NamedTempFile;
use xshell::{Shell, cmd};

/// The difference of the working tree to a commit.
#[derive(Debug)]
pub(super) struct Changes {
    /// The commit, in full.
    pub(super) base: String,
    /// The difference in git's format.
    pub(super) file: NamedTempFile,
}

impl Changes {
    /// Compares the working tree with its merge base with `revision`.
    ///
    /// # Errors
    ///
    /// Fails if `revision` is not a commit, or has no history in common with the commit that is checked out.
    pub(super) fn since(project: &Project, revision: &str) -> Result<Self> {
        let shell = project.shell()?;
        let commit = format!("{revision}^{{commit}}");
        let words = ["rev-parse", "--verify", "--quiet", "--end-of-options", &commit];
        let Some(commit) = revision::ask_git(&shell, &words)? else {
            bail!("`{revision}` is not a git revision");
        };
        let Some(base) = revision::ask_git(&shell, &["merge-base", "HEAD", &commit])? else {
            bail!("`{revision}` has no history in common with the commit that is checked out");
        };
        warn_of_unknown(&shell)?;
        let file = NamedTempFile::new().context("could not make a temporary file")?;
        let text = cmd::read(
            // Independent of the user's settings for the format of differences.
            cmd!(
                shell,
                "git diff --no-color --no-ext-diff --no-renames --src-prefix=a/ --dst-prefix=b/ {base} -- crates"
            ),
            "compare the working tree with the base",
        )?;
        fs::write(file.path(), format!("{text}\n")).context("could not write the difference")?;
        Ok(Self { base, file })
    }
}

/// Warns of new source files, which are in no difference because git does not track them.
fn warn_of_unknown(shell: &Shell) -> Result<()> {
    let list = cmd!(shell, "git ls-files --others --exclude-standard -- crates");
    let unknown = cmd::read(list, "ask git for new files")?;
    for file in unknown.lines().filter(|file| file.ends_with(".rs")) {
        ui::warn(&format!(
            "`{file}` is left out: include it with `git add --intent-to-add`"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_base_that_is_unknown() {
        let project = Project::discover().unwrap();
        let error = Changes::since(&project, "no-such-revision")
            .unwrap_err()
            .to_string();
        assert_eq!(error, "`no-such-revision` is not a git revision");
    }
}
