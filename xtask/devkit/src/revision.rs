//! The state of the checkout: its commit, the commit's time, and its files.

use std::{
    collections::BTreeSet,
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use xshell::{Shell, cmd};

use crate::{cmd, project::Project};

/// Returns the full hash of the commit, with `-dirty` if the checkout differs from it; `None` outside a
/// checkout.
///
/// # Errors
/// Fails if there is no git.
pub fn of(project: &Project) -> Result<Option<String>> {
    let shell = project.shell()?;
    ask_git(
        &shell,
        &["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
    )
}

/// Returns whether the checkout has sources or manifests that are neither tracked nor ignored; false outside of one.
///
/// # Errors
/// Fails if there is no git.
pub fn has_new_sources(project: &Project) -> Result<bool> {
    let words = [
        "ls-files",
        "--others",
        "--exclude-standard",
        "--",
        "*.rs",
        "*.toml",
    ];
    let found = ask_git(&project.shell()?, &words)?;
    Ok(found.is_some_and(|files| !files.is_empty()))
}

/// Returns the time for everything that ships, in seconds since 1970: `SOURCE_DATE_EPOCH`, else the commit's
/// time, else 0.
///
/// # Errors
/// Fails if `SOURCE_DATE_EPOCH` is not such a number, or if there is no git.
pub fn time(project: &Project) -> Result<u64> {
    if let Some(chosen) = env::var("SOURCE_DATE_EPOCH")
        .ok()
        .filter(|value| !value.is_empty())
    {
        return chosen
            .parse()
            .with_context(|| format!("bad SOURCE_DATE_EPOCH `{chosen}`: it takes seconds since 1970"));
    }
    let shell = project.shell()?;
    let shown = ask_git(&shell, &["show", "--no-patch", "--format=%ct", "HEAD"])?;
    Ok(shown.and_then(|seconds| seconds.parse().ok()).unwrap_or_default())
}

/// Returns git's output for `words`, without the last line break; `None` if git exits with an error.
///
/// # Errors
/// Fails if there is no git.
pub fn ask_git(shell: &Shell, words: &[&str]) -> Result<Option<String>> {
    let output = cmd::output(cmd!(shell, "git {words...}"), "ask git")?;
    let answer = || String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
    Ok(output.status.success().then(answer))
}

/// Returns the files of the checkout at `root`, in which `shell` works: those that git tracks or would add,
/// relative to `root`.
///
/// # Errors
/// Fails if it is not a git checkout.
pub fn files(shell: &Shell, root: &Path) -> Result<BTreeSet<PathBuf>> {
    let list = cmd!(shell, "git ls-files -z --cached --others --exclude-standard");
    let listed = cmd::read(list, "list the files of the checkout")?;
    let paths = listed
        .split('\0')
        .filter(|path| !path.is_empty())
        .map(PathBuf::from);
    // Git still lists files that were just removed.
    Ok(paths.filter(|path| root.join(path).is_file()).collect())
}
