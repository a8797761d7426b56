//! The test suite of the WebAssembly specification and its proposals, with every module shrunk.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use anyhow::{Context as _, Result, ensure};
use builds::{on_demand::OnDemand, temporary};
use devkit::{cmd, project::Project, ui};
use xshell::{Shell, cmd};

use super::context::DietContext;

/// The name of the case.
pub(super) const NAME: &str = "spec::suite_passes_with_shrunk_modules";

/// The program that takes the modules out of the suite, and puts others in their place.
const PROGRAM: OnDemand = OnDemand {
    package: "spec-suite",
    workspace: None,
    profile: "dev",
    first_time: "the specification's test suite: half a minute on 2 cores",
    sources: &["xtask/spec-suite"],
    prepare: |_| Ok(()),
};

/// The fewest scripts that wasmtime passes as they are. Those without modules are none to it.
const FEWEST: usize = 300;

/// Shrinks every module of the suite, and runs the scripts that pass with the original ones.
pub(super) fn check(context: &DietContext, project: &Project) -> Result<()> {
    let directory = temporary::directory()?;
    let directory = directory.path();
    let program = PROGRAM.ensure_built(project)?;
    let suite = |command: &str| {
        let shell = Shell::new().context("could not find the current directory")?;
        cmd::run(
            cmd!(shell, "{program} {command} {directory}"),
            "take the specification's test suite apart",
        )
    };
    suite("split")?;
    let modules = with_ending(directory, ".wasm")?;
    let beside = directory.join("changed");
    fs::create_dir(&beside).context("could not make a directory")?;
    let changed = |path: &Path| beside.join(path.file_name().unwrap_or_default());
    let optimised = AtomicUsize::new(0);
    for_each(&modules, |module| {
        let account = context.shrink(module, &changed(module), &[])?;
        optimised.fetch_add(
            usize::from(account["modules"][0]["outcome"] == "optimised"),
            Ordering::Relaxed,
        );
        Ok(())
    })?;
    let scripts = with_ending(directory, ".wast")?;
    suite("join")?;
    let passed = AtomicUsize::new(0);
    for_each(&scripts, |script| {
        if context.run_script(script).is_ok() {
            context
                .run_script(&changed(script))
                .context("it passes with the original modules")?;
            passed.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    })?;
    let (passed, optimised) = (passed.into_inner(), optimised.into_inner());
    ui::status(
        "Compared",
        &format!(
            "{passed} of {} scripts with {} modules, {optimised} optimised",
            scripts.len(),
            modules.len()
        ),
    );
    ensure!(
        passed >= FEWEST && optimised * 4 > modules.len(),
        "only {passed} scripts pass as they are, and {optimised} modules were optimised"
    );
    Ok(())
}

fn with_ending(directory: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(ending) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Does something for each path, on every processor. Fails with all that failed.
fn for_each(paths: &[PathBuf], act: impl Fn(&Path) -> Result<()> + Sync) -> Result<()> {
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    let work = || {
        while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(error) = act(path) {
                let name = path.file_name().unwrap_or_default().display();
                let mut failures = failures.lock().unwrap_or_else(PoisonError::into_inner);
                failures.push(format!("{name}: {error:#}"));
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    ensure!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}
