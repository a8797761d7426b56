//! The chat turn with wasi-http-client.

use anyhow::Result;
use wasi_http_client::Client;
use work::Turn;

fn main() -> Result<()> {
    let turn = Turn::begin()?;
    let response = Client::new()
        .post(&turn.url)
        .header("authorization", turn.authorization.as_str())
        .header("content-type", "application/json")
        .body(&turn.body)
        .send()?;
    turn.finish(response.status(), &response.body()?)
}
