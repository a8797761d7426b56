//! The command of each step, as on the command line, and the tier of the step.

use std::path::Path;

use devkit::project::Project;
use flags::Step;

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

/// Returns the step with its usual command.
pub(super) fn planned(step: Step, project: &Project, fuzz_seconds: u64) -> Planned {
    Planned {
        step,
        command: command(step, project, fuzz_seconds),
    }
}

fn command(step: Step, project: &Project, fuzz_seconds: u64) -> Command {
    let words = match step {
        Step::Lint => "lint",
        Step::Unit => return Command::Cargo(words("test --locked --no-fail-fast")),
        Step::Wasm => "wasm --check-size --locked",
        Step::Wasmtime => "smoke wasmtime",
        Step::Host => "smoke host",
        Step::Wamr => "smoke wamr",
        Step::Serve => "smoke serve wasmtime_36 wasmtime_42 wasmtime_49 embedded jco",
        Step::Dist => "dist --check-size --locked --target linux-amd64 --target linux-arm64",
        Step::Images => "docker --builder oci --check-size",
        Step::Weft => "smoke weft",
        Step::Replicas => "smoke replicas store:: keys:: outage:: crash::short",
        Step::Clients => "smoke clients openai_python anthropic openai_node vercel",
        Step::Diet => "smoke diet shrink:: adapter:: random:: action::checks",
        Step::Page => "size report --check --html",
        Step::Fuzz => "fuzz --seconds",
        Step::Engine => "smoke docker",
        Step::Releases => "smoke wasmtime --version all",
        Step::Hosts => "smoke serve wash",
        Step::Corpus => "smoke corpus",
        Step::Platforms => "dist --check-size --locked",
        Step::Install => "smoke install",
        Step::Crash => "smoke replicas crash::full",
        Step::AllClients => "smoke clients",
        Step::AllDiet => "smoke diet",
        Step::ComponentBench => "bench component --check",
        Step::GatewayBench => "bench gateway --check",
        Step::DietBench => "bench diet --check",
        Step::ServeBench => "bench serve --check",
        Step::Coverage => "coverage",
        Step::Reproducible => "release --verify",
        Step::Dockerfile => "smoke dockerfile",
        Step::Mutants => "mutants",
    };
    let last = match step {
        Step::Page => Some(shown(project, &super::directory(project).join("size.html"))),
        Step::Fuzz => Some(fuzz_seconds.to_string()),
        Step::Reproducible => Some(shown(project, &project.dist)),
        _ => None,
    };
    Command::Xtask(words.split(' ').map(str::to_owned).chain(last).collect())
}

impl Command {
    /// Returns the command as on the command line.
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
    path.strip_prefix(&project.root)
        .unwrap_or(path)
        .display()
        .to_string()
}

#[cfg(test)]
mod tests {
    use clap::{Parser as _, ValueEnum as _};
    use flags::Cli;

    use super::*;

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
            if let Command::Xtask(words) = command(*step, &project(), 7) {
                let words = ["cargo xtask".to_owned()].into_iter().chain(words);
                Cli::try_parse_from(words).unwrap_or_else(|error| panic!("{}: {error}", step.name()));
            }
        }
    }

    #[test]
    fn shows_step_as_on_the_command_line() {
        let shown = |step: Step| command(step, &project(), 7).words();
        assert_eq!(shown(Step::Fuzz), "cargo xtask fuzz --seconds 7");
        assert_eq!(
            shown(Step::Reproducible),
            "cargo xtask release --verify target/dist"
        );
        assert_eq!(shown(Step::Unit), "cargo test --locked --no-fail-fast");
    }
}
