//! rustup's toolchains of other releases of Rust, for programs that ours does not compile.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use builds::progress;
use devkit::cmd;
use xshell::{Shell, cmd};

/// Returns the `rustc` of `release`, such as `1.85.1`. rustup downloads the toolchain if it does not have it.
pub(super) fn from_rustup(shell: &Shell, release: &str) -> Result<PathBuf> {
    if let Ok(rustc) = installed(shell, release) {
        return Ok(rustc);
    }
    let install = cmd!(
        shell,
        "rustup toolchain install {release} --profile minimal --no-self-update"
    );
    progress::show("Asking", &format!("rustup for Rust {release}"), || {
        cmd::run_quietly(install.env("RUST_BACKTRACE", "0"), "get it from rustup", 8)
    })?;
    installed(shell, release)
}

/// Returns the `rustc` of a toolchain that rustup has.
fn installed(shell: &Shell, release: &str) -> Result<PathBuf> {
    let which = cmd!(shell, "rustup which --toolchain {release} rustc");
    // It must not begin a download here.
    let which = which.quiet().ignore_stderr().env("RUSTUP_AUTO_INSTALL", "0");
    let rustc = PathBuf::from(cmd::read(which, "ask rustup for a toolchain")?);
    ensure!(rustc.is_file(), "there is no `{}`", rustc.display());
    Ok(rustc)
}

#[cfg(all(test, unix))]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

    use super::*;

    /// Returns a shell whose `rustup` is this script, in `directory`.
    fn with_rustup(directory: &Path, script: &str) -> Shell {
        let rustup = directory.join("rustup");
        fs::write(&rustup, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&rustup, fs::Permissions::from_mode(0o755)).unwrap();
        let shell = Shell::new().unwrap();
        shell.set_var("PATH", format!("{}:/usr/bin:/bin", directory.display()));
        shell
    }

    #[test]
    fn rustup_installs_a_release_once() {
        let directory = tempfile::tempdir().unwrap();
        let (rustc, log) = (directory.path().join("rustc"), directory.path().join("log"));
        let script = format!(
            "echo $1 $2 $3 >>{log}\n[ $1 = which ] && [ -f {rustc} ] && echo {rustc} && exit\n\
             [ $1 = toolchain ] && : >{rustc}",
            log = log.display(),
            rustc = rustc.display()
        );
        let shell = with_rustup(directory.path(), &script);
        for _ in 0..2 {
            assert_eq!(from_rustup(&shell, "1.85.1").unwrap(), rustc);
        }
        let log = fs::read_to_string(log).unwrap();
        assert_eq!(log.matches("toolchain install 1.85.1\n").count(), 1, "{log}");
    }

    #[test]
    fn error_shows_why_rustup_has_not_installed_it() {
        let directory = tempfile::tempdir().unwrap();
        let shell = with_rustup(directory.path(), "echo 'error: could not download' >&2; exit 1");
        let error = format!("{:#}", from_rustup(&shell, "1.85.1").unwrap_err());
        assert!(error.contains("could not download"), "{error}");
    }
}
