//! Disks that take their time, and hosts that stand still: every turn is stored, or its caller is told.

use std::{thread, time::Duration};

use anyhow::{Result, ensure};
use devkit::child::Guarded;

use super::{at_once, cases, files::only_the_session};
use crate::smoke::lab::Lab;

cases! {
    long disk:
    keeps_turns_of_four_guests_on_slow_disk,
    overtakes_stopped_guest_without_losing_turns,
}

/// Longer than any guest takes.
const LIMIT: Duration = Duration::from_secs(50);

fn keeps_turns_of_four_guests_on_slow_disk(lab: &Lab<'_>) -> Result<()> {
    lab.configure("ok")?;
    // Creates the directories.
    lab.compiled().say("first")?.answered("echo: first")?;
    let effects = lab.bench.effects()?.slow(3500);
    at_once(["0", "1", "2", "3"].map(|message| {
        let effects = if message < "2" { effects.clone() } else { effects.clone().ahead(10) };
        move || lab.compiled().effects(effects).say(message)?.answered(&format!("echo: {message}"))
    }))?;
    stored(lab, &["0", "1", "2", "3", "first"])
}

/// First for less time than it takes the other guest to overtake it, and then for more.
fn overtakes_stopped_guest_without_losing_turns(lab: &Lab<'_>) -> Result<()> {
    lab.configure("ok")?;
    let late = stopping(lab, "late")?;
    let next = lab.compiled().start("next")?;
    thread::sleep(Duration::from_secs(5));
    late.go_on()?;
    [late, next].into_iter().try_for_each(ended)?;
    let late = stopping(lab, "too late")?;
    lab.compiled().say("overtaking")?.answered("echo: overtaking")?;
    late.go_on()?;
    ended(late)?;
    stored(lab, &["late", "next", "overtaking", "too late"])
}

/// A guest that has stopped after writing its turn, and before putting it into the session's place.
fn stopping(lab: &Lab<'_>, message: &str) -> Result<Guarded> {
    let mut guest = lab.compiled().effects(lab.bench.effects()?.stopped_after_fsync()).start(message)?;
    guest.stops_within(LIMIT)?;
    Ok(guest)
}

fn ended(guest: Guarded) -> Result<()> {
    let status = guest.wait(LIMIT)?;
    ensure!(status.success(), "a guest ended with {status}");
    Ok(())
}

/// The session holds a turn for each of `messages`, in any order, and nothing is left beside it.
fn stored(lab: &Lab<'_>, messages: &[&str]) -> Result<()> {
    let session = lab.session("default")?;
    let mut said = Vec::new();
    for turn in session.chunks(2) {
        let [(_, question), (_, answer)] = turn else { break };
        ensure!(*answer == format!("echo: {question}"), "`{question}` is followed by `{answer}`");
        said.push(question.as_str());
    }
    said.sort_unstable();
    ensure!(said == messages, "the session holds {session:?}");
    only_the_session(lab)
}
