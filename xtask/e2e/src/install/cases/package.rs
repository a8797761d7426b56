//! Debian's package.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use devkit::cmd;
use testkit::names;
use xshell::cmd;

use super::{VERSION, cases};
use crate::install::context::InstallContext;

cases! {
    package:
    dpkg_installs_package_and_removes_it,
    package_describes_itself_to_dpkg,
}

fn dpkg_installs_package_and_removes_it(test: &InstallContext<'_>) -> Result<()> {
    let shell = test.shell()?;
    let root = test.path("root");
    let package = downloaded(test)?;
    let database = root.join("var/lib/dpkg");
    for directory in ["info", "updates", "triggers"] {
        fs::create_dir_all(database.join(directory))?;
    }
    fs::write(database.join("status"), "")?;
    let dpkg = |action: &str, what: &Path| {
        cmd!(
            shell,
            "dpkg --root {root} --force-not-root,bad-path {action} {what}"
        )
        .env("LC_ALL", "C")
    };
    cmd::read(dpkg("--install", &package), "install the package")?;
    for path in [
        "usr/share/man/man1/weft.1.gz",
        "usr/share/doc/weft/copyright",
        "usr/share/bash-completion/completions/weft",
    ] {
        ensure!(root.join(path).is_file(), "there is no /{path}");
    }
    let program = root.join("usr/bin/weft");
    let printed = cmd::read(cmd!(shell, "{program} --version"), "run the installed program")?;
    ensure!(
        printed.starts_with(&format!("weft {VERSION}")),
        "the installed program prints `{printed}`"
    );
    cmd::read(dpkg("--purge", Path::new("weft")), "remove the package")?;
    ensure!(!root.join("usr/bin/weft").exists(), "the program is still there");
    Ok(())
}

fn package_describes_itself_to_dpkg(test: &InstallContext<'_>) -> Result<()> {
    let shell = test.shell()?;
    let package = package(test.release()?)?;
    let field = |name: &str| cmd::read(cmd!(shell, "dpkg-deb --field {package} {name}"), "read a field");
    ensure!(
        field("Package")? == "weft" && field("Version")? == VERSION.replacen('-', "~", 1),
        "it calls itself {} {}",
        field("Package")?,
        field("Version")?
    );
    let listed = cmd::read(cmd!(shell, "dpkg-deb --contents {package}"), "list the package")?;
    ensure!(
        listed.lines().all(|line| line.contains(" root/root ")),
        "a file belongs to somebody: {listed}"
    );
    ensure!(
        listed
            .lines()
            .any(|line| line.starts_with("-rwxr-xr-x") && line.ends_with(" ./usr/bin/weft")),
        "the program cannot be run: {listed}"
    );
    Ok(())
}

/// Downloads the package from the release page, and returns its path.
fn downloaded(test: &InstallContext<'_>) -> Result<PathBuf> {
    let shell = test.shell()?;
    let package = package(test.release()?)?;
    let name = package.file_name().context("the package has no name")?;
    let target = test.path("downloaded.deb");
    let url = format!("{}/latest/download/{}", test.page()?.url(), name.display());
    cmd::read(
        cmd!(shell, "curl --fail --silent --show-error --output {target} {url}"),
        "download the package",
    )?;
    Ok(target)
}

/// Returns the path of the only package in `release`.
fn package(release: &Path) -> Result<PathBuf> {
    let name = names(release)?.into_iter().find(|name| name.ends_with(".deb"));
    Ok(release.join(name.context("there is no package")?))
}
