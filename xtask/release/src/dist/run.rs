//! Unpacks the archive for this machine, which another machine made, checks the program in it, runs it, and has the
//! script for this system install it from a release page on loopback.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, ensure};
use builds::{
    files::{Mode, read, replace_as},
    release_page::ReleasePage,
    temporary,
};
use devkit::{cmd, project::Project, ui};
use flags::values::{System, Target};
use xshell::{Shell, cmd};

use super::{
    archive,
    check::{Directories, check},
    execute::{VERSION, archive_name},
    sums,
};

/// Checks, runs and installs the program in the archive for `host` in `directory`. Prints its version.
///
/// # Errors
/// Fails if there is no archive for this machine, if its checksum differs from the one in the `SHA256SUMS` beside it,
/// or if the program must not ship, does not run, is of another version, or cannot be installed.
pub(super) fn run(project: &Project, directory: &Path, host: Option<Target>) -> Result<()> {
    let host = host.context("no release is for this kind of machine")?;
    let path = directory.join(archive_name(host));
    let bytes = read(&path)?;
    sums::agrees_with_sums(&path, &bytes)?;
    let program = archive::program(&bytes, host.program())
        .with_context(|| format!("`{}` is damaged", path.display()))?;
    check(&program, host, &Directories::new(project)?)?;
    let scratch = temporary::directory()?;
    let place = scratch.path().join(host.program());
    replace_as(&place, &program, Mode::Program)?;
    ui::status("Running", &archive_name(host));
    let shell = project.shell()?;
    let version = cmd::read(cmd!(shell, "{place} --version"), "run the released program")?;
    ensure!(
        version.starts_with(&format!("weft {VERSION} ")),
        "the released program is `{version}`, not {VERSION}"
    );
    let manual = cmd::read(
        cmd!(shell, "{place} man"),
        "have the released program print its manual",
    )?;
    ensure!(!manual.is_empty(), "the released program prints no manual");
    let installed = install(project, &shell, &path, host)?;
    ensure!(
        installed == version,
        "the installed program is `{installed}`, not `{version}`"
    );
    ui::result(&version)
}

/// Has the script for the system of `host` install the program in `archive`, and returns its version. The script is
/// started as a user starts it, and downloads from a release page on loopback.
fn install(project: &Project, shell: &Shell, archive: &Path, host: Target) -> Result<String> {
    let page = temporary::directory()?;
    fs::copy(archive, page.path().join(archive_name(host))).context("could not copy the archive")?;
    sums::write(page.path())?;
    let served = ReleasePage::serve(page.path(), VERSION)?;
    let to = temporary::directory()?;
    let script = |name: &str| project.root.join(name);
    let command = match host.system() {
        System::Linux | System::Macos => {
            let script = script("install.sh");
            cmd!(shell, "sh {script}")
        }
        System::Windows => {
            let script = script("install.ps1");
            cmd!(
                shell,
                "powershell -NoProfile -ExecutionPolicy Bypass -File {script}"
            )
        }
    };
    let command = command
        .env("WEFT_RELEASES", served.url())
        .env("WEFT_VERSION", VERSION)
        .env("WEFT_INSTALL_DIR", to.path())
        .env("WEFT_NO_PATH", "1")
        .env("NO_PROXY", "127.0.0.1");
    cmd::read(command, "install the released program")?;
    let program = to.path().join(host.program());
    cmd::read(cmd!(shell, "{program} --version"), "run the installed program")
}

#[cfg(test)]
mod tests {
    use super::{
        archive::{Entries, Entry, tar_gz},
        *,
    };
    use crate::dist::execute::archive_stem;

    const FAKE: &str = "#!/bin/sh\necho 'weft 0.0.0 (fake)'\n";

    #[test]
    fn installs_archive_with_script_of_the_system() {
        let project = Project::discover().unwrap();
        let host = Target::of_this_machine().unwrap();
        let directory = tempfile::tempdir().unwrap();
        let program = Entry {
            bytes: FAKE.into(),
            mode: Mode::Program,
        };
        let entries: Entries = [(host.program().to_owned(), program)].into();
        let stem = archive_stem(host);
        let archive = directory.path().join(archive_name(host));
        fs::write(&archive, tar_gz(&stem, &entries, 0).unwrap()).unwrap();
        let installed = install(&project, &project.shell().unwrap(), &archive, host).unwrap();
        assert_eq!(installed, "weft 0.0.0 (fake)");
        fs::write(&archive, "damaged").unwrap();
        let error = install(&project, &project.shell().unwrap(), &archive, host).unwrap_err();
        assert!(
            error.to_string().contains("install the released program"),
            "{error}"
        );
    }
}
