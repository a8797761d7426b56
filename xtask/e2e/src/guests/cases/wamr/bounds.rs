//! The limits of a small board: a stack of 64 KB, and a megabyte of memory.

use std::fs;

use anyhow::{Context as _, Result, bail, ensure};
use devkit::ui;
use serde::Deserialize;

use super::{call, turn};
use crate::{
    guests::{cases::files::session, context::GuestContext, guest::Guest},
    harness::case::cases,
};

cases! {
    bounds:
    twenty_turns_fit_small_stack_and_memory,
    long_session_fits_small_stack_and_memory,
    turn_takes_fraction_of_the_stack,
    keeps_session_when_memory_runs_out,
}

/// The stack of WAMR's interpreter, in bytes.
const STACK: usize = 64 << 10;

/// The guest's memory, in bytes: its stack, its data and its heap.
const MEMORY: usize = 1 << 20;

/// The number of turns, and the bytes of each message and each answer.
const TURNS: usize = 20;
const TURN_BYTES: usize = 1000;

/// The runner's report, in bytes.
#[derive(Debug, Deserialize)]
struct Report {
    /// Maximum of the guest's memory.
    memory: usize,
    /// Maximum of WAMR's own memory.
    runtime: usize,
}

fn twenty_turns_fit_small_stack_and_memory(test: &GuestContext<'_>) -> Result<()> {
    test.configure("ok")?;
    let message = |number: usize| format!("number {number},").repeat(TURN_BYTES / 10);
    let calls: Vec<_> = (10..10 + TURNS)
        .map(|number| turn(&message(number), ""))
        .collect();
    let answers = measured(test, "20 turns", |guest| call(guest, &calls))?;
    for (answer, number) in answers.iter().zip(10..) {
        answer.is(&format!("echo: {}", message(number)))?;
    }
    let stored = test.session("default")?.len();
    ensure!(stored == 2 * TURNS, "{stored} messages are stored");
    Ok(())
}

fn long_session_fits_small_stack_and_memory(test: &GuestContext<'_>) -> Result<()> {
    test.configure("ok")?;
    write_session(test)?;
    let outcome = measured(test, "a session of 20 turns", |guest| guest.say("hello"))?;
    outcome.failed(&["error: HTTP unavailable"])
}

fn write_session(test: &GuestContext<'_>) -> Result<()> {
    let text = "word ".repeat(TURN_BYTES / 5);
    let turns = [("user", text.as_str()), ("assistant", text.as_str())].repeat(TURNS);
    test.write("sessions/default.json", session(&turns).as_bytes())
}

/// Runs a guest within the limits, and reports how much of them it used.
fn measured<T>(test: &GuestContext<'_>, what: &str, run: impl FnOnce(Guest<'_>) -> Result<T>) -> Result<T> {
    let file = test.path("report.json");
    let result = run(test.wasip1().stack(STACK).memory(MEMORY).measured(&file))?;
    let report = fs::read(&file).context("the runner wrote no report")?;
    let Report { memory, runtime } = serde_json::from_slice(&report).context("the report is no report")?;
    ensure!(memory <= MEMORY, "the guest's memory has {memory} bytes");
    let (memory, runtime) = (memory >> 10, runtime >> 10);
    ui::status(
        "Measured",
        &format!("{what}: {memory} KB of linear memory, and {runtime} KB for WAMR itself"),
    );
    Ok(result)
}

/// Either the host's text does not fit, or the provider's answer fails the turn. The session does not change.
fn keeps_session_when_memory_runs_out(test: &GuestContext<'_>) -> Result<()> {
    test.configure("ok")?;
    call(test.wasip1(), &[turn("one", "")])?[0].is("echo: one")?;
    let long = turn(&"word ".repeat(2 * MEMORY / 5), "");
    let outcome = test.wasip1().memory(MEMORY).called().say(&format!("{long}\n"))?;
    ensure!(
        outcome.exit == Some(2),
        "exit code {:?}, expected 2",
        outcome.exit
    );
    outcome.said(&["`clawft_alloc` has no room"])?;

    for size in [900_000, 1_200_000, 9_000_000] {
        test.configure(&format!("text-{size}"))?;
        let answers = call(test.wasip1().memory(MEMORY), &[turn("two", "")])?;
        answers[0].failed(&["the answer does not fit into memory"])?;
    }
    test.stored("default", &[("user", "one"), ("assistant", "echo: one")])
}

/// Finds the smallest stack, in steps of 4 KB, for a turn and a session of 20 turns.
fn turn_takes_fraction_of_the_stack(test: &GuestContext<'_>) -> Result<()> {
    test.configure("ok")?;
    write_session(test)?;
    let line = format!("{}\n", turn("hello", ""));
    for bytes in (4 << 10..=STACK).step_by(4 << 10) {
        if test.wasip1().stack(bytes).called().say(&line)?.exit == Some(0) {
            ui::status("Measured", &format!("a turn: {} KB of stack", bytes >> 10));
            return Ok(());
        }
    }
    bail!("{STACK} bytes of stack are not enough")
}
