//! Which commit is being built, and when it was made.

use std::env;

use anyhow::{Context as _, Result};
use xshell::cmd;

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
