//! Turns of sessions at a gateway, and the sessions that it has stored.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use testkit::http;

/// Sends a message to the session `id`, with a token if one is given, and returns the answer's text; fails unless the
/// turn was stored.
pub(crate) fn turn(address: &str, id: &str, text: &str, token: Option<&str>) -> Result<String> {
    let response = http::ask(address, id, text, token)?;
    ensure!(
        response.status == 200,
        "a turn is answered with {}",
        response.status
    );
    ensure!(
        response.header("x-clawft-stored") == Some("true"),
        "the turn was not stored: {}",
        response.head
    );
    let answer = response.json()?;
    let text = answer
        .pointer("/choices/0/message/content")
        .and_then(Value::as_str);
    Ok(text.context("the answer has no text")?.to_owned())
}

/// Returns the texts of a stored session.
pub(crate) fn texts(address: &str, id: &str, token: Option<&str>) -> Result<Vec<String>> {
    let session = http::get(address, &format!("/v1/sessions/{id}"), token)?;
    ensure!(
        session.status == 200,
        "the session is answered with {}",
        session.status
    );
    let session = session.json()?;
    let messages = session["messages"]
        .as_array()
        .context("the session has no messages")?;
    let text = |message: &Value| message["content"].as_str().unwrap_or_default().to_owned();
    Ok(messages.iter().map(text).collect())
}
