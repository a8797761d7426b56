//! `install.sh` in other systems: one of small programs alone, and ones where something is not allowed.

use std::{fs, time::Duration};

use anyhow::{Result, ensure};
use testkit::Outcome;

use super::cases;
use crate::install::context::InstallContext;

/// The time of an installation.
const LIMIT: Duration = Duration::from_secs(60);

/// Starts what follows as a user without permissions.
const AS_USER: &str = "setpriv --reuid 1000 --regid 1000 --clear-groups";

cases! {
    systems:
    installs_with_the_programs_of_busybox_alone,
    installs_where_temporary_files_cannot_run,
    installs_for_all_users_as_root,
    names_home_that_belongs_to_somebody_else,
    changes_nothing_without_permission,
}

/// As in Alpine, whose only shell, `wget`, `tar` and `sha256sum` these are.
fn installs_with_the_programs_of_busybox_alone(test: &InstallContext<'_>) -> Result<()> {
    let script = "mkdir /small && busybox --install -s /small
        PATH=/small sh /install.sh && /root/.local/bin/weft --version";
    let outcome = run(test, script, &[])?;
    ensure!(
        outcome.exit == Some(0) && outcome.stdout.starts_with("weft "),
        "it ended with {:?}",
        outcome.exit
    );
    Ok(())
}

fn installs_where_temporary_files_cannot_run(test: &InstallContext<'_>) -> Result<()> {
    let script = "cp /bin/true /tmp/ && ! /tmp/true && sh /install.sh && /root/.local/bin/weft --version";
    let outcome = run(test, script, &[("NOEXEC", "1")])?;
    ensure!(
        outcome.exit == Some(0) && outcome.stdout.starts_with("weft "),
        "it ended with {:?}",
        outcome.exit
    );
    Ok(())
}

fn installs_for_all_users_as_root(test: &InstallContext<'_>) -> Result<()> {
    let script = format!(
        "umask 077 && WEFT_INSTALL_DIR=/usr/local/bin sh /install.sh && {AS_USER} weft --version && ls /usr/local/share/man/man1"
    );
    let outcome = run(test, &script, &[])?;
    ensure!(
        outcome.exit == Some(0) && outcome.stdout.ends_with("weft.1\n"),
        "it ended with {:?} and printed {}",
        outcome.exit,
        outcome.stdout
    );
    ensure!(
        !outcome.stderr.contains("PATH"),
        "it mentions the PATH: {}",
        outcome.stderr
    );
    Ok(())
}

fn names_home_that_belongs_to_somebody_else(test: &InstallContext<'_>) -> Result<()> {
    let outcome = run(test, &format!("{AS_USER} sh /install.sh"), &[])?;
    ensure!(outcome.exit == Some(1), "it ended with {:?}", outcome.exit);
    outcome.said(&[
        "could not make the directory /root/.local/bin",
        "set WEFT_INSTALL_DIR",
    ])
}

fn changes_nothing_without_permission(test: &InstallContext<'_>) -> Result<()> {
    let script = format!(
        "ls -A /usr/local/bin >/before; WEFT_INSTALL_DIR=/usr/local/bin {AS_USER} sh /install.sh || status=$?
        ls -A /usr/local/bin | cmp - /before && ls -A /tmp && exit $status"
    );
    let outcome = run(test, &script, &[])?;
    ensure!(
        outcome.exit == Some(1) && outcome.stdout.is_empty(),
        "it ended with {:?} and left {}",
        outcome.exit,
        outcome.stdout
    );
    outcome.said(&["could not write to /usr/local/bin", "set WEFT_INSTALL_DIR"])
}

/// Runs `script` in an empty system that has `install.sh`.
fn run(test: &InstallContext<'_>, script: &str, options: &[(&str, &str)]) -> Result<Outcome> {
    let installer = fs::read(test.release()?.join("install.sh"))?;
    let releases = format!("WEFT_RELEASES={}", test.page()?.url());
    test.run_in_empty_root(
        &[("install.sh", installer.as_slice())],
        &[releases],
        options,
        script,
        LIMIT,
    )
}
