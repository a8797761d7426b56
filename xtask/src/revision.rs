//! Which commit is being built, and when it was made.

use std::env;

use anyhow::{Context as _, Result};
use xshell::{Shell, cmd};

use crate::{cmd, project::Project};

/// The commit in full, with `-dirty` where the checkout differs from it; `None` outside a checkout.
///
/// # Errors
/// There is no git.
pub(crate) fn of(project: &Project) -> Result<Option<String>> {
    let shell = project.shell()?;
    let described =
        cmd::output(cmd!(shell, "git describe --always --dirty --abbrev=40 --exclude=*"), "ask git")?;
    let revision = String::from_utf8_lossy(&described.stdout).trim().to_owned();
    Ok(described.status.success().then_some(revision))
}

/// The one time that is written into what ships, in seconds since 1970: `SOURCE_DATE_EPOCH`, else the commit's time, else 0.
///
/// # Errors
/// `SOURCE_DATE_EPOCH` is no such number, or there is no git.
pub(crate) fn time(project: &Project) -> Result<u64> {
    if let Some(chosen) = env::var("SOURCE_DATE_EPOCH").ok().filter(|value| !value.is_empty()) {
        return chosen
            .parse()
            .with_context(|| format!("bad SOURCE_DATE_EPOCH `{chosen}`: it takes seconds since 1970"));
    }
    let shell = project.shell()?;
    let shown = cmd::output(cmd!(shell, "git show --no-patch --format=%ct HEAD"), "ask git")?;
    Ok(String::from_utf8_lossy(&shown.stdout).trim().parse().unwrap_or_default())
}

/// What git answers to `words`, without the last line break; `None` where it ends with an error: that is an answer as well.
///
/// # Errors
/// There is no git.
pub(crate) fn ask_git(shell: &Shell, words: &[&str]) -> Result<Option<String>> {
    let output = cmd::output(cmd!(shell, "git {words...}"), "ask git")?;
    let answer = || String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
    Ok(output.status.success().then(answer))
}
