//! `cargo xtask test`: everything that a change must pass, in the order in which a mistake is cheapest to hear of.

use std::time::Instant;

use anyhow::{Context as _, Result};
use xshell::cmd;

use crate::{
    cli::{Cli, Command, Test},
    cmd,
    project::Project,
    ui,
};

use clap::Parser as _;

/// The commands of this tool that are part of a full test, as one would type them.
const STEPS: [&[&str]; 10] = [
    &["wasm", "--check-size", "--locked"],
    &["dist", "--check-size", "--locked"],
    &["smoke", "wasmtime", "--version", "all"],
    &["smoke", "host"],
    &["smoke", "wamr"],
    &["smoke", "weft"],
    &["size", "report", "--html", "target/acceptance/size.html", "--check"],
    &["bench", "gateway", "--check"],
    &["coverage"],
    &["fuzz", "--seconds", "2"],
];

impl Test {
    pub(crate) fn run(self, project: &Project) -> Result<()> {
        step("unit, property and command-line tests", || {
            let shell = project.shell()?;
            cmd::run(cmd!(shell, "cargo test --locked"), "pass the tests")
        })?;
        if self.quick {
            return Ok(());
        }
        STEPS.iter().try_for_each(|words| {
            step(&format!("cargo xtask {}", words.join(" ")), || match parse(words)? {
                Command::Wasm(flags) => flags.run(project),
                Command::Dist(flags) => flags.run(project),
                Command::Size(flags) => flags.run(project),
                Command::Bench(flags) => flags.run(project),
                Command::Smoke(flags) => flags.run(project),
                Command::Coverage(flags) => flags.run(project),
                Command::Fuzz(flags) => flags.run(project),
                _ => unreachable!("the list above holds no other command"),
            })
        })
    }
}

fn parse(words: &[&str]) -> Result<Command> {
    let words = ["cargo xtask"].iter().chain(words);
    Ok(Cli::try_parse_from(words).context("a step of the test is no command")?.command)
}

fn step(name: &str, run: impl FnOnce() -> Result<()>) -> Result<()> {
    let started = Instant::now();
    ui::status("Testing", name);
    run().with_context(|| format!("{name}: failed"))?;
    ui::status("Passed", &format!("{name} in {:.0} s", started.elapsed().as_secs_f64()));
    Ok(())
}
