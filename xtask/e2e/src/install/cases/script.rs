//! `install.sh`.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, ensure};
use devkit::cmd;
use testkit::names;
use xshell::cmd;

use super::{VERSION, cases};
use crate::install::context::InstallContext;

cases! {
    script:
    installs_latest_release_for_the_user,
    installs_named_version_into_chosen_directory,
    replaces_program_of_earlier_version,
    refuses_archive_with_other_bytes,
    names_system_without_archive,
    names_version_that_does_not_exist,
    refuses_address_without_tls,
}

fn installs_latest_release_for_the_user(test: &InstallContext<'_>) -> Result<()> {
    let outcome = test.install(&test.page()?.url(), &[])?;
    ensure!(
        outcome.exit == Some(0) && outcome.stdout.is_empty(),
        "it ended with {:?}",
        outcome.exit
    );
    outcome.said(&["Installed weft ", "Add it to your PATH", "weft chat"])?;
    let local = test.home().join(".local");
    runs(test, &local.join("bin/weft"))?;
    let manual = fs::read_to_string(local.join("share/man/man1/weft.1")).context("there is no manual")?;
    ensure!(manual.contains(".TH weft"), "the manual is no manual");
    Ok(())
}

fn installs_named_version_into_chosen_directory(test: &InstallContext<'_>) -> Result<()> {
    let directory = test.path("a directory").display().to_string();
    for version in [VERSION.to_owned(), format!("v{VERSION}")] {
        let variables = [
            ("WEFT_VERSION", version.as_str()),
            ("WEFT_INSTALL_DIR", directory.as_str()),
        ];
        let outcome = test.install(&format!("{}/", test.page()?.url()), &variables)?;
        ensure!(outcome.exit == Some(0), "it ended with {:?}", outcome.exit);
    }
    runs(test, &Path::new(&directory).join("weft"))?;
    ensure!(
        names(Path::new(&directory))? == ["weft"],
        "it left other files in the directory"
    );
    Ok(())
}

fn replaces_program_of_earlier_version(test: &InstallContext<'_>) -> Result<()> {
    let program = test.home().join(".local/bin/weft");
    fs::create_dir_all(program.parent().context("it is in a directory")?)?;
    fs::write(&program, "an earlier program")?;
    test.install(&test.page()?.url(), &[])?.said(&["Installed"])?;
    runs(test, &program)
}

fn refuses_archive_with_other_bytes(test: &InstallContext<'_>) -> Result<()> {
    let page = test.changed_page(|release| {
        let archive = archive(release)?;
        let mut bytes = fs::read(release.join(&archive))?;
        *bytes.last_mut().context("the archive is empty")? ^= 1;
        Ok(fs::write(release.join(archive), bytes)?)
    })?;
    let outcome = test.install(&page.url(), &[])?;
    refused(test, outcome.exit)?;
    outcome.said(&["has the SHA-256 sum", "nothing was installed"])
}

fn names_system_without_archive(test: &InstallContext<'_>) -> Result<()> {
    let page = test.changed_page(|release| Ok(fs::write(release.join("SHA256SUMS"), "")?))?;
    let outcome = test.install(&page.url(), &[])?;
    refused(test, outcome.exit)?;
    outcome.said(&["has no archive for", "linux-musl"])
}

fn names_version_that_does_not_exist(test: &InstallContext<'_>) -> Result<()> {
    let outcome = test.install(&test.page()?.url(), &[("WEFT_VERSION", "99.0.0")])?;
    refused(test, outcome.exit)?;
    outcome.said(&["could not download", "/download/v99.0.0/SHA256SUMS"])?;
    let outcome = test.install(&test.page()?.url(), &[("WEFT_VERSION", "latest")])?;
    refused(test, outcome.exit)?;
    outcome.said(&["WEFT_VERSION is `latest`", "not a version such as"])
}

fn refuses_address_without_tls(test: &InstallContext<'_>) -> Result<()> {
    let outcome = test.install("http://releases.example", &[])?;
    refused(test, outcome.exit)?;
    outcome.said(&["does not begin with https://"])
}

/// Returns the name of the only archive in `release`.
pub(super) fn archive(release: &Path) -> Result<String> {
    let names = names(release)?;
    let archive = names.into_iter().find(|name| name.ends_with(".tar.gz"));
    archive.context("there is no archive")
}

/// Checks that nothing was installed.
pub(super) fn refused(test: &InstallContext<'_>, exit: Option<i32>) -> Result<()> {
    ensure!(exit == Some(1), "it ended with {exit:?}");
    ensure!(
        names(&test.home())?.is_empty(),
        "it left files in the home directory"
    );
    Ok(())
}

/// Checks that the program at `path` is weft of this version.
pub(super) fn runs(test: &InstallContext<'_>, path: &Path) -> Result<()> {
    let shell = test.shell()?;
    let printed = cmd::read(cmd!(shell, "{path} --version"), "run the installed program")?;
    ensure!(
        printed.starts_with(&format!("weft {VERSION}")),
        "the installed program prints `{printed}`"
    );
    Ok(())
}
