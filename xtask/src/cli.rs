//! The command line as data: the list of the commands. The flags of each, with their help, are in the package
//! `flags`.

use clap::{Parser, Subcommand};
use flags::{
    Bench, Ci, Coverage, Dist, Docker, Fix, Fuzz, Lint, Mutants, Ready, Release, Setup, Size, Smoke, Test,
    Tool, Wasm,
};

/// Builds, shrinks, checks and releases clawft.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Every command, in the order in which a newcomer meets them.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
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
}
