//! The work with wstd.

use anyhow::Result;
use work::Turn;
use wstd::http::{Body, Client, Request};

#[wstd::main]
async fn main() -> Result<()> {
    let turn = Turn::begin()?;
    let request = Request::post(&turn.url)
        .header("authorization", turn.authorization.as_str())
        .header("content-type", "application/json")
        .body(Body::from(turn.body.clone()))?;
    let (head, mut body) = Client::new().send(request).await?.into_parts();
    turn.finish(head.status.as_u16(), body.contents().await?)
}
