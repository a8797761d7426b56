//! `cargo xtask bench`: what ships, measured. A subject is a module that returns [`metric::Metric`]s; [`bounds`] holds them against
//! `xtask/bench.toml`, [`report`] prints them.
//!
//! [`gateway`] measures `weft`, under the load of [`load`], a program of its own.

mod bounds;
mod gateway;
mod load;
mod metric;
mod report;

use anyhow::Result;

use self::bounds::Bounds;
pub(crate) use self::load::{LoadGenerator, Streams};
use crate::{
    budget::Budget,
    cli::{Bench, Subject},
    project::Project,
};

impl Bench {
    pub(crate) fn run(self, project: &Project) -> Result<()> {
        // Read first: a mistake in the files is cheaper to hear of now than after the measurements.
        let (bounds, budget) = (Bounds::load()?, Budget::of(project)?);
        let metrics = match self.subject {
            Subject::Gateway => gateway::measure(project)?,
        };
        let bounds = bounds.of(self.subject).and_sizes(&budget, &metrics);
        report::print(project, self.subject, &metrics, &bounds, self.json)?;
        if self.check { bounds.check(&metrics) } else { Ok(()) }
    }
}
