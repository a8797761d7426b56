//! `load-generator upstream|latency|requests|streams`: puts load on a gateway, and plays the provider behind it.
//!
//! It is fast, so that the measurement is that of the gateway, and it runs in one thread, so that two cores
//! are enough. Results are one JSON object on stdout.
//!
//! Modules in reading order: [`options`] parses the command line; [`upstream`] is the provider; [`client`]
//! sends one request, [`latency`] one after the other, [`requests`] on several connections and [`streams`] many at
//! once; [`events`] reads responses; [`sample`] computes statistics.

mod client;
mod events;
mod latency;
mod options;
mod requests;
mod sample;
mod streams;
mod upstream;

use std::env;

use anyhow::Result;
use tokio::runtime::Builder;

use crate::options::Options;

fn main() -> Result<()> {
    let options = Options::parse(env::args().skip(1))?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let result = match options {
            Options::Upstream => return upstream::serve().await,
            Options::Latency {
                direct,
                through,
                requests,
            } => latency::measure(&direct, &through, requests).await?,
            Options::Requests {
                target,
                connections,
                requests,
            } => requests::measure(target, connections, requests).await?,
            Options::Streams {
                target,
                count,
                rounds,
                pieces,
            } => streams::measure(target, count, rounds, pieces).await?,
        };
        println!("{result}");
        Ok(())
    })
}
