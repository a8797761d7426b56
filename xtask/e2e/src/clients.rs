//! The clients that people use, from the package registries, through `weft gateway`: each runs its ordinary uses.
//!
//! Modules in reading order: [`client`] lists the clients, [`fixture`] holds what all cases share, [`context`] runs
//! one client, [`record`] holds the results, and [`page`] makes `docs/clients.md` from them.

mod client;
mod context;
mod fixture;
mod page;
mod record;

use std::sync::Arc;

use anyhow::Result;
use devkit::{project::Project, ui};
use libtest_mimic::Trial;

use self::{
    client::{CLIENTS, Client},
    fixture::Fixture,
};
use super::harness::{self, Log, Options};

/// Prepares the cases, one for each client.
pub(super) fn trials(project: &Project, options: &Options, log: &Log) -> Result<Vec<Trial>> {
    let clients = options.choose(CLIENTS.iter().collect(), |client| client.case)?;
    if options.list() {
        return Ok(harness::listed(clients.iter().map(|client| client.case)));
    }
    let fixture = Arc::new(Fixture::prepare(project, options.keep)?);
    ui::status("Running", &format!("the clients ({})", clients.len()));
    let trial = |client: &'static Client| {
        let fixture = Arc::clone(&fixture);
        log.trial(client.case.to_owned(), move || fixture.attempt(client))
    };
    Ok(clients.into_iter().map(trial).collect())
}
