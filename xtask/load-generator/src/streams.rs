//! Many streams at once, and their results.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tokio::{sync::Barrier, task::JoinSet};

use crate::{client::Target, sample::Sample, upstream};

/// The number of different errors to show.
const SHOWN: usize = 5;

/// State that the streams share.
#[derive(Debug)]
struct Shared {
    target: Target,
    /// The expected text of each stream.
    text: String,
    /// A barrier at which all wait until all are connected.
    begin: Barrier,
    open: AtomicUsize,
    most: AtomicUsize,
}

/// The result of a stream.
#[derive(Debug)]
struct Stream {
    first: std::time::Duration,
    events: usize,
}

/// Holds `count` streams at once, each `rounds` times in succession, with `pieces` deltas each.
pub(crate) async fn measure(target: Target, count: usize, rounds: usize, pieces: usize) -> Result<Value> {
    let begin = Barrier::new(count + 1);
    let (open, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let shared = Arc::new(Shared {
        target,
        text: upstream::text(pieces),
        begin,
        open,
        most,
    });
    let mut clients = JoinSet::new();
    for _ in 0..count {
        let shared = Arc::clone(&shared);
        clients.spawn(async move { shared.client(rounds).await });
    }
    shared.begin.wait().await;
    let start = Instant::now();
    let mut streams = Vec::new();
    while let Some(client) = clients.join_next().await {
        streams.extend(client.context("a client panicked")?);
    }
    Ok(summary(
        streams,
        start.elapsed().as_secs_f64(),
        shared.most.load(Ordering::Relaxed),
    ))
}

impl Shared {
    async fn client(&self, rounds: usize) -> Vec<Result<Stream>> {
        let connection = self.target.connect().await;
        self.begin.wait().await;
        let mut connection = match connection {
            Ok(connection) => connection,
            Err(error) => return vec![Err(error)],
        };
        let mut streams = Vec::new();
        for _ in 0..rounds {
            let start = Instant::now();
            let stream = async {
                let mut events = connection.ask_first().await?;
                let first = start.elapsed();
                let open = self.open.fetch_add(1, Ordering::Relaxed) + 1;
                self.most.fetch_max(open, Ordering::Relaxed);
                let finished = events.finish().await;
                self.open.fetch_sub(1, Ordering::Relaxed);
                finished?;
                ensure!(events.text == self.text, "a stream brought another text");
                Ok(Stream {
                    first,
                    events: events.count,
                })
            };
            streams.push(stream.await);
        }
        streams
    }
}

fn summary(streams: Vec<Result<Stream>>, seconds: f64, most: usize) -> Value {
    let total = streams.len();
    let mut events = 0;
    let mut first = Sample::default();
    let mut causes: BTreeMap<String, usize> = BTreeMap::new();
    for stream in streams {
        match stream {
            Ok(stream) => {
                events += stream.events;
                first.add(stream.first);
            }
            Err(error) => *causes.entry(format!("{error:#}")).or_default() += 1,
        }
    }
    let errors: usize = causes.values().sum();
    let shown: BTreeMap<String, usize> = causes.into_iter().take(SHOWN).collect();
    json!({
        "streams": total,
        "errors": errors,
        "causes": shown,
        "most_at_once": most,
        "seconds": seconds,
        "events": events,
        "first_piece": first.to_json(),
    })
}
