//! Runs a linter: it prints nothing if there are no findings, else the findings are the error.

use anyhow::{Result, bail};
use devkit::cmd;
use xshell::Cmd;

/// Runs the linter `cmd`, which ends with an exit code other than 0 if it has findings.
///
/// # Errors
///
/// Fails with the linter's output: its findings, each with file and line, or the reason why it could not run.
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
    fn returns_findings_as_the_error() {
        let shell = Shell::new().unwrap();
        let cargo = env!("CARGO");
        assert!(expect_nothing(cmd!(shell, "{cargo} --version"), "cargo").is_ok());
        let error = expect_nothing(cmd!(shell, "{cargo} no-such-command"), "cargo")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("cargo ended with") && error.contains("no-such-command"),
            "{error}"
        );
    }
}
