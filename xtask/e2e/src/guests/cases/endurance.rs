//! The same thing a hundred or a thousand times, each time a little different.

use std::{
    fs, hint,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use devkit::child::Guarded;
use serde_json::{Value, json};
use testkit::messages;

use super::{
    at_once, cases,
    files::{only_the_session, session},
};
use crate::guests::context::{ANTHROPIC, GuestContext, PROVIDER};

cases! {
    long endurance:
    keeps_session_whole_through_hundred_kills,
    survives_random_whole_answers_of_openai,
    survives_random_streams_of_openai,
    survives_random_whole_answers_of_anthropic,
    survives_random_streams_of_anthropic,
}

/// How often a guest is killed.
const KILLS: usize = 100;

/// Kills each guest a random moment after it began to store its turn. What was said is one whole turn more or not there at
/// all, and what is left lying about does not add up.
fn keeps_session_whole_through_hundred_kills(test: &GuestContext<'_>) -> Result<()> {
    test.configure_agent("ok", json!({ "context_tokens": 1000 }))?;
    // Large, so that writing takes a while.
    let long = "a long story ".repeat(20_000);
    test.write("sessions/default.json", session(&[("user", "tell"), ("assistant", &long)]).as_bytes())?;
    let window = storing(test)?.elapsed_until_end()?;
    let mut stored = old_or_new(test, 2)?;
    ensure!(stored == 4, "the guest that was left alone stored nothing");
    let mut late = 0;
    for round in 0..KILLS {
        let guest = storing(test)?;
        // Spread evenly over the time it took one that was left alone, and a little beyond.
        let moment = window.mul_f64(1.2 * (round * 37 % KILLS) as f64 / KILLS as f64);
        guest.kill_after(moment)?;
        let before = stored;
        stored = old_or_new(test, before).with_context(|| format!("killed {moment:.1?} into its storing"))?;
        late += usize::from(stored > before);
        // As if its time were over: nobody has to wait for it here.
        remove_locks(test)?;
    }
    ensure!(
        (1..KILLS).contains(&late),
        "of {KILLS} guests {late} were killed after they had stored their turn"
    );
    test.say("the end")?.answered("echo: the end")?;
    only_the_session(test).with_context(|| format!("after {KILLS} kills"))
}

/// A guest that has just begun to store its turn.
#[derive(Debug)]
struct Storing {
    guest: Guarded,
    since: Instant,
}

fn storing(test: &GuestContext<'_>) -> Result<Storing> {
    let mut guest = test.compiled().start("hello")?;
    let begun = Instant::now();
    while test.locks()?.is_empty() && !guest.has_ended()? {
        ensure!(begun.elapsed() < Duration::from_secs(20), "the guest never came to store its turn");
    }
    Ok(Storing { guest, since: Instant::now() })
}

impl Storing {
    fn elapsed_until_end(self) -> Result<Duration> {
        let status = self.guest.wait(Duration::from_secs(20))?;
        ensure!(status.success(), "the guest that was left alone ended with {status}");
        Ok(self.since.elapsed())
    }

    /// Sleeping would be too coarse.
    fn kill_after(self, moment: Duration) -> Result<()> {
        while self.since.elapsed() < moment {
            hint::spin_loop();
        }
        self.guest.kill()
    }
}

/// The session holds `stored` messages, or a turn more; returns how many.
fn old_or_new(test: &GuestContext<'_>, stored: usize) -> Result<usize> {
    let bytes = fs::read(test.session_path("default")).context("the session has gone")?;
    let found: Value = serde_json::from_slice(&bytes).context("the session is torn")?;
    let found = messages(&found).context("the session holds no messages")?;
    let new: Vec<_> = found.iter().skip(stored).map(|(_, content)| content.as_str()).collect();
    ensure!(
        new.is_empty() || new == ["hello", "echo: hello"],
        "beyond the {stored} messages there are {new:?}"
    );
    // At most its lock, which is what it was about to put in the session's place.
    let (files, locks) = (test.session_files()?, test.locks()?);
    ensure!(
        files == ["default.json"] && locks.len() <= 1,
        "beside the session there are {files:?} and {locks:?}"
    );
    Ok(found.len())
}

fn remove_locks(test: &GuestContext<'_>) -> Result<()> {
    let remove = |name: &String| fs::remove_file(test.locks_path().join(name));
    test.locks()?.iter().try_for_each(remove).context("could not remove the lock")
}

/// How many random answers a case is about.
const ANSWERS: usize = 250;

/// How many of them are asked for at once. A guest spends most of its time waiting for the server.
const AT_ONCE: usize = 4;

/// The guest's own deadline in seconds, and how much later it may end on a busy machine.
const DEADLINE: u64 = 2;
const GRACE: u64 = 3;

/// More memory than a guest needs for anything but what grows without bound.
const MEMORY: usize = 64 << 20;

fn survives_random_whole_answers_of_openai(test: &GuestContext<'_>) -> Result<()> {
    chaos(test, 0, PROVIDER, false)
}

fn survives_random_streams_of_openai(test: &GuestContext<'_>) -> Result<()> {
    chaos(test, 1, PROVIDER, true)
}

fn survives_random_whole_answers_of_anthropic(test: &GuestContext<'_>) -> Result<()> {
    chaos(test, 2, ANTHROPIC, false)
}

fn survives_random_streams_of_anthropic(test: &GuestContext<'_>) -> Result<()> {
    chaos(test, 3, ANTHROPIC, true)
}

/// Asks for the answers of [`ANSWERS`] seeds, others in each run and in each `part`; for one where a seed was given.
fn chaos(test: &GuestContext<'_>, part: u64, name: &str, stream: bool) -> Result<()> {
    let first = test.fixture.seed.unwrap_or(test.fixture.first_seed + part * ANSWERS as u64);
    let count = if test.fixture.seed.is_some() { 1 } else { ANSWERS };
    let next = AtomicUsize::new(0);
    let work = |worker: usize| -> Result<()> {
        let test = test.within(&format!("worker {worker}"))?;
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= count {
                return Ok(());
            }
            let seed = first + at as u64;
            ask(&test, seed, name, stream)
                .with_context(|| format!("to repeat this: `--only survives_random --seed {seed}`"))?;
        }
    };
    at_once((0..AT_ONCE).map(|worker| move || work(worker)))
}

/// For any answer of the server, the guest ends with an answer or an error in words, in time and in bounds.
fn ask(test: &GuestContext<'_>, seed: u64, name: &str, stream: bool) -> Result<()> {
    test.configure_as(
        name,
        &format!("chaos-{seed}"),
        json!({ "timeout_secs": DEADLINE }),
        json!({ "stream": stream }),
    )?;
    // A session of its own, so that neither what went before nor its size matters.
    let session = seed.to_string();
    let outcome = test.compiled().memory(MEMORY).arguments(&["--session", &session]).say("hello")?;
    let seen = || format!("stdout: {:?}, stderr: {:?}", outcome.stdout, outcome.stderr);
    outcome.ended_in_order().with_context(seen)?;
    outcome.took(0..DEADLINE + GRACE).with_context(seen)?;
    ensure!(!outcome.stderr.contains("hunter2"), "the password of a location is shown");
    let path = test.session_path(&session);
    if let Ok(bytes) = fs::read(&path) {
        serde_json::from_slice::<Value>(&bytes).with_context(seen).context("the session is not JSON")?;
        fs::remove_file(&path).context("could not remove the session")?;
    }
    Ok(())
}
