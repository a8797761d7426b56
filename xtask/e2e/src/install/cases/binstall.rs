//! cargo-binstall, with the metadata in the manifest of `weft`.
//!
//! It clones a repository and finds the archives of a release at the repository's address, as `docs/install.md` tells
//! users. Here the repository is a copy of the checkout in which that address is the one of the page on loopback.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use builds::{
    files::{Mode, read_text, replace_as},
    release_page::ReleasePage,
};
use devkit::{cmd, revision};
use flags::values::Target;
use testkit::{Outcome, names};
use xshell::cmd;

use super::{
    VERSION, cases,
    script::{archive, runs},
};
use crate::install::context::{InstallContext, UNSEEN};

cases! {
    binstall:
    installs_release_for_the_user,
    finds_archives_of_all_targets,
    installs_named_version_from_later_checkout,
    names_missing_archive_and_compiles_nothing,
    refuses_archive_without_its_end,
    refuses_download_that_was_interrupted,
    installs_without_comparing_checksums,
    cargo_uninstalls_what_it_installed,
}

/// The version of a checkout after the release.
const LATER: &str = "99.0.0";

/// The files that cargo-binstall looks for in a repository: manifests, and the beginnings of programs and libraries.
const READ: [&str; 3] = ["Cargo.toml", "src/main.rs", "src/lib.rs"];

/// The targets of Rust that nothing is released for, with the released ones that run there.
const OTHERS: [(&str, Target); 3] = [
    ("x86_64-unknown-linux-gnu", Target::LinuxAmd64),
    ("aarch64-unknown-linux-gnu", Target::LinuxArm64),
    ("x86_64-pc-windows-msvc", Target::WindowsAmd64),
];

fn installs_release_for_the_user(test: &InstallContext<'_>) -> Result<()> {
    installs(&binstall(test, &test.page()?)?)?;
    runs(test, &program(test))
}

fn finds_archives_of_all_targets(test: &InstallContext<'_>) -> Result<()> {
    let page = test.changed_page(|release| {
        let others = |target: &Target| Some(*target) != Target::of_this_machine();
        let mut targets = Target::ALL.into_iter().filter(others);
        targets.try_for_each(|target| pack(test, target, release))
    })?;
    let repository = repository(test, &page, VERSION)?;
    let own = Target::ALL.map(|target| (target.triple(), target));
    for (triple, target) in own.into_iter().chain(OTHERS) {
        let words = ["weft", "--force", "--targets", triple];
        installs(&run(test, &page, &repository, &words)?).context(triple)?;
        let installed = program(test).with_file_name(target.program());
        match Some(target) == Target::of_this_machine() {
            true => runs(test, &installed)?,
            false => ensure!(
                read_text(&installed)? == target.triple(),
                "{triple} has another program"
            ),
        }
        fs::remove_file(installed)?;
    }
    Ok(())
}

fn installs_named_version_from_later_checkout(test: &InstallContext<'_>) -> Result<()> {
    let page = test.page()?;
    let repository = repository(test, &page, LATER)?;
    refused(test, &run(test, &page, &repository, &["weft"])?)?;
    let released = format!("weft@{VERSION}");
    installs(&run(test, &page, &repository, &[&released])?)?;
    runs(test, &program(test))
}

fn names_missing_archive_and_compiles_nothing(test: &InstallContext<'_>) -> Result<()> {
    let page = test.changed_page(|release| Ok(fs::remove_file(release.join(archive(release)?))?))?;
    let outcome = binstall(test, &page)?;
    refused(test, &outcome)?;
    let shown = outcome.stdout;
    let reason = "Fallback to cargo-install is disabled";
    ensure!(shown.contains(reason), "it does not say why it failed");
    ensure!(!shown.contains("QuickInstall"), "it looked on another page");
    Ok(())
}

fn refuses_archive_without_its_end(test: &InstallContext<'_>) -> Result<()> {
    let page = page_with_archive(test, |bytes| bytes.truncate(bytes.len() / 2))?;
    refused(test, &binstall(test, &page)?)
}

fn refuses_download_that_was_interrupted(test: &InstallContext<'_>) -> Result<()> {
    refused(test, &binstall(test, &test.interrupted_page(100_000)?)?)
}

/// The sum of gzip is behind the end of the files, where cargo-binstall stops. `docs/install.md` warns of it.
fn installs_without_comparing_checksums(test: &InstallContext<'_>) -> Result<()> {
    let page = page_with_archive(test, |bytes| {
        // Length and checksum are the last eight bytes.
        let from = bytes.len().saturating_sub(8);
        bytes.get_mut(from..).unwrap_or_default().fill(0);
    })?;
    installs(&binstall(test, &page)?)?;
    runs(test, &program(test))
}

fn cargo_uninstalls_what_it_installed(test: &InstallContext<'_>) -> Result<()> {
    installs(&binstall(test, &test.page()?)?)?;
    let shell = test.shell()?;
    let root = test.home().join(".cargo");
    let command = cmd!(shell, "cargo uninstall --root {root} weft");
    cmd::run_quietly(command, "remove the program", 6)?;
    ensure!(!program(test).exists(), "the program is still there");
    Ok(())
}

