//! The clients that people use, from the package registries, through `weft gateway`: each runs its ordinary uses.
//!
//! Modules in reading order: [`client`] lists the clients, [`fixture`] holds what all cases share, [`context`] runs
//! one client, [`record`] holds the results, and [`page`] makes `docs/clients.md` from them. [`openapi`] tries the
//! description of the API.

mod client;
mod context;
mod fixture;
mod openapi;
mod page;
mod record;

use std::sync::Arc;

use anyhow::Result;
use devkit::{project::Project, ui};
use libtest_mimic::Trial;

pub(super) use self::fixture::released;
use self::{
    client::{CLIENTS, Client},
    context::ClientContext,
    fixture::Fixture,
};
use super::{
    harness::{self, Log, Options},
    report::Failure,
};

/// A case of this runtime.
#[derive(Clone, Copy, Debug)]
enum Case {
    /// The uses of a client.
    Client(&'static Client),
    /// The description of the API.
    Openapi,
}

/// Prepares the cases, one for each client.
pub(super) fn trials(project: &Project, options: &Options, log: &Log) -> Result<Vec<Trial>> {
    let all = CLIENTS.iter().map(Case::Client).chain([Case::Openapi]);
    let cases = options.choose(all.collect(), |case| case.name())?;
    if options.list() {
        return Ok(harness::listed(cases.iter().map(Case::name)));
    }
    let fixture = Arc::new(Fixture::prepare(project, options.keep)?);
    ui::status("Running", &format!("the clients ({})", cases.len()));
    let trial = |case: Case| {
        let fixture = Arc::clone(&fixture);
        log.trial(case.name().to_owned(), move || case.attempt(&fixture))
    };
    Ok(cases.into_iter().map(trial).collect())
}

impl Case {
    fn name(&self) -> &'static str {
        match self {
            Self::Client(client) => client.case,
            Self::Openapi => openapi::NAME,
        }
    }

    /// Runs the case in its own context. For a client, compares the results with the record.
    fn attempt(&self, fixture: &Fixture) -> Result<(), Failure> {
        let test = ClientContext::new(fixture, self.name())?;
        let tried = match self {
            Self::Client(client) => test
                .run(client)
                .and_then(|found| fixture.results.check(client, found)),
            Self::Openapi => openapi::check(&test),
        };
        tried.map_err(|error| Failure {
            error,
            seen: test.seen(),
        })
    }
}
