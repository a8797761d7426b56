//! WAMR as the host: the `iwasm` command if there is one, and a runner of ours that is compiled from WAMR's C
//! code.
//!
//! The cases run twice: on the default WAMR, and on WAMR without reference types and bulk memory, as boards have
//! it. The first is `iwasm` if the variable `IWASM` or the `PATH` has one; the runner still runs the cases that
//! `iwasm` cannot, such as calls of exported functions.

mod c_host;

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use builds::on_demand::{OnDemand, Variant};
use devkit::{cmd, project::Project, ui};
use toolchain::{Need, Python};
use xshell::cmd;

/// The runner. It is compiled for size, as WAMR is for boards.
pub(crate) const PROGRAM: OnDemand = OnDemand {
    package: "wamr-runner",
    workspace: None,
    profile: "wamr-runner",
    first_time: "a runner with WAMR in it, once for this machine: about a minute on 2 cores",
    sources: &["xtask/wamr-runner", "crates/clawft-wasm/include"],
    prepare: |project| toolchain::ensure(project, &[Need::CxxCompiler]),
};

/// The name that the runner prints.
const RUNNER: &str = PROGRAM.package;

/// The variable with the path of `iwasm`.
const VARIABLE: &str = "IWASM";

/// A build of WAMR.
#[derive(Clone, Debug)]
pub(super) struct Wamr {
    /// Name and version, for the report of a failed case.
    pub(super) name: String,
    /// The `iwasm` command, if that runs most cases.
    iwasm: Option<PathBuf>,
    runner: PathBuf,
    /// A guest with the operations on sessions that the shipped module does not use.
    pub(super) sessions: PathBuf,
    /// The host in C, with its own WAMR.
    pub(super) c_host: PathBuf,
}

impl Wamr {
    /// Returns the program for a case, which may need `more` than `iwasm` can do.
    pub(super) fn program(&self, more: bool) -> &Path {
        self.iwasm.as_deref().filter(|_| !more).unwrap_or(&self.runner)
    }
}

/// Returns both builds of WAMR that the module has to run on.
pub(super) fn all(project: &Project) -> Result<[Wamr; 2]> {
    let found = iwasm(project)?;
    let as_it_comes = usual(project)?;
    let variables = as_it_comes.variables.clone();
    let small = Variant {
        name: "wamr-small",
        options: &["--no-default-features"],
        variables: variables.clone(),
    };
    let usual = PROGRAM.ensure_variant_built(project, &as_it_comes)?;
    let small = PROGRAM.ensure_variant_built(project, &small)?;
    let c_host = c_host::ensure_built(project, &variables)?;
    let sessions = artifacts::ensure_sessions_guest_built(project)?;
    let wamr = |iwasm, name, runner: &Path| Wamr {
        name,
        iwasm,
        runner: runner.to_owned(),
        sessions: sessions.clone(),
        c_host: c_host.clone(),
    };
    let first = match found {
        Some((iwasm, version)) => {
            ui::status(
                "Using",
                &format!(
                    "{version} (`{}`); cases that it cannot run use our runner",
                    iwasm.display()
                ),
            );
            wamr(Some(iwasm), version, &usual)
        }
        None => wamr(None, version(project, &usual)?, &usual),
    };
    Ok([first, wamr(None, version(project, &small)?, &small)])
}

/// Returns the runner with the default WAMR.
pub(crate) fn usual(project: &Project) -> Result<Variant> {
    Ok(Variant {
        name: "wamr",
        variables: variables(project)?,
        ..Variant::default()
    })
}

/// Returns the user's `iwasm` and its version; `None` if there is none.
fn iwasm(project: &Project) -> Result<Option<(PathBuf, String)>> {
    match env::var_os(VARIABLE).filter(|value| !value.is_empty()) {
        Some(chosen) => {
            let program = env::current_dir()?.join(chosen);
            let version = version(project, &program).with_context(|| {
                format!(
                    "{VARIABLE} is `{}`, which is not a working iwasm: correct it or unset it",
                    program.display()
                )
            })?;
            Ok(Some((program, version)))
        }
        None => {
            let program = PathBuf::from("iwasm");
            Ok(version(project, &program).ok().map(|version| (program, version)))
        }
    }
}

/// Returns the first line that `program` prints about its version. Fails if it is not `iwasm`.
fn version(project: &Project, program: &Path) -> Result<String> {
    let shell = project.shell()?;
    let printed = cmd::output(cmd!(shell, "{program} --version"), "ask WAMR for its version")?;
    ensure!(
        printed.status.success(),
        "`{} --version` ended with {}",
        program.display(),
        printed.status
    );
    let printed = String::from_utf8_lossy(&printed.stdout);
    let line = printed.lines().next().unwrap_or_default().trim();
    let known = [RUNNER, "iwasm"].iter().any(|name| line.starts_with(name));
    ensure!(known, "`{} --version` prints `{line}`", program.display());
    Ok(line.to_owned())
}

/// Returns the variables that name the compilers of WAMR's C code: cmake, ninja and libclang, from a Python
/// environment.
fn variables(project: &Project) -> Result<Vec<(&'static str, OsString)>> {
    (PROGRAM.prepare)(project)?;
    let programs = toolchain::python(project, Python::Wamr)?;
    let shell = project.shell()?;
    let python = programs.join("python3");
    let script = "import clang, pathlib; print(pathlib.Path(clang.__file__).parent / 'native')";
    let libclang = cmd::read(cmd!(shell, "{python} -c {script}"), "find libclang")?;
    // That libclang comes without compiler headers such as `stdbool.h`; the system's compiler has them.
    let headers = cmd::read(
        cmd!(shell, "cc -print-file-name=include"),
        "ask the C compiler for its headers",
    )?;
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([programs.clone()].into_iter().chain(env::split_paths(&path)))
        .context("the PATH cannot be added to")?;
    Ok(vec![
        ("PATH", path),
        ("CMAKE", programs.join("cmake").into()),
        ("CMAKE_GENERATOR", "Ninja".into()),
        ("LIBCLANG_PATH", libclang.into()),
        ("BINDGEN_EXTRA_CLANG_ARGS", format!("-idirafter {headers}").into()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses_runner_where_iwasm_cannot_run() {
        let wamr = |iwasm: Option<&str>| Wamr {
            name: String::new(),
            iwasm: iwasm.map(PathBuf::from),
            runner: "runner".into(),
            sessions: PathBuf::new(),
            c_host: PathBuf::new(),
        };
        let chosen = wamr(Some("iwasm"));
        assert_eq!(
            [chosen.program(false), chosen.program(true)],
            ["iwasm", "runner"].map(Path::new)
        );
        let none = wamr(None);
        assert_eq!(
            [none.program(false), none.program(true)],
            ["runner", "runner"].map(Path::new)
        );
    }
}
