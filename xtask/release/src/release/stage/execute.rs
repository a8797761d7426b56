//! Runs the steps.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Result, bail, ensure};
use devkit::{cmd, project::Project, ui};
use toolchain::Tool;
use xshell::{Cmd, Shell, cmd};

use super::steps::Step;

/// A directory to run steps in, with the programs that they need.
pub(super) struct StepRunner {
    shell: Shell,
    programs: BTreeMap<&'static str, PathBuf>,
}

impl StepRunner {
    /// Prepares to run steps in `directory`.
    ///
    /// # Errors
    /// Names all missing `programs`, and where to get them.
    pub(super) fn new(project: &Project, directory: &Path, programs: &[&'static str]) -> Result<Self> {
        let (mut found, mut missing) = (BTreeMap::new(), Vec::new());
        for &name in programs {
            let program = match name {
                "wasmtime" => Some(toolchain::tool(project, Tool::Wasmtime)?),
                "wkg" => Some(toolchain::tool(project, Tool::Wkg)?),
                _ => toolchain::on_path(name),
            };
            match program {
                Some(program) => drop(found.insert(name, program)),
                None => missing.push(format!("`{name}`: {}", source(name))),
            }
        }
        if !missing.is_empty() {
            bail!("programs are missing\n{}", missing.join("\n"));
        }
        let shell = project.shell()?;
        shell.change_dir(directory);
        Ok(Self {
            shell,
            programs: found,
        })
    }

    /// Runs the steps in order.
    pub(super) fn run(&self, steps: &[Step]) -> Result<()> {
        for step in steps {
            ui::status("Running", &step.words.join(" "));
            match &step.prints {
                None => cmd::run(self.command(step), &step.purpose)?,
                Some(expected) => {
                    let printed = cmd::read(self.command(step), &step.purpose)?;
                    ensure!(
                        printed.contains(expected.as_str()),
                        "could not {}: it printed `{printed}`, not `{expected}`",
                        step.purpose
                    );
                }
            }
        }
        Ok(())
    }

    /// Runs a step, and returns whether it succeeds.
    pub(super) fn succeeds(&self, step: &Step) -> Result<bool> {
        ui::status("Running", &step.words.join(" "));
        Ok(cmd::output(self.command(step), &step.purpose)?.status.success())
    }

    /// Runs a step and returns its output.
    pub(super) fn read(&self, step: &Step) -> Result<String> {
        ui::status("Running", &step.words.join(" "));
        cmd::read(self.command(step), &step.purpose)
    }

    fn command(&self, step: &Step) -> Cmd<'_> {
        let (name, words) = step.words.split_first().expect("a step names its program");
        let program = &self.programs[name.as_str()];
        cmd!(self.shell, "{program} {words...}")
    }
}

/// Returns the address of a program that the toolchain does not download.
fn source(name: &str) -> &'static str {
    match name {
        "cosign" => "https://docs.sigstore.dev/cosign/system_config/installation/",
        "gh" => "https://cli.github.com",
        _ => "https://docs.docker.com/engine/install/",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_every_missing_program_with_source() {
        let project = Project::discover().unwrap();
        let error = StepRunner::new(&project, &project.root, &["no-such-program", "nor-this-one"])
            .err()
            .unwrap();
        let error = error.to_string();
        assert!(
            error.contains("`no-such-program`: https://") && error.contains("`nor-this-one`"),
            "{error}"
        );
    }

    #[test]
    #[cfg(unix)]
    fn compares_output_with_the_expected_one() {
        let project = Project::discover().unwrap();
        let runner = StepRunner::new(&project, &project.root, &["echo"]).unwrap();
        let step = |expected: &str| Step {
            purpose: "hear an echo".to_owned(),
            words: ["echo", "weft 1.2.3 (c0ffee)"].map(str::to_owned).to_vec(),
            prints: Some(expected.to_owned()),
        };
        runner.run(&[step("weft 1.2.3")]).unwrap();
        let error = runner.run(&[step("weft 1.2.4")]).unwrap_err().to_string();
        assert_eq!(
            error,
            "could not hear an echo: it printed `weft 1.2.3 (c0ffee)`, not `weft 1.2.4`"
        );
    }
}
