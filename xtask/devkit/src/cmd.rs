//! Starting other programs. Every call names its purpose, which becomes its error's context; exit codes are
//! never ignored. `clippy.toml` forbids other ways of starting a process in this package.

#![expect(
    clippy::disallowed_methods,
    reason = "this is the door that the lint points to"
)]

use std::process::{Child, Command, ExitStatus, Output, Stdio};

use anyhow::{Context as _, Result, bail};
use xshell::Cmd;

use crate::outer_cargo;

/// Runs `cmd` with its output on our own. `purpose` completes the sentence "could not …".
pub fn run(cmd: Cmd<'_>, purpose: &str) -> Result<()> {
    settled(cmd)
        .quiet()
        .run()
        .with_context(|| format!("could not {purpose}"))
}

/// Runs `cmd` and returns its standard output without the last line break; standard error is shown as it
/// comes.
pub fn read(cmd: Cmd<'_>, purpose: &str) -> Result<String> {
    settled(cmd)
        .quiet()
        .read()
        .with_context(|| format!("could not {purpose}"))
}

/// Runs `cmd` without output. If it fails, the last `tail_lines` lines of its output become part of the
/// error.
pub fn run_quietly(cmd: Cmd<'_>, purpose: &str, tail_lines: usize) -> Result<()> {
    let shown = cmd.to_string();
    let output = output(cmd, purpose)?;
    if output.status.success() {
        return Ok(());
    }
    let printed = [tail(&output.stdout, tail_lines), tail(&output.stderr, tail_lines)].concat();
    bail!(
        "could not {purpose}: `{shown}` ended with {}\n{}",
        output.status,
        printed.join("\n")
    )
}

/// Returns the last `count` lines of `printed`.
fn tail(printed: &[u8], count: usize) -> Vec<String> {
    let lines: Vec<String> = String::from_utf8_lossy(printed)
        .lines()
        .map(str::to_owned)
        .collect();
    lines[lines.len().saturating_sub(count)..].to_vec()
}

/// Runs `cmd` on our own standard streams and returns its exit status.
pub fn status(cmd: Cmd<'_>, purpose: &str) -> Result<ExitStatus> {
    Command::from(settled(cmd))
        .status()
        .with_context(|| format!("could not {purpose}"))
}

/// Returns the sentence about the program `name` if a signal has ended it, and `None` if it has exited.
pub fn crash(name: &str, status: ExitStatus) -> Option<String> {
    let signal = status.to_string().replacen("signal: ", "signal ", 1);
    let ended_itself = status.code().is_some();
    (!ended_itself).then(|| format!("`{name}` was ended by {signal}"))
}

/// Replaces this process by `cmd`, on its standard streams: on Unix the process becomes the program, so that
/// signals reach it and its exit status is ours. On other systems it is run as in [`status`].
///
/// # Errors
/// Fails if the program cannot be started.
pub fn replace(cmd: Cmd<'_>, purpose: &str) -> Result<ExitStatus> {
    #[cfg(unix)]
    {
        let error = std::os::unix::process::CommandExt::exec(&mut Command::from(settled(cmd)));
        Err(error).with_context(|| format!("could not {purpose}"))
    }
    #[cfg(not(unix))]
    status(cmd, purpose)
}

/// Runs `cmd` and returns its output, whatever its exit status.
pub fn output(cmd: Cmd<'_>, purpose: &str) -> Result<Output> {
    settled(cmd)
        .quiet()
        .ignore_status()
        .output()
        .with_context(|| format!("could not {purpose}"))
}

/// Starts `cmd` in the background with these standard streams. The caller ends it.
pub fn spawn(cmd: Cmd<'_>, [stdin, stdout, stderr]: [Stdio; 3], purpose: &str) -> Result<Child> {
    let mut command = Command::from(settled(cmd));
    let child = command.stdin(stdin).stdout(stdout).stderr(stderr).spawn();
    child.with_context(|| format!("could not {purpose}"))
}

/// Prepares every call. Cargo must not see that another cargo runs this program, and Python must not write bytecode,
/// which would change the checksum of installed packages.
fn settled(cmd: Cmd<'_>) -> Cmd<'_> {
    outer_cargo::hidden(cmd.env("PYTHONDONTWRITEBYTECODE", "1"))
}

#[cfg(all(test, unix))]
mod tests {
    use std::{
        env, fs,
        os::unix::{fs::PermissionsExt as _, process::ExitStatusExt as _},
    };

    use xshell::{Shell, cmd};

    use super::*;

    #[test]
    fn child_cargo_does_not_know_outer_one() {
        let directory = tempfile::tempdir().unwrap();
        let programs = directory.path().join("with a space");
        fs::create_dir(&programs).unwrap();
        let write = |name: &str| {
            let path = programs.join(name);
            fs::write(&path, "#!/bin/sh\nexec env\n").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
            path
        };
        // Cargo runs this test, so the variables are set. Tools that measure coverage set some of them.
        let of_cargo = [
            "CARGO_MANIFEST_DIR",
            "CARGO_MANIFEST_PATH",
            "CARGO_PKG_NAME",
            "CARGO_PKG_VERSION",
        ];
        let of_cargo: Vec<&str> = of_cargo
            .into_iter()
            .filter(|name| env::var_os(name).is_some())
            .collect();
        assert!(!of_cargo.is_empty());
        let shell = Shell::new().unwrap();
        for (name, expected) in [("cargo", 0), ("cargo-mutants", 0), ("xtask", of_cargo.len())] {
            let program = write(name);
            let printed = read(cmd!(shell, "{program} build"), "print the environment").unwrap();
            let seen = |variable: &&str| {
                printed
                    .lines()
                    .any(|line| line.split_once('=').is_some_and(|(found, _)| found == *variable))
            };
            assert_eq!(
                of_cargo.iter().filter(|it| seen(it)).count(),
                expected,
                "{name}: {printed}"
            );
        }
        let path = env::join_paths([programs]).unwrap();
        let found = cmd!(shell, "cargo help").env("PATH", path);
        let printed = output(found, "print the environment").unwrap().stdout;
        assert!(!String::from_utf8(printed).unwrap().contains("CARGO_PKG_"));
    }

    #[test]
    fn names_the_signal_that_ended_a_program() {
        let ended = |status| crash("wasmtime", ExitStatus::from_raw(status));
        assert_eq!(
            ended(9),
            Some("`wasmtime` was ended by signal 9 (SIGKILL)".to_owned())
        );
        assert_eq!(ended(1 << 8), None);
        assert_eq!(ended(0), None);
    }
}
