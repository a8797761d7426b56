//! Servers behind a URL.

use std::time::Duration;

use clawft_core::{Event, HttpRequest};
use clawft_mcp::{Catalog, HttpServer, McpError, Outcome, Step};
use clawft_types::{ToolCall, config::mcp::McpServer};
use reqwest::{Client, Response};
use tokio::time::{Instant, timeout};

use crate::exchange::{Reader, Wait, exchange};

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
        let wait = Wait::for_tool(&request);
        let client = self.client.clone();
        let mut reading = Reading {
            server: &mut self.server,
            begun,
        };
        match exchange(&client, request, wait, &mut reading).await {
            Ok((step, response)) => {
                response.map(|response| tokio::spawn(timeout(DRAIN, drain(response))));
                step
            }
            Err(aborted) => reading.feed(Event::Failed(aborted.into())),
        }
    }
}

/// A server during an operation that has begun at a time.
struct Reading<'a> {
    server: &'a mut HttpServer,
    begun: Instant,
}

impl Reader for Reading<'_> {
    type Step = Step;

    fn feed(&mut self, event: Event<'_>) -> Step {
        self.server.feed(event, self.begun.elapsed())
    }

    fn needs_more(step: &Step) -> bool {
        matches!(step, Step::More)
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
