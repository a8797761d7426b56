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

/// A place to run steps in, with the programs that they take.
pub(super) struct Stand {
    shell: Shell,
    programs: BTreeMap<&'static str, PathBuf>,
}

impl Stand {
    /// Stands in `folder`.
    ///
    /// # Errors
    /// Names all `programs` that are missing, and where they come from.
    pub(super) fn new(project: &Project, folder: &Path, programs: &[&'static str]) -> Result<Self> {
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
        shell.change_dir(folder);
        Ok(Self { shell, programs: found })
    }

    /// Takes one step after the other.
    pub(super) fn take(&self, steps: &[Step]) -> Result<()> {
        for step in steps {
            ui::status("Running", &step.words.join(" "));
            match &step.prints {
                None => cmd::run(self.command(step), &step.purpose)?,
                Some(expected) => {
                    let printed = cmd::read(self.command(step), &step.purpose)?;
                    ensure!(
                        printed.contains(expected.as_str()),
                        "could not {}: it prints `{printed}`, and not `{expected}`",
                        step.purpose
                    );
                }
            }
        }
        Ok(())
    }

    /// Takes a step, and returns what it printed.
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

/// Where a program comes from that is not ours to fetch.
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
    fn every_missing_program_is_named_with_its_source() {
        let project = Project::discover().unwrap();
        let error = Stand::new(&project, &project.root, &["no-such-program", "nor-this-one"]).err().unwrap();
        let error = error.to_string();
        assert!(error.contains("`no-such-program`: https://") && error.contains("`nor-this-one`"), "{error}");
    }

    #[test]
    #[cfg(unix)]
    fn what_a_program_prints_is_held_against_what_it_should() {
        let project = Project::discover().unwrap();
        let stand = Stand::new(&project, &project.root, &["echo"]).unwrap();
        let step = |expected: &str| Step {
            purpose: "hear an echo".to_owned(),
            words: ["echo", "weft 1.2.3 (c0ffee)"].map(str::to_owned).to_vec(),
            prints: Some(expected.to_owned()),
        };
        stand.take(&[step("weft 1.2.3")]).unwrap();
        let error = stand.take(&[step("weft 1.2.4")]).unwrap_err().to_string();
        assert_eq!(error, "could not hear an echo: it prints `weft 1.2.3 (c0ffee)`, and not `weft 1.2.4`");
    }
}
