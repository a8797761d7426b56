//! The packages of this workspace that do the work of commands. Each is compiled when it is needed, so that
//! nobody waits for the libraries of a command that they do not run.

use std::{
    ffi::OsStr,
    io::{self, BufRead as _, BufReader},
    path::PathBuf,
    process::{ExitCode, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use xshell::{Shell, cmd};

use crate::{
    cargo::{Artifact, cargo},
    cmd,
    project::Project,
    ui,
};

/// The package of `cargo xtask wasm` and `cargo xtask size`.
pub const ARTIFACTS: Package = Package {
    name: "artifacts",
    first_time: "about a minute on 2 cores",
};

/// The package of `cargo xtask bench`.
pub const BENCH: Package = Package {
    name: "bench",
    first_time: "about a minute on 2 cores",
};

/// The package of `cargo xtask lint`, `ci`, `test`, `ready`, `fix`, `coverage`, `mutants` and `fuzz`.
pub const CHECKS: Package = Package {
    name: "checks",
    first_time: "half a minute on 2 cores",
};

/// The package of `cargo xtask smoke`.
pub const E2E: Package = Package {
    name: "e2e",
    first_time: "about a minute on 2 cores",
};

/// The package of `cargo xtask docker`.
pub const IMAGE: Package = Package {
    name: "image",
    first_time: "about a minute on 2 cores",
};

/// The package of `cargo xtask dist` and `cargo xtask release`.
pub const RELEASE: Package = Package {
    name: "release",
    first_time: "about a minute on 2 cores",
};

/// The package of `cargo xtask setup`, `cargo xtask tool` and `cargo xtask completions`.
pub const TOOLCHAIN: Package = Package {
    name: "toolchain",
    first_time: "half a minute on 2 cores",
};

/// The package of `cargo xtask` itself, for packages that need the work of another command.
pub const XTASK: Package = Package {
    name: "xtask",
    first_time: "about 10 s on 2 cores",
};

/// A package with one program, both of the same name.
#[derive(Clone, Copy, Debug)]
pub struct Package {
    /// The name.
    pub name: &'static str,
    /// The time that the first compilation of the package and its dependencies takes.
    pub first_time: &'static str,
}

impl Package {
    /// Brings the program up to date in the workspace's target directory, and returns its path. Prints a
    /// message if dependencies have to be compiled for that; the package alone takes seconds.
    ///
    /// # Errors
    /// Fails if the package cannot be compiled, or `Cargo.lock` would have to change.
    pub fn ensure_built(&self, project: &Project) -> Result<PathBuf> {
        let Self { name, first_time } = self;
        let shell = project.shell()?;
        let purpose = format!("build the package `{name}`");
        let build = cargo(&shell, "build")
            .args(["--quiet", "--package", name, "--bin", name])
            .args(["--message-format", "json-render-diagnostics", "--target-dir"])
            .arg(&project.target);
        let mut cargo = cmd::spawn(build, [Stdio::null(), Stdio::piped(), Stdio::inherit()], &purpose)?;
        let messages = cargo.stdout.take().context("cargo has no standard output")?;
        let (mut announced, mut program) = (false, None);
        for line in BufReader::new(messages).lines() {
            let line = line.context("could not read cargo's messages")?;
            let Some(artifact) = Artifact::parse(&line)? else {
                continue;
            };
            if !artifact.fresh && artifact.executable.is_none() && !announced {
                ui::status(
                    "Building",
                    &format!("the package `{name}`; the first time takes {first_time}"),
                );
                announced = true;
            }
            program = artifact.executable.or(program);
        }
        let status = cargo.wait().with_context(|| format!("could not {purpose}"))?;
        ensure!(status.success(), "could not {purpose}: cargo ended with {status}");
        program.with_context(|| format!("the package `{name}` has no program"))
    }

    /// Runs the program with `arguments` in the user's directory, on our own standard streams. On Unix this
    /// process becomes the program. Returns its exit code.
    ///
    /// # Errors
    /// Fails if the package cannot be compiled or started.
    pub fn start<S: AsRef<OsStr>>(
        &self,
        project: &Project,
        arguments: impl IntoIterator<Item = S>,
    ) -> Result<ExitCode> {
        let program = self.ensure_built(project)?;
        // Paths among the arguments may be relative.
        let shell = Shell::new().context("could not find the current directory")?;
        let run = cmd!(shell, "{program}").args(arguments);
        let status = cmd::replace(run, &format!("run the package `{}`", self.name))?;
        let code = status.code().and_then(|code| u8::try_from(code).ok());
        Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
    }

    /// Runs the program with `arguments` in the user's directory. Its standard output goes to standard error,
    /// because it is not the result of this command.
    ///
    /// # Errors
    /// Fails if the package cannot be compiled or started, or if the program fails, which then has printed
    /// the reason.
    pub fn run<S: AsRef<OsStr>>(
        &self,
        project: &Project,
        arguments: impl IntoIterator<Item = S>,
        purpose: &str,
    ) -> Result<()> {
        let program = self.ensure_built(project)?;
        let shell = Shell::new().context("could not find the current directory")?;
        let run = cmd!(shell, "{program}").args(arguments);
        let mut child = cmd::spawn(
            run,
            [Stdio::inherit(), io::stderr().into(), Stdio::inherit()],
            purpose,
        )?;
        let status = child.wait().with_context(|| format!("could not {purpose}"))?;
        ensure!(
            status.success(),
            "could not {purpose}: `{}` ended with {status}",
            self.name
        );
        Ok(())
    }

    /// Runs the program with `arguments` in the user's directory, and returns what it prints on standard
    /// output; standard error is shown as it comes.
    ///
    /// # Errors
    /// Fails if the package cannot be compiled or started, or if the program fails, which then has printed
    /// the reason.
    pub fn read<S: AsRef<OsStr>>(
        &self,
        project: &Project,
        arguments: impl IntoIterator<Item = S>,
        purpose: &str,
    ) -> Result<String> {
        let program = self.ensure_built(project)?;
        let shell = Shell::new().context("could not find the current directory")?;
        cmd::read(cmd!(shell, "{program}").args(arguments), purpose)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Returns a workspace with one package, which prints its arguments, one per line, and fails without any.
    fn workspace() -> (tempfile::TempDir, Project) {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().to_owned();
        let manifest = "[package]\nname = \"tiny\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n";
        let program = "fn main() {\n    let words: Vec<String> = std::env::args().skip(1).collect();\n    \
                       println!(\"{}\", words.join(\"\\n\"));\n    std::process::exit(if words.is_empty() { 3 } else { 0 });\n}\n";
        fs::create_dir(root.join("src")).unwrap();
        fs::write(root.join("Cargo.toml"), manifest).unwrap();
        fs::write(
            root.join("Cargo.lock"),
            "version = 4\n\n[[package]]\nname = \"tiny\"\nversion = \"0.0.0\"\n",
        )
        .unwrap();
        fs::write(root.join("src/main.rs"), program).unwrap();
        let target = root.join("target");
        let project = Project {
            dist: target.join("dist"),
            cache: root.join("cache"),
            target,
            root,
        };
        (directory, project)
    }

    #[test]
    fn builds_a_program_and_passes_its_arguments_on() {
        let (_directory, project) = workspace();
        let tiny = Package {
            name: "tiny",
            first_time: "a second",
        };
        let words = ["docker", "--image", "a b", "--", "$X"];
        assert_eq!(tiny.read(&project, words, "run it").unwrap(), words.join("\n"));
        let error = tiny.read(&project, [""; 0], "run it without words").unwrap_err();
        assert_eq!(error.to_string(), "could not run it without words");
    }
}
