//! A stream of server-sent events, read while it arrives.

use anyhow::{Context as _, Result, ensure};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde_json::Value;

/// A streamed answer.
pub(crate) struct Events {
    body: Incoming,
    /// The part of an event that is not yet complete.
    rest: Vec<u8>,
    /// The text so far.
    pub(crate) text: String,
    /// The number of events.
    pub(crate) count: usize,
    /// Whether the closing event has arrived.
    pub(crate) done: bool,
}

impl Events {
    pub(crate) fn new(body: Incoming) -> Self {
        Self {
            body,
            rest: Vec::new(),
            text: String::new(),
            count: 0,
            done: false,
        }
    }

    /// Waits for the next bytes; returns `false` at the end.
    pub(crate) async fn more(&mut self) -> Result<bool> {
        let Some(frame) = self.body.frame().await else {
            return Ok(false);
        };
        if let Some(data) = frame?.data_ref() {
            self.feed(data)?;
        }
        Ok(true)
    }

    /// Reads to the end, and fails if the closing event is missing.
    pub(crate) async fn finish(&mut self) -> Result<()> {
        while self.more().await? {}
        ensure!(self.done, "the stream ended without `[DONE]`");
        Ok(())
    }

    fn feed(&mut self, data: &[u8]) -> Result<()> {
        self.rest.extend_from_slice(data);
        while let Some(end) = self.rest.windows(2).position(|two| two == b"\n\n") {
            let event: Vec<u8> = self.rest.drain(..end + 2).collect();
            if let Some(data) = event.strip_prefix(b"data: ") {
                self.event(data.trim_ascii_end())?;
            }
        }
        Ok(())
    }

    fn event(&mut self, data: &[u8]) -> Result<()> {
        self.count += 1;
        if data == b"[DONE]" {
            self.done = true;
            return Ok(());
        }
        let event: Value = serde_json::from_slice(data).context("an event is not JSON")?;
        ensure!(event.get("error").is_none(), "an event is an error: {event}");
        let delta = event.pointer("/choices/0/delta/content").and_then(Value::as_str);
        self.text.push_str(delta.unwrap_or_default());
        Ok(())
    }
}
