//! The end-to-end cases: they run everything that ships against a server on loopback. They are test targets, and
//! `cargo xtask smoke` runs them.
//!
//! Only the model is fake: a real wasmtime runs the bytes that ship, over real sockets and files, and each case
//! checks everything that a user could see.
//!
//! A case is a name, `group::case`, with a function; [`harness`] chooses cases and makes trials of them, and
//! [`report`] prints their results. The cases of the component and the module are in [`guests`], those of the native
//! command in [`weft`], those of replicas of its gateway in [`replicas`], those of the gateway's clients in
//! [`clients`], those of its images in [`docker`], those of its installation in [`install`], those of the served
//! components in [`serve`], those of the shrinker in [`diet`], and those of real providers in [`live`].
//! [`providers`] are the cases that run on all guests and on the native command. [`mcp_servers`] starts servers of
//! tools that others wrote, [`sessions`] talks to a gateway, [`small_disk`] is a disk that is soon full, and [`lint`]
//! runs clippy on the programs that are built on demand.
//!
//! The mock provider and the checks of a run are in the package `testkit`.

mod clients;
mod diet;
mod docker;
mod guests;
mod harness;
mod install;
mod lint;
mod live;
mod mcp_servers;
mod providers;
#[cfg(test)]
mod providers_page;
#[cfg(test)]
mod reliability;
mod replicas;
mod report;
mod serve;
mod sessions;
mod small_disk;
mod weft;

use std::process::ExitCode;

use anyhow::{Result, ensure};
use builds::temporary;
use clap::Parser as _;
use devkit::{project::Project, ui};
use flags::{Runtime, Smoke};
use libtest_mimic::Trial;

use self::harness::{Log, Options};
pub use self::lint::clippy;

/// Runs a test target, with libtest's flags, output and exit codes.
pub fn test_target(runtime: Runtime) -> ExitCode {
    let mut options = Options::parse();
    let log = Log::default();
    match Project::discover().and_then(|project| trials(runtime, &project, &options, &log)) {
        Ok(trials) => libtest_mimic::run(options.for_trials(at_once(runtime)), trials).exit_code(),
        Err(error) => ui::report(&error),
    }
}

/// Runs `cargo xtask smoke`: prints a line for each case on standard error, and only the counts on standard
/// output.
///
/// # Errors
/// Fails if a case fails, no case matches the filters, or the needs of the cases cannot be prepared.
pub fn smoke(project: &Project, flags: &Smoke) -> Result<()> {
    let mut options = Options::of(flags);
    let log = Log::with_lines();
    let trials = trials(flags.runtime, project, &options, &log)?;
    if flags.list {
        let names: Vec<&str> = trials.iter().map(Trial::name).collect();
        return ui::result(&names.join("\n"));
    }
    // libtest's own lines would repeat those of the log.
    let hidden = temporary::directory()?;
    options.write_to(&hidden.path().join("log"));
    let conclusion = libtest_mimic::run(options.for_trials(at_once(flags.runtime)), trials);
    report::summary(&conclusion, &log.failures())
}

/// Returns how many cases run at once. Those of a guest mostly wait for servers and clocks; those of `weft` and of
/// images compute, and more of them at once would disturb the cases about time.
fn at_once(runtime: Runtime) -> usize {
    match runtime {
        Runtime::Wasmtime | Runtime::Host | Runtime::Wamr => 4,
        Runtime::Weft
        | Runtime::Replicas
        | Runtime::Clients
        | Runtime::Install
        | Runtime::Serve
        | Runtime::Docker
        | Runtime::Diet
        | Runtime::Corpus
        | Runtime::Live => 2,
        Runtime::Dockerfile => 1,
    }
}

fn takes_seed(runtime: Runtime) -> bool {
    !matches!(
        runtime,
        Runtime::Weft
            | Runtime::Replicas
            | Runtime::Serve
            | Runtime::Docker
            | Runtime::Dockerfile
            | Runtime::Install
    )
}

/// Prepares the chosen cases, and returns them. If they are only listed, nothing is prepared.
fn trials(runtime: Runtime, project: &Project, options: &Options, log: &Log) -> Result<Vec<Trial>> {
    ensure!(
        options.version.is_none() || runtime == Runtime::Wasmtime,
        "`--version` chooses a wasmtime command, and none is run here"
    );
    ensure!(
        options.seed.is_none() || takes_seed(runtime),
        "`--seed` is for the hostile server and for random modules, and no case here is about them"
    );
    match runtime {
        Runtime::Wasmtime => guests::cases::wasmtime_trials(project, options, log),
        Runtime::Host => guests::cases::host_trials(project, options, log),
        Runtime::Wamr => guests::cases::wamr_trials(project, options, log),
        Runtime::Weft => weft::trials(project, options, log),
        Runtime::Replicas => replicas::trials(project, options, log),
        Runtime::Clients => clients::trials(project, options, log),
        Runtime::Install => install::trials(project, options, log),
        Runtime::Serve => serve::trials(project, options, log),
        Runtime::Docker => docker::image_trials(project, options, log),
        Runtime::Dockerfile => docker::dockerfile_trials(project, options, log),
        Runtime::Diet => diet::trials(project, options, log),
        Runtime::Live => live::trials(project, options, log),
        Runtime::Corpus => diet::corpus_trials(project, options, log),
    }
}
