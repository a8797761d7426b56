//! `cargo xtask bench`: measures what ships. A subject is a module that returns [`metric::Metric`]s; [`bounds`]
//! compares them with `xtask/data/bench.toml`, and [`report`] prints them.
//!
//! Subjects: [`component`] runs the component in wasmtime, [`gateway`] measures `weft` under the load of the
//! [`load_generator`](testkit::LoadGenerator), [`peers`] its gateway beside others, [`serve`] the served components in
//! wasmtime, [`commands`] the commands that build, and [`diet`] compares `wasm-diet` with other programs. A [`sample`]
//! holds the values of many runs, a [`series`] the processes that run alternately, [`rounds`] the load on servers that
//! take turns, and a [`peer`] is one of them. [`record`] stores the latest figures, with the [`machine`]; [`page`]
//! makes a document with plots from it.

mod bounds;
mod commands;
mod component;
mod diet;
mod gateway;
mod machine;
mod metric;
mod page;
mod peer;
mod peers;
mod record;
mod report;
mod rounds;
mod sample;
mod series;
mod serve;

use std::process::ExitCode;

use anyhow::Result;
use builds::budget::Budget;
use clap::Parser;
use devkit::{project::Project, revision, ui};
use flags::{Bench, Subject};

use self::{
    bounds::{Bounds, SubjectBounds},
    machine::Machine,
    metric::Metric,
    record::{Figures, Record},
};

/// The part of the command line of `cargo xtask` that this package implements.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
enum Command {
    Bench(Bench),
}

fn main() -> ExitCode {
    let Command::Bench(flags) = Command::parse();
    match Project::discover().and_then(|project| run(&project, &flags)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => ui::report(&error),
    }
}

fn run(project: &Project, flags: &Bench) -> Result<()> {
    // The files come first, so that an error in them is reported before the measurements.
    let bounds = Bounds::load()?;
    let budget = Budget::of(project)?;
    let mut record = Record::load(project)?;
    let subjects = if flags.subjects.is_empty() {
        Subject::USUAL.to_vec()
    } else {
        flags.subjects.clone()
    };
    let beside = |subject: Subject| match subject {
        Subject::Gateway if flags.peers => Subject::Peers,
        other => other,
    };
    let subjects = subjects.into_iter().map(beside);
    let (mut measured, mut held) = (Vec::new(), Vec::new());
    for subject in subjects {
        let mut keep = |metrics: &[Metric]| match flags.write {
            true => store(project, &mut record, subject, metrics.to_vec()),
            false => Ok(()),
        };
        let metrics = measure(project, subject, &mut keep)?;
        let mut figures = figures(project, subject, metrics)?;
        let bounds = bounds.of(subject).and_sizes(&budget, &figures.metrics);
        bounds.mark(&mut figures.metrics);
        held.push(bounds);
        measured.push((subject, figures));
    }
    report::print(&measured, flags.json)?;
    if flags.write {
        measured
            .iter()
            .cloned()
            .for_each(|(subject, figures)| record.put(subject, figures));
        record.store(project)?;
        page::write(project, &record)?;
    }
    if flags.check {
        check(&held, &measured)
    } else {
        Ok(())
    }
}

/// Writes what was measured so far to the record and the documents.
fn store(project: &Project, record: &mut Record, subject: Subject, metrics: Vec<Metric>) -> Result<()> {
    record.put(subject, figures(project, subject, metrics)?);
    record.store(project)?;
    page::write(project, record)
}

fn figures(project: &Project, subject: Subject, metrics: Vec<Metric>) -> Result<Figures> {
    Ok(Figures {
        revision: revision::of(project)?,
        machine: Machine::this(project, subject)?,
        metrics,
    })
}

/// Measures a subject. One that takes long passes what it has to `keep`.
fn measure(
    project: &Project,
    subject: Subject,
    keep: &mut dyn FnMut(&[Metric]) -> Result<()>,
) -> Result<Vec<Metric>> {
    match subject {
        Subject::Component => component::measure(project),
        Subject::Gateway => gateway::measure(project),
        Subject::Peers => peers::measure(project),
        Subject::Serve => serve::measure(project),
        Subject::Commands => commands::measure(project),
        Subject::Cold => commands::measure_cold(project),
        Subject::Diet => diet::measure(project, keep),
    }
}

/// Checks all bounds of all subjects. The error is about the first subject that exceeds one.
fn check(held: &[SubjectBounds], measured: &[(Subject, Figures)]) -> Result<()> {
    held.iter()
        .zip(measured)
        .try_for_each(|(bounds, (_, figures))| bounds.check(&figures.metrics))
}
