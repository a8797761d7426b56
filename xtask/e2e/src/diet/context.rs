//! The programs of a case.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use builds::files;
use devkit::{cmd, project::Project};
use flags::values::Tool;
use serde_json::Value;
use xshell::{Shell, cmd};

use super::inputs::Input;

/// The command under test, and the programs that judge its results.
#[derive(Debug)]
pub(super) struct DietContext {
    root: PathBuf,
    target: PathBuf,
    diet: PathBuf,
    wasm_tools: PathBuf,
    wasmtime: PathBuf,
}

impl DietContext {
    /// Builds and finds the programs.
    pub(super) fn prepare(project: &Project) -> Result<Self> {
        Ok(Self {
            root: project.root.clone(),
            target: project.target.clone(),
            diet: artifacts::ensure_diet_built(project)?,
            wasm_tools: toolchain::tool(project, Tool::WasmTools)?,
            wasmtime: toolchain::tool(project, Tool::Wasmtime)?,
        })
    }

    /// Returns the root of the checkout.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the directory for compiled code.
    pub(super) fn target(&self) -> &Path {
        &self.target
    }

    /// Returns the command under test.
    pub(super) fn program(&self) -> &Path {
        &self.diet
    }

    fn shell(&self) -> Result<Shell> {
        let shell = Shell::new().context("could not find the current directory")?;
        shell.change_dir(&self.root);
        shell.set_var("WASM_OPT", "");
        Ok(shell)
    }

    /// Writes the binary of a WebAssembly text.
    pub(super) fn parse(&self, text: &str, output: &Path) -> Result<()> {
        let shell = self.shell()?;
        let tools = &self.wasm_tools;
        let parse = cmd!(shell, "{tools} parse - -o {output}").stdin(text);
        cmd::run(parse, "make a binary of the text")
    }

    /// Shrinks a file, and returns the account.
    pub(super) fn shrink(&self, input: &Path, output: &Path, options: &[&str]) -> Result<Value> {
        let shell = self.shell()?;
        let diet = &self.diet;
        let shrink = cmd!(
            shell,
            "{diet} shrink {input} -o {output} --json --quiet {options...}"
        );
        let account = cmd::read(shrink.ignore_stderr(), "shrink the file")?;
        serde_json::from_str(&account).context("the account is not JSON")
    }

    /// Validates a file with exactly these features.
    pub(super) fn validate(&self, path: &Path, features: &str) -> Result<()> {
        let shell = self.shell()?;
        let tools = &self.wasm_tools;
        let validate = cmd!(shell, "{tools} validate --features {features} {path}");
        cmd::run(validate, "validate the result")
    }

    /// Calls the function of the input, and returns the printed results or the reason of the trap.
    pub(super) fn invoke(&self, path: &Path, input: &Input) -> Result<String> {
        let shell = self.shell()?;
        let wasmtime = &self.wasmtime;
        let (invoke, arguments) = (input.invoke, input.arguments);
        let run = cmd!(
            shell,
            "{wasmtime} run -W all-proposals=y --invoke {invoke} {path} {arguments...}"
        );
        let output = cmd::output(run, "call the function")?;
        let errors = String::from_utf8_lossy(&output.stderr);
        if let Some((_, trap)) = errors.split_once("wasm trap: ") {
            return Ok(format!("trap: {}", trap.lines().next().unwrap_or_default()));
        }
        ensure!(output.status.success(), "wasmtime failed: {errors}");
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Runs a script of the specification's test suite.
    pub(super) fn run_script(&self, path: &Path) -> Result<()> {
        let shell = self.shell()?;
        let wasmtime = &self.wasmtime;
        cmd::run_quietly(
            cmd!(shell, "{wasmtime} wast -W all-proposals=y {path}"),
            "run a script of the specification's tests",
            6,
        )
    }

    /// Makes a component of a core module for WASI preview 1.
    pub(super) fn componentize(&self, module: &Path, adapter: &Path, output: &Path) -> Result<()> {
        let shell = self.shell()?;
        let tools = &self.wasm_tools;
        let adapter = format!("wasi_snapshot_preview1={}", adapter.display());
        let new = cmd!(
            shell,
            "{tools} component new {module} --adapt {adapter} -o {output}"
        );
        cmd::run(new, "make a component with the adapter")
    }

    /// Runs a command, and returns the text that it prints.
    pub(super) fn run(&self, path: &Path) -> Result<String> {
        let shell = self.shell()?;
        let wasmtime = &self.wasmtime;
        cmd::read(cmd!(shell, "{wasmtime} run {path}"), "run the component")
    }

    /// Returns the interfaces of a component, as text, or the reason why it cannot be text: WIT has no core modules.
    pub(super) fn interfaces(&self, path: &Path) -> Result<String> {
        let shell = self.shell()?;
        let tools = &self.wasm_tools;
        let output = cmd::output(
            cmd!(shell, "{tools} component wit {path}"),
            "print the interfaces",
        )?;
        Ok([output.stdout, output.stderr]
            .map(|text| String::from_utf8_lossy(&text).into_owned())
            .concat())
    }

    /// Returns whether a file is a component.
    pub(super) fn is_component(&self, path: &Path) -> Result<bool> {
        Ok(files::read(path)?.get(4..8) == Some(&[0x0d, 0, 1, 0]))
    }

    /// Returns the size of a file.
    pub(super) fn size(&self, path: &Path) -> Result<usize> {
        Ok(files::read(path)?.len())
    }
}
