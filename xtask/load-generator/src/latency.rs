//! The latency that the gateway adds: requests to the provider and through the gateway take turns, so that
//! other load on the machine affects both.

use std::time::Instant;

use anyhow::Result;
use serde_json::{Value, json};

use crate::{
    client::{Connection, Target},
    sample::Sample,
};

/// The number of requests to each target that are made and not counted.
const WARM_UP: usize = 100;

/// Sends `requests` of each kind to each target, one after the other.
pub(crate) async fn measure(direct: &Target, through: &Target, requests: usize) -> Result<Value> {
    let mut connections = [direct.connect().await?, through.connect().await?];
    let mut whole = [Sample::default(), Sample::default()];
    let mut first = [Sample::default(), Sample::default()];
    for round in 0..WARM_UP + requests {
        for (at, connection) in connections.iter_mut().enumerate() {
            let answer = time_whole(connection).await?;
            let piece = time_first(connection).await?;
            if round >= WARM_UP {
                whole[at].add(answer);
                first[at].add(piece);
            }
        }
    }
    let pair =
        |[direct, through]: [Sample; 2]| json!({ "direct": direct.to_json(), "through": through.to_json() });
    Ok(json!({ "whole": pair(whole), "first_piece": pair(first) }))
}

async fn time_whole(connection: &mut Connection<'_>) -> Result<std::time::Duration> {
    let start = Instant::now();
    connection.ask_whole().await?;
    Ok(start.elapsed())
}

async fn time_first(connection: &mut Connection<'_>) -> Result<std::time::Duration> {
    let start = Instant::now();
    let mut events = connection.ask_first().await?;
    let time = start.elapsed();
    events.finish().await?;
    Ok(time)
}