/// Serves the release with another archive.
fn page_with_archive(test: &InstallContext<'_>, change: impl FnOnce(&mut Vec<u8>)) -> Result<ReleasePage> {
    test.changed_page(|release| {
        let archive = release.join(archive(release)?);
        let mut bytes = fs::read(&archive)?;
        change(&mut bytes);
        Ok(fs::write(archive, bytes)?)
    })
}

/// Makes a repository and installs from it.
fn binstall(test: &InstallContext<'_>, page: &ReleasePage) -> Result<Outcome> {
    let repository = repository(test, page, VERSION)?;
    run(test, page, &repository, &["weft"])
}

/// Runs cargo-binstall with `words` for `repository`. It fails if anything is compiled.
fn run(test: &InstallContext<'_>, page: &ReleasePage, repository: &Path, words: &[&str]) -> Result<Outcome> {
    let shell = test.shell()?;
    let cargo = test.path("cargo");
    let called = test.path("called");
    // It asks cargo for the system as well, and guesses without an answer.
    let script = format!(
        "#!/bin/sh\n[ \"$1\" = -vV ] || echo \"$@\" >>'{}'\nexit 1\n",
        called.display()
    );
    replace_as(&cargo, script.as_bytes(), Mode::Program)?;
    let url = format!("file://{}", repository.display());
    let words = [&["--git", &url], words].concat();
    let outcome = test.run(test.binstall(&shell, &words, &page.url(), &cargo)?, "")?;
    ensure!(!called.exists(), "it called cargo: {}", read_text(&called)?);
    Ok(outcome)
}

/// Makes a git repository of the checkout's manifests, with uncommitted changes. The workspace gets `version` and the
/// address of `page`.
fn repository(test: &InstallContext<'_>, page: &ReleasePage, version: &str) -> Result<PathBuf> {
    let shell = test.shell()?;
    let copy = test.path(UNSEEN).join("repository");
    shell.change_dir(test.root());
    let files = revision::files(&shell, test.root())?;
    for file in files
        .into_iter()
        .filter(|file| READ.iter().any(|name| file.ends_with(name)))
    {
        let target = copy.join(&file);
        fs::create_dir_all(target.parent().context("a file is in a directory")?)?;
        fs::copy(test.root().join(&file), target)
            .with_context(|| format!("could not copy `{}`", file.display()))?;
    }
    replace(&copy, "repository", env!("CARGO_PKG_REPOSITORY"), &page.url())?;
    replace(&copy, "version", VERSION, version)?;
    shell.change_dir(&copy);
    let person = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
    for command in [
        cmd!(shell, "git init --quiet"),
        cmd!(shell, "git add --all --force"),
        cmd!(shell, "git {person...} commit --quiet --message copy"),
    ] {
        let command = command
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1");
        cmd::run_quietly(command, "make a repository", 6)?;
    }
    Ok(copy)
}

/// Replaces the value of `key` in the manifest of the workspace in `directory`.
fn replace(directory: &Path, key: &str, from: &str, to: &str) -> Result<()> {
    let manifest = directory.join("Cargo.toml");
    let text = read_text(&manifest)?;
    let line = |value: &str| format!("\n{key} = \"{value}\"\n");
    ensure!(
        text.matches(&line(from)).count() == 1,
        "the manifest of the workspace has no {key} `{from}`"
    );
    Ok(fs::write(manifest, text.replace(&line(from), &line(to)))?)
}

/// Packs a program of `target` that contains only the target's name into an archive in `release`.
fn pack(test: &InstallContext<'_>, target: Target, release: &Path) -> Result<()> {
    let shell = test.shell()?;
    let stem = format!("weft-{VERSION}-{}", target.triple());
    let parent = test.path("packed");
    fs::create_dir_all(parent.join(&stem))?;
    fs::write(parent.join(&stem).join(target.program()), target.triple())?;
    let archive = release.join(format!("{stem}.tar.gz"));
    cmd::read(
        cmd!(shell, "tar -czf {archive} -C {parent} {stem}"),
        "pack an archive",
    )
    .map(drop)
}

/// Returns the path of the installed program.
fn program(test: &InstallContext<'_>) -> PathBuf {
    test.home().join(".cargo/bin/weft")
}

/// Checks that the run installed the program.
fn installs(outcome: &Outcome) -> Result<()> {
    ensure!(outcome.exit == Some(0), "it ended with {:?}", outcome.exit);
    Ok(())
}

/// Checks that the run failed and installed nothing.
fn refused(test: &InstallContext<'_>, outcome: &Outcome) -> Result<()> {
    ensure!(
        outcome.exit.is_some_and(|exit| exit != 0),
        "it ended with {:?}",
        outcome.exit
    );
    let programs = names(&test.home().join(".cargo/bin"))?;
    ensure!(programs.is_empty(), "it installed {programs:?}");
    Ok(())
}
