//! What each step runs: a command as one would type it.

use std::path::Path;

use clap::ValueEnum as _;
use devkit::project::Project;

use crate::cli::Step;

/// The program that a step runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// This one.
    Xtask(Vec<String>),
    /// Cargo.
    Cargo(Vec<String>),
}

/// The steps of `cargo xtask test`.
pub(super) fn tests() -> Vec<Step> {
    let others = [Step::Lint, Step::Images, Step::ComponentBench, Step::Reproducible, Step::Engine];
    Step::value_variants().iter().copied().filter(|step| !others.contains(step)).collect()
}

impl Step {
    /// Its name on the command line and in the table.
    pub(super) fn name(self) -> String {
        self.to_possible_value().expect("no step is hidden").get_name().to_owned()
    }

    /// What it runs.
    pub(super) fn command(self, project: &Project, fuzz_seconds: u64) -> Command {
        let words = match self {
            Self::Lint => "lint",
            Self::Unit => return Command::Cargo(words("test --locked --no-fail-fast")),
            Self::Wasm => "wasm --check-size --locked",
            Self::Wasmtime => "smoke wasmtime --version all",
            Self::Host => "smoke host",
            Self::Wamr => "smoke wamr",
            Self::Dist => "dist --check-size --locked",
            Self::Images => "docker --builder oci --check-size",
            Self::Weft => "smoke weft",
            Self::Page => "size report --check --html",
            Self::ComponentBench => "bench component --check",
            Self::GatewayBench => "bench gateway --check",
            Self::Coverage => "coverage",
            Self::Fuzz => "fuzz --seconds",
            Self::Reproducible => "release --verify",
            Self::Engine => "smoke docker",
        };
        let last = match self {
            Self::Page => Some(shown(project, &super::folder(project).join("size.html"))),
            Self::Fuzz => Some(fuzz_seconds.to_string()),
            Self::Reproducible => Some(shown(project, &project.dist)),
            _ => None,
        };
        Command::Xtask(words.split(' ').map(str::to_owned).chain(last).collect())
    }
}

impl Command {
    /// As one would type it.
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

/// `path` as one would type it in the workspace's root, where steps stand.
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
    fn every_step_is_a_command_that_there_is() {
        for step in Step::value_variants() {
            if let Command::Xtask(words) = step.command(&project(), 7) {
                let words = ["cargo xtask".to_owned()].into_iter().chain(words);
                Cli::try_parse_from(words).unwrap_or_else(|error| panic!("{}: {error}", step.name()));
            }
        }
    }

    #[test]
    fn a_step_is_shown_as_one_would_type_it() {
        let shown = |step: Step| step.command(&project(), 7).words();
        assert_eq!(shown(Step::Fuzz), "cargo xtask fuzz --seconds 7");
        assert_eq!(shown(Step::Reproducible), "cargo xtask release --verify target/dist");
        assert_eq!(shown(Step::Unit), "cargo test --locked --no-fail-fast");
    }
}
