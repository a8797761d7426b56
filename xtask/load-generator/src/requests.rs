//! Whole answers on several connections that do not rest.

use std::{sync::Arc, time::Instant};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tokio::{sync::Barrier, task::JoinSet};

use crate::{client::Target, sample::Sample};

/// Sends `requests` requests on each of `connections` connections.
pub(crate) async fn measure(target: Target, connections: usize, requests: usize) -> Result<Value> {
    let begin = Arc::new(Barrier::new(connections + 1));
    let mut clients = JoinSet::new();
    for _ in 0..connections {
        let target = target.clone();
        let begin = Arc::clone(&begin);
        clients.spawn(async move { client(&target, &begin, requests).await });
    }
    begin.wait().await;
    let start = Instant::now();
    let mut times = Sample::default();
    while let Some(client) = clients.join_next().await {
        for time in client.context("a client panicked")?? {
            times.add(time);
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    Ok(json!({
        "requests": connections * requests,
        "seconds": seconds,
        "times": times.to_json(),
    }))
}

async fn client(target: &Target, begin: &Barrier, requests: usize) -> Result<Vec<std::time::Duration>> {
    let connection = target.connect().await;
    begin.wait().await;
    let mut connection = connection?;
    let mut times = Vec::with_capacity(requests);
    for _ in 0..requests {
        let start = Instant::now();
        connection.ask_whole().await?;
        times.push(start.elapsed());
    }
    Ok(times)
}
