//! Servers behind a URL.

use crate::agent::transport;
use clawft_core::{Event, HttpRequest, TransportError};
use clawft_mcp::{Catalog, HttpServer, McpError, Outcome, Step};
use clawft_types::ToolCall;
use clawft_types::config::mcp::McpServer;
use reqwest::{Client, Response};
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout};

/// The time and the number of bytes for the end of a response that is not needed any more.
const DRAIN: Duration = Duration::from_secs(1);
const DRAIN_BYTES: usize = 64 * 1024;

/// A server behind a URL.
pub(super) struct Peer {
    client: Client,
    server: HttpServer,
}

impl Peer {
    pub(super) fn new(
        client: &Client,
        config: &McpServer,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Peer, McpError> {
        Ok(Peer {
            client: client.clone(),
            server: HttpServer::new(config, env)?,
        })
    }

    pub(super) fn catalog(&self) -> &Catalog {
        self.server.catalog()
    }

    pub(super) fn name(&self) -> &str {
        self.server.name()
    }

    pub(super) async fn list(&mut self) -> Outcome {
        let begun = Instant::now();
        let step = self.server.list(begun.elapsed());
        self.perform(step, begun).await
    }

    pub(super) async fn call(&mut self, call: &ToolCall) -> Outcome {
        let begun = Instant::now();
        let step = self.server.call(call, begun.elapsed());
        self.perform(step, begun).await
    }

    /// Performs an operation from its first step to its end.
    async fn perform(&mut self, mut step: Step, begun: Instant) -> Outcome {
        loop {
            step = match step {
                Step::Done(outcome) => return outcome,
                Step::Send(request) => self.send(request, begun).await,
                // Only inside of a response is there more to read.
                Step::More => self.server.feed(Event::End, begun.elapsed()),
            };
        }
    }

    /// Sends a request, and feeds its response until there is another step.
    async fn send(&mut self, request: HttpRequest, begun: Instant) -> Step {
        let after = request.timeout;
        let deadline = Instant::now() + after;
        let limit = clawft_core::TimeLimit::Total;
        let late = || TransportError::TimedOut { after, limit };
        let sending = match transport::request(&self.client, request) {
            Ok(request) => request.send(),
            Err(error) => return self.fail(TransportError::Impossible(error.to_string()), begun),
        };
        let sent = tokio::select! {
            biased;
            sent = sending => sent.map_err(|error| transport::explain(&error, false)),
            () = sleep_until(deadline) => Err(late()),
        };
        let mut response = match sent {
            Ok(response) => response,
            Err(error) => return self.fail(error, begun),
        };
        let mut step = self.server.feed(
            Event::Head {
                status: response.status().as_u16(),
                headers: &transport::headers(&response),
            },
            begun.elapsed(),
        );
        while matches!(step, Step::More) {
            let chunk = tokio::select! {
                biased;
                chunk = response.chunk() => chunk.map_err(|error| transport::explain(&error, true)),
                () = sleep_until(deadline) => Err(late()),
            };
            step = match &chunk {
                Ok(Some(bytes)) => self.server.feed(Event::Body(bytes), begun.elapsed()),
                Ok(None) => return self.server.feed(Event::End, begun.elapsed()),
                Err(error) => return self.fail(error.clone(), begun),
            };
        }
        tokio::spawn(timeout(DRAIN, drain(response)));
        step
    }

    fn fail(&mut self, error: TransportError, begun: Instant) -> Step {
        self.server.feed(Event::Failed(error), begun.elapsed())
    }
}

/// Reads the end of a response: nearly always nothing is missing but the end itself, and the connection can then be
/// used again.
async fn drain(mut response: Response) {
    let mut room = DRAIN_BYTES;
    while let Ok(Some(bytes)) = response.chunk().await {
        room = room.saturating_sub(bytes.len());
        if room == 0 {
            return;
        }
    }
}
