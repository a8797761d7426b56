//! Plans the end-to-end cases whose name contains a text: a step for each runtime that has some.

use anyhow::Result;
use clap::ValueEnum as _;
use devkit::{package::E2E, project::Project, ui};
use flags::{Runtime, Step};

use super::steps::{Command, Planned};

/// Plans the cases whose name contains `text`. Those that need an engine, keys or an hour are only counted.
///
/// # Errors
/// Fails if the package of the cases cannot be compiled.
pub(super) fn matching(project: &Project, text: &str) -> Result<Vec<Planned>> {
    let mut steps = Vec::new();
    for runtime in Runtime::value_variants() {
        let count = count(&names(project, *runtime)?, text);
        if count > 0 {
            steps.extend(planned(*runtime, text, count));
        }
    }
    Ok(steps)
}

/// Returns the step of a runtime with `count` matching cases.
fn planned(runtime: Runtime, text: &str, count: usize) -> Option<Planned> {
    let name = runtime.name();
    let Some(step) = step(runtime) else {
        let note = format!(
            "{count} cases that need an engine, keys or an hour: `cargo xtask smoke {name} {text}` runs them"
        );
        ui::status("Skipping", &note);
        return None;
    };
    let words = ["smoke", &name, text].map(str::to_owned);
    Some(Planned {
        step,
        command: Command::Xtask(words.to_vec()),
    })
}

/// Returns the step that runs all cases of a runtime; `None` if they need an engine, keys or an hour.
fn step(runtime: Runtime) -> Option<Step> {
    match runtime {
        Runtime::Wasmtime => Some(Step::Wasmtime),
        Runtime::Host => Some(Step::Host),
        Runtime::Wamr => Some(Step::Wamr),
        Runtime::Serve => Some(Step::Serve),
        Runtime::Weft => Some(Step::Weft),
        Runtime::Replicas => Some(Step::Replicas),
        Runtime::Clients => Some(Step::Clients),
        Runtime::Diet => Some(Step::Diet),
        Runtime::Install => Some(Step::Install),
        Runtime::Corpus | Runtime::Docker | Runtime::Dockerfile | Runtime::Live => None,
    }
}

/// Returns the names of the cases of a runtime, one per line.
fn names(project: &Project, runtime: Runtime) -> Result<String> {
    let words = ["smoke", &runtime.name(), "--list"];
    E2E.read(project, words, "list the end-to-end cases")
}

fn count(names: &str, text: &str) -> usize {
    names.lines().filter(|name| name.contains(text)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_names_that_contain_the_text() {
        let names = "chat::plain\nchat::stream\nfiles::chat_log\n";
        assert_eq!(count(names, "chat::"), 2);
        assert_eq!(count(names, "chat"), 3);
        assert_eq!(count(names, "none"), 0);
    }

    #[test]
    fn a_step_runs_the_cases_of_one_runtime() {
        let step = planned(Runtime::Weft, "mcp::", 3).unwrap();
        assert_eq!(step.step, Step::Weft);
        assert_eq!(step.command.words(), "cargo xtask smoke weft mcp::");
        assert_eq!(planned(Runtime::Docker, "push", 3), None);
    }
}
