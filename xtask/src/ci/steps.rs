//! The command of each step, as one would type it, and the tier that a step belongs to.

use std::path::Path;

use clap::ValueEnum as _;
use devkit::project::Project;

use crate::cli::Step;

/// The program that a step runs, with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// This program.
    Xtask(Vec<String>),
    /// Cargo.
    Cargo(Vec<String>),
}

/// A step with its command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Planned {
    pub(super) step: Step,
    pub(super) command: Command,
}

impl Step {
    /// Returns the name on the command line and in the table.
    pub(super) fn name(self) -> String {
        self.to_possible_value().expect("no step is hidden").get_name().to_owned()
    }

    /// Returns whether the step runs with `--full` only.
    pub(super) fn is_long(self) -> bool {
        self >= Self::Releases
    }

    /// Returns the step with its usual command.
    pub(super) fn planned(self, project: &Project, fuzz_seconds: u64) -> Planned {
        Planned { step: self, command: self.command(project, fuzz_seconds) }
    }

    fn command(self, project: &Project, fuzz_seconds: u64) -> Command {
        let words = match self {
            Self::Lint => "lint",
            Self::Unit => return Command::Cargo(words("test --locked --no-fail-fast")),
            Self::Wasm => "wasm --check-size --locked",
            Self::Wasmtime => "smoke wasmtime",
            Self::Host => "smoke host",
            Self::Wamr => "smoke wamr",
            Self::Dist => "dist --check-size --locked",
            Self::Images => "docker --builder oci --check-size",
            Self::Weft => "smoke weft",
            Self::Page => "size report --check --html",
            Self::Fuzz => "fuzz --seconds",
            Self::Engine => "smoke docker",
            Self::Releases => "smoke wasmtime --version all",
            Self::ComponentBench => "bench component --check",
            Self::GatewayBench => "bench gateway --check",
            Self::Coverage => "coverage",
            Self::Reproducible => "release --verify",
            Self::Mutants => "mutants",
        };
        let last = match self {
            Self::Page => Some(shown(project, &super::directory(project).join("size.html"))),
            Self::Fuzz => Some(fuzz_seconds.to_string()),
            Self::Reproducible => Some(shown(project, &project.dist)),
            _ => None,
        };
        Command::Xtask(words.split(' ').map(str::to_owned).chain(last).collect())
    }
}

impl Command {
    /// Returns the command as one would type it.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Xtask(words) => format!("cargo xtask {}", words.join(" ")),
            Self::Cargo(words) => format!("cargo {}", words.join(" ")),
        }
    }
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

/// Returns `path` relative to the workspace's root, where steps run.
fn shown(project: &Project, path: &Path) -> String {
    path.strip_prefix(&project.root).unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::Cli;

    fn project() -> Project {
        Project {
            root: "/clawft".into(),
            target: "/clawft/target".into(),
            dist: "/clawft/target/dist".into(),
            cache: "/cache".into(),
        }
    }

    #[test]
    fn every_step_is_a_known_command() {
        for step in Step::value_variants() {
            if let Command::Xtask(words) = step.command(&project(), 7) {
                let words = ["cargo xtask".to_owned()].into_iter().chain(words);
                Cli::try_parse_from(words).unwrap_or_else(|error| panic!("{}: {error}", step.name()));
            }
        }
    }

    #[test]
    fn shows_a_step_as_one_would_type_it() {
        let shown = |step: Step| step.command(&project(), 7).words();
        assert_eq!(shown(Step::Fuzz), "cargo xtask fuzz --seconds 7");
        assert_eq!(shown(Step::Reproducible), "cargo xtask release --verify target/dist");
        assert_eq!(shown(Step::Unit), "cargo test --locked --no-fail-fast");
    }

    #[test]
    fn help_marks_exactly_the_long_steps() {
        for step in Step::value_variants() {
            let value = step.to_possible_value().unwrap();
            let marked = value.get_help().is_some_and(|help| help.to_string().starts_with("Full tier: "));
            assert_eq!(marked, step.is_long(), "{}", step.name());
        }
    }
}
