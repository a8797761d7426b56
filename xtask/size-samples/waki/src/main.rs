//! The chat turn with waki.

use anyhow::Result;
use waki::Client;
use work::Turn;

fn main() -> Result<()> {
    let turn = Turn::begin()?;
    let response = Client::new()
        .post(&turn.url)
        .header("authorization", turn.authorization.as_str())
        .header("content-type", "application/json")
        .body(turn.body.clone())
        .send()?;
    turn.finish(response.status_code(), &response.body()?)
}
