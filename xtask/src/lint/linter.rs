//! Running a linter: silent where it finds nothing, else what it found is the error.

use anyhow::{Result, bail};
use devkit::cmd;
use xshell::Cmd;

/// Runs the linter `cmd`, which ends with an exit code other than 0 where it finds something.
///
/// # Errors
///
/// What it printed: its findings, each with its file and line, or why it could not look.
pub(super) fn expect_nothing(cmd: Cmd<'_>, name: &str) -> Result<()> {
    let output = cmd::output(cmd, &format!("run {name}"))?;
    if output.status.success() {
        return Ok(());
    }
    let printed =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
    let printed: Vec<String> = printed.into_iter().filter(|text| !text.is_empty()).collect();
    bail!("{name} ended with {}\n\n{}\n", output.status, printed.join("\n"))
}

#[cfg(test)]
mod tests {
    use xshell::{Shell, cmd};

    use super::*;

    #[test]
    fn findings_are_the_error() {
        let shell = Shell::new().unwrap();
        let cargo = env!("CARGO");
        assert!(expect_nothing(cmd!(shell, "{cargo} --version"), "cargo").is_ok());
        let error = expect_nothing(cmd!(shell, "{cargo} no-such-command"), "cargo").unwrap_err().to_string();
        assert!(error.contains("cargo ended with") && error.contains("no-such-command"), "{error}");
    }
}
