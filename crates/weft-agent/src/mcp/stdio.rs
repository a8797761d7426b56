//! Servers that are child processes.

use std::time::Duration;

use clawft_mcp::{
    Catalog, McpError, Outcome, StdioEvent, StdioServer, StdioStep, StdioThen, limits::MAX_RESPONSE,
};
use clawft_types::{ToolCall, config::mcp::McpServer};
use tokio::time::Instant;

use super::process::{Process, Read};

/// A server that is a child process.
pub(super) struct Peer {
    server: StdioServer,
    /// The process, if it runs. During an operation it is with the operation: if that is dropped, a message may be
    /// half written, so the process is dropped as well.
    process: Option<Process>,
}

impl Peer {
    pub(super) fn new(config: &McpServer, env: &dyn Fn(&str) -> Option<String>) -> Result<Peer, McpError> {
        Ok(Peer {
            server: StdioServer::new(config, env)?,
            process: None,
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
        let process = self.take();
        let step = self.server.list(begun.elapsed());
        self.perform(process, step, begun).await
    }

    pub(super) async fn call(&mut self, call: &ToolCall) -> Outcome {
        let begun = Instant::now();
        let process = self.take();
        let step = self.server.call(call, begun.elapsed());
        self.perform(process, step, begun).await
    }

    /// Takes the process for an operation.
    fn take(&mut self) -> Option<Process> {
        let process = self.process.take();
        if process.is_none() {
            self.server.ended_by_platform();
        }
        process
    }

    /// Performs an operation from its first step to its end.
    async fn perform(
        &mut self,
        mut process: Option<Process>,
        mut step: StdioStep,
        begun: Instant,
    ) -> Outcome {
        let mut bytes = Vec::new();
        loop {
            bytes.extend_from_slice(&step.write);
            let deadline = match step.then {
                StdioThen::Read(time) => Instant::now() + time,
                StdioThen::Start => {
                    bytes.clear();
                    drop(process.take());
                    let event = match Process::start(&self.server) {
                        Ok(started) => {
                            process = Some(started);
                            Ok(())
                        }
                        Err(cause) => Err(cause),
                    };
                    let event = event
                        .as_ref()
                        .map_or_else(|cause| StdioEvent::Ended(cause), |()| StdioEvent::Started);
                    step = self.server.feed(event, begun.elapsed());
                    continue;
                }
                StdioThen::Done(outcome) => {
                    if let Some(mut process) = process
                        && process.finish(&bytes).await
                    {
                        self.process = Some(process);
                    }
                    return outcome;
                }
                StdioThen::Rest => Instant::now(),
            };
            step = match &mut process {
                Some(running) => match running.exchange(&mut bytes, deadline).await {
                    Read::Output(output) => self.server.feed(StdioEvent::Output(output), begun.elapsed()),
                    Read::TimedOut => self.server.feed(StdioEvent::TimedOut, begun.elapsed()),
                    Read::Ended => {
                        bytes.clear();
                        let cause = end(process.take()).await;
                        self.server.feed(StdioEvent::Ended(&cause), begun.elapsed())
                    }
                },
                None => self
                    .server
                    .feed(StdioEvent::Ended("it does not run"), begun.elapsed()),
            };
        }
    }

    /// Takes note of what the process has written since the last operation.
    pub(super) async fn settle(&mut self) {
        let Some(mut process) = self.take() else {
            return;
        };
        let now = Duration::ZERO;
        let mut read = 0;
        while read <= MAX_RESPONSE {
            match process.pending().await {
                Read::Output(output) => {
                    read += output.len();
                    let step = self.server.feed(StdioEvent::Output(output), now);
                    if !process.finish(&step.write).await {
                        break;
                    }
                }
                Read::Ended => break,
                Read::TimedOut => {
                    self.process = Some(process);
                    return;
                }
            }
        }
        self.server.feed(StdioEvent::Ended("it has ended"), now);
    }

    /// Ends the process.
    pub(super) async fn close(&mut self) {
        if let Some(process) = self.take() {
            self.server.ended_by_platform();
            process.close().await;
        }
    }
}

async fn end(process: Option<Process>) -> String {
    match process {
        Some(process) => process.end().await,
        None => String::new(),
    }
}
