//! Hundreds of runs, each slightly different.

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

/// The number of guests that are killed.
const KILLS: usize = 100;

/// Kills each guest a random moment after it began to store its turn. The session then has either the whole turn
/// or none of it, and leftover files do not accumulate.
fn keeps_session_whole_through_hundred_kills(test: &GuestContext<'_>) -> Result<()> {
    test.configure_agent("ok", json!({ "context_tokens": 1000 }))?;
    // Large, so that writing takes a while.
    let long = "a long story ".repeat(20_000);
    test.write(
        "sessions/default.json",
        session(&[("user", "tell"), ("assistant", &long)]).as_bytes(),
    )?;
    let window = storing(test)?.elapsed_until_end()?;
    let mut stored = old_or_new(test, 2)?;
    ensure!(stored == 4, "the guest that was left alone stored nothing");
    let mut late = 0;
    for round in 0..KILLS {
        let guest = storing(test)?;
        // Spread evenly over the time of an undisturbed guest, and slightly beyond.
        let moment = window.mul_f64(1.2 * (round * 37 % KILLS) as f64 / KILLS as f64);
        guest.kill_after(moment)?;
        let before = stored;
        stored = old_or_new(test, before).with_context(|| format!("killed {moment:.1?} into its storing"))?;
        late += usize::from(stored > before);
        // As if the lock had expired, which would take time.
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
        ensure!(
            begun.elapsed() < Duration::from_secs(20),
            "the guest never came to store its turn"
        );
    }
    Ok(Storing {
        guest,
        since: Instant::now(),
    })
}

impl Storing {
    fn elapsed_until_end(self) -> Result<Duration> {
        let status = self.guest.wait(Duration::from_secs(20))?;
        ensure!(
            status.success(),
            "the guest that was left alone ended with {status}"
        );
        Ok(self.since.elapsed())
    }

    /// Kills the guest after a moment, in a busy loop, because sleeping is too coarse.
    fn kill_after(self, moment: Duration) -> Result<()> {
        while self.since.elapsed() < moment {
            hint::spin_loop();
        }
        self.guest.kill()
    }
}

/// Checks that the session has `stored` messages, or a turn more; returns the number.
fn old_or_new(test: &GuestContext<'_>, stored: usize) -> Result<usize> {
    let bytes = fs::read(test.session_path("default")).context("the session has gone")?;
    let found: Value = serde_json::from_slice(&bytes).context("the session is torn")?;
    let found = messages(&found).context("the session holds no messages")?;
    let new: Vec<_> = found
        .iter()
        .skip(stored)
        .map(|(_, content)| content.as_str())
        .collect();
    ensure!(
        new.is_empty() || new == ["hello", "echo: hello"],
        "beyond the {stored} messages there are {new:?}"
    );
    // At most its lock remains, which is the file that it would have renamed to the session.
    let files = test.session_files()?;
    let locks = test.locks()?;
    ensure!(
        files == ["default.json"] && locks.len() <= 1,
        "beside the session there are {files:?} and {locks:?}"
    );
    Ok(found.len())
}

fn remove_locks(test: &GuestContext<'_>) -> Result<()> {
    let remove = |name: &String| fs::remove_file(test.locks_path().join(name));
    test.locks()?
        .iter()
        .try_for_each(remove)
        .context("could not remove the lock")
}

/// The number of random answers in a case.
const ANSWERS: usize = 250;

/// The number of answers at the same time. A guest spends most of its time waiting for the provider.
const AT_ONCE: usize = 4;

/// The guest's own deadline in seconds, and how much later it may end on a busy machine.
const DEADLINE: u64 = 2;
const GRACE: u64 = 3;

/// More memory than a guest needs without unbounded growth.
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

/// Runs [`ANSWERS`] seeds, which differ in each run and in each `part`; only one if a seed was given.
fn chaos(test: &GuestContext<'_>, part: u64, name: &str, stream: bool) -> Result<()> {
    let first = test
        .fixture
        .seed
        .unwrap_or(test.fixture.first_seed + part * ANSWERS as u64);
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

/// Checks that the guest ends in time and within its bounds for any answer of the provider, with an answer or an
/// error message.
fn ask(test: &GuestContext<'_>, seed: u64, name: &str, stream: bool) -> Result<()> {
    test.configure_as(
        name,
        &format!("chaos-{seed}"),
        json!({ "timeout_secs": DEADLINE }),
        json!({ "stream": stream }),
    )?;
    // A separate session, so that neither its history nor its size matters.
    let session = seed.to_string();
    let outcome = test
        .compiled()
        .memory(MEMORY)
        .arguments(&["--session", &session])
        .say("hello")?;
    let seen = || format!("stdout: {:?}, stderr: {:?}", outcome.stdout, outcome.stderr);
    outcome.ended_in_order().with_context(seen)?;
    outcome.took(0..DEADLINE + GRACE).with_context(seen)?;
    ensure!(
        !outcome.stderr.contains("hunter2"),
        "the password of a location is shown"
    );
    let path = test.session_path(&session);
    if let Ok(bytes) = fs::read(&path) {
        serde_json::from_slice::<Value>(&bytes)
            .with_context(seen)
            .context("the session is not JSON")?;
        fs::remove_file(&path).context("could not remove the session")?;
    }
    Ok(())
}
