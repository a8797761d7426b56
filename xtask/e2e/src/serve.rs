//! The components that hosts of `wasi:http` serve, on each host.
//!
//! Modules in reading order: [`host`] lists the hosts and starts them, [`fixture`] holds what all cases share,
//! [`context`] is one host with its component, [`checks`] are the cases of each host, and `page` makes
//! `docs/serve.md` from both.

mod checks;
mod context;
mod fixture;
mod host;
#[cfg(test)]
mod page;

use std::sync::Arc;

use anyhow::Result;
use devkit::{project::Project, ui};
use libtest_mimic::Trial;

use self::{
    checks::{CHECKS, Check},
    context::ServeContext,
    fixture::Fixture,
    host::{HOSTS, Host},
};
use super::{
    harness::{self, Log, Options},
    report::Failure,
};

/// A check on a host.
#[derive(Clone, Debug)]
struct Case {
    name: String,
    host: &'static Host,
    check: &'static Check,
}

/// Prepares the cases, one for each check of each host.
pub(super) fn trials(project: &Project, options: &Options, log: &Log) -> Result<Vec<Trial>> {
    let cases = options.choose(all(), |case| &case.name)?;
    if options.list() {
        return Ok(harness::listed(cases.into_iter().map(|case| case.name)));
    }
    let hosts = cases.iter().map(|case| case.host);
    let fixture = Arc::new(Fixture::prepare(project, hosts, options.keep)?);
    ui::status("Running", &format!("the served components ({})", cases.len()));
    let trial = |case: Case| {
        let fixture = Arc::clone(&fixture);
        log.trial(case.name.clone(), move || case.attempt(&fixture))
    };
    Ok(cases.into_iter().map(trial).collect())
}

fn all() -> Vec<Case> {
    let of_host = |host: &'static Host| {
        CHECKS
            .iter()
            .filter(|check| check.loads == host.loads)
            .map(move |check| Case {
                name: format!("{}::{}", host.case, check.name),
                host,
                check,
            })
    };
    HOSTS.iter().flat_map(of_host).collect()
}

impl Case {
    fn attempt(&self, fixture: &Fixture) -> Result<(), Failure> {
        let test = ServeContext::new(fixture, self.host, &self.name)?;
        (self.check.run)(&test).map_err(|error| Failure {
            error,
            seen: test.evidence(),
        })
    }
}
