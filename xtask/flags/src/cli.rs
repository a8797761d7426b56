//! The list of the commands.

use clap::{Parser, Subcommand};

use crate::{
    bench::Bench,
    ci::{Ci, Fix, Ready, Test},
    completions::Completions,
    coverage::Coverage,
    dist::Dist,
    docker::Docker,
    fuzz::Fuzz,
    lint::Lint,
    mutants::Mutants,
    release::Release,
    setup::Setup,
    size::Size,
    smoke::Smoke,
    tool::Tool,
    wasm::Wasm,
};

/// Builds, shrinks, checks and releases clawft.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    /// The command.
    pub command: Command,
}

/// Every command, in the order in which a newcomer meets them.
#[derive(Debug, Subcommand)]
#[expect(
    missing_docs,
    reason = "a doc comment here would replace the help text of the command"
)]
pub enum Command {
    Setup(Setup),
    Wasm(Wasm),
    Dist(Dist),
    Docker(Docker),
    Release(Release),
    Size(Size),
    Smoke(Smoke),
    Tool(Tool),
    Lint(Lint),
    Bench(Bench),
    Fuzz(Fuzz),
    Coverage(Coverage),
    Mutants(Mutants),
    Fix(Fix),
    Ready(Ready),
    Test(Test),
    Ci(Ci),
    Completions(Completions),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;
    use devkit::project::Project;

    use super::*;

    #[test]
    fn documents_show_existing_commands_and_options() {
        let documents = command_docs::documents(&Project::discover().unwrap().root).unwrap();
        let found = command_docs::disagreements(&Cli::command(), &documents).unwrap();
        assert!(found.is_empty(), "{}", found.join("\n"));
    }

    #[test]
    fn documents_for_developers_show_existing_commands() {
        let documents = command_docs::developer_documents(&Project::discover().unwrap().root).unwrap();
        let found = command_docs::unknown_commands(&Cli::command(), &documents).unwrap();
        assert!(documents.len() > 30 && found.is_empty(), "{}", found.join("\n"));
    }

    #[test]
    fn reference_holds_all_commands() {
        let root = Project::discover().unwrap().root;
        command_docs::check_reference(&Cli::command(), &root)
            .unwrap()
            .unwrap();
    }
}
