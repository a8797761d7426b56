//! Turns while replicas are killed one after the other, and Postgres is restarted: each turn that was answered is
//! stored once, in order.

mod client;
mod report;

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use testkit::Gateway;

use self::{
    client::{Conversation, Counts},
    report::Report,
};
use super::cases;
use crate::replicas::{
    balancer::free_port,
    context::{ReplicasContext, texts},
    database::{Database, End},
};

cases! {
    long crash:
    short_run_keeps_every_answered_turn,
    full_run_keeps_every_answered_turn,
}

/// The names of the replicas.
const REPLICAS: [&str; 3] = ["one", "two", "three"];

/// The time between two kills.
const PACE: Duration = Duration::from_secs(1);

/// The size of a run.
#[derive(Clone, Copy, Debug)]
struct Run {
    sessions: usize,
    /// Turns of each session.
    turns: usize,
    /// The way in which Postgres ends in the middle.
    end: End,
}

fn short_run_keeps_every_answered_turn(test: &ReplicasContext<'_>) -> Result<()> {
    let run = Run {
        sessions: 10,
        turns: 12,
        end: End::Fast,
    };
    crash(test, run)
}

fn full_run_keeps_every_answered_turn(test: &ReplicasContext<'_>) -> Result<()> {
    let run = Run {
        sessions: 50,
        turns: 40,
        end: End::Immediate,
    };
    crash(test, run)
}

fn crash(test: &ReplicasContext<'_>, run: Run) -> Result<()> {
    let mut database = test.database()?;
    let mut replicas = Vec::new();
    for name in REPLICAS {
        let port = free_port()?;
        replicas.push((
            name,
            port,
            test.replica_at(name, "stream-slow", &database.url(), port)?,
        ));
    }
    let addresses: Vec<String> = replicas
        .iter()
        .map(|(_, port, _)| SocketAddr::from(([127, 0, 0, 1], *port)).to_string())
        .collect();
    let balancer = test.balancer(&addresses)?;
    let begun = Instant::now();
    let over = AtomicBool::new(false);
    let done = AtomicUsize::new(0);
    let url = database.url();
    let conversations = thread::scope(|scope| {
        let killer = scope.spawn(|| kill_in_turn(test, replicas, &url, &over));
        let clients: Vec<_> = (0..run.sessions)
            .map(|number| {
                let address = balancer.address();
                let done = &done;
                scope.spawn(move || Conversation::hold(address, number, run.turns, done))
            })
            .collect();
        let restarted = restart_in_the_middle(&mut database, run, &done, &over);
        let conversations: Vec<Result<Conversation>> =
            clients.into_iter().map(|client| joined(client.join())).collect();
        over.store(true, Ordering::Relaxed);
        let (kills, replicas) = joined(killer.join())?;
        restarted?;
        let conversations = conversations.into_iter().collect::<Result<Vec<_>>>()?;
        Ok::<_, anyhow::Error>((conversations, kills, replicas))
    });
    let (conversations, kills, replicas) = conversations?;
    let took = begun.elapsed();
    let address = replicas.first().context("no replica")?.address().to_owned();
    let mut report = Report::new(run.sessions, kills, took);
    for conversation in &conversations {
        let stored = texts(&address, &conversation.id)?;
        report.add(conversation, &stored);
    }
    report.print();
    report.check(run.sessions * run.turns)
}

/// Kills a replica in each second and starts it again, one after the other. Returns the number of kills, and the
/// replicas.
fn kill_in_turn(
    test: &ReplicasContext<'_>,
    mut replicas: Vec<(&'static str, u16, Gateway)>,
    url: &str,
    over: &AtomicBool,
) -> Result<(usize, Vec<Gateway>)> {
    let mut kills = 0;
    while !over.load(Ordering::Relaxed) {
        let next = Instant::now() + PACE;
        let (name, port, replica) = replicas.remove(0);
        replica.kill()?;
        kills += 1;
        let replica = started_again(test, name, url, port)?;
        replicas.push((name, port, replica));
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    Ok((
        kills,
        replicas.into_iter().map(|(_, _, replica)| replica).collect(),
    ))
}

/// Starts a replica again, also if it meets the restart of the database.
fn started_again(test: &ReplicasContext<'_>, name: &str, url: &str, port: u16) -> Result<Gateway> {
    let first = test.replica_at(name, "stream-slow", url, port);
    first.or_else(|_| test.replica_at(name, "stream-slow", url, port))
}

/// Waits until half of the turns are stored, and restarts the database.
fn restart_in_the_middle(
    database: &mut Database,
    run: Run,
    done: &AtomicUsize,
    over: &AtomicBool,
) -> Result<()> {
    let half = run.sessions * run.turns / 2;
    let limit = Instant::now() + Counts::LONGEST;
    while done.load(Ordering::Relaxed) < half {
        if Instant::now() > limit || over.load(Ordering::Relaxed) {
            bail!(
                "after {} s {} turns are stored",
                Counts::LONGEST.as_secs(),
                done.load(Ordering::Relaxed)
            );
        }
        thread::sleep(Duration::from_millis(10));
    }
    database.stop(run.end)?;
    database.run()
}

fn joined<T>(ended: thread::Result<Result<T>>) -> Result<T> {
    ended.unwrap_or_else(|_| bail!("a thread panicked"))
}
