//! Slow disks and stopped hosts: every turn is stored, or its caller gets an error.

use std::{thread, time::Duration};

use anyhow::{Result, ensure};
use devkit::child::Guarded;

use super::{at_once, cases, files::only_the_session};
use crate::guests::context::GuestContext;

cases! {
    long disk:
    keeps_turns_of_four_guests_on_slow_disk,
    overtakes_stopped_guest_without_losing_turns,
}

/// The time limit, which is longer than any guest takes.
const LIMIT: Duration = Duration::from_secs(50);

fn keeps_turns_of_four_guests_on_slow_disk(test: &GuestContext<'_>) -> Result<()> {
    test.configure("ok")?;
    // This creates the directories.
    test.compiled().say("first")?.answered("echo: first")?;
    let effects = test.fixture.effects()?.slow(3500);
    at_once(["0", "1", "2", "3"].map(|message| {
        let effects = if message < "2" {
            effects.clone()
        } else {
            effects.clone().ahead(10)
        };
        move || {
            test.compiled()
                .effects(effects)
                .say(message)?
                .answered(&format!("echo: {message}"))
        }
    }))?;
    stored(test, &["0", "1", "2", "3", "first"])
}

/// Stops a guest, first for less time than the other guest needs to break its lock, and then for more.
fn overtakes_stopped_guest_without_losing_turns(test: &GuestContext<'_>) -> Result<()> {
    test.configure("ok")?;
    let late = stopping(test, "late")?;
    let next = test.compiled().start("next")?;
    thread::sleep(Duration::from_secs(5));
    late.go_on()?;
    [late, next].into_iter().try_for_each(ended)?;
    let late = stopping(test, "too late")?;
    test.compiled().say("overtaking")?.answered("echo: overtaking")?;
    late.go_on()?;
    ended(late)?;
    stored(test, &["late", "next", "overtaking", "too late"])
}

/// Starts a guest and stops it after it has written its turn, and before it renames the file to the session.
fn stopping(test: &GuestContext<'_>, message: &str) -> Result<Guarded> {
    let mut guest = test
        .compiled()
        .effects(test.fixture.effects()?.stopped_after_fsync())
        .start(message)?;
    guest.stops_within(LIMIT)?;
    Ok(guest)
}

fn ended(guest: Guarded) -> Result<()> {
    let status = guest.wait(LIMIT)?;
    ensure!(status.success(), "a guest ended with {status}");
    Ok(())
}

/// Checks that the session has a turn for each of `messages`, in any order, and that no other file remains.
fn stored(test: &GuestContext<'_>, messages: &[&str]) -> Result<()> {
    let session = test.session("default")?;
    let mut said = Vec::new();
    for turn in session.chunks(2) {
        let [(_, question), (_, answer)] = turn else { break };
        ensure!(
            *answer == format!("echo: {question}"),
            "`{question}` is followed by `{answer}`"
        );
        said.push(question.as_str());
    }
    said.sort_unstable();
    ensure!(said == messages, "the session holds {session:?}");
    only_the_session(test)
}
