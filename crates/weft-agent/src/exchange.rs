//! One request with its response, for everything that reads responses: turns, MCP servers, and `fetch`.

use std::{
    future::{pending, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};

use clawft_core::{Event, HttpRequest, TimeLimit, TransportError};
use reqwest::{Client, Response};
use tokio::time::{Instant, sleep_until};

use crate::{error::Error, stop::Stop, transport};

/// The number of bytes of a body that are processed together if they arrive together.
const GATHERED_BYTES: usize = 16 * 1024;

/// A machine that is fed with a response, and decides after each event.
pub(crate) trait Reader {
    /// The decision.
    type Step;

    /// Takes the next event.
    fn feed(&mut self, event: Event<'_>) -> Self::Step;

    /// Returns whether the rest of the response is needed.
    fn needs_more(step: &Self::Step) -> bool;
}

/// The reason why an exchange has no result.
pub(crate) enum Aborted {
    /// A stop was requested.
    Stopped,
    /// The request is invalid; nothing was sent.
    Invalid(Error),
}

impl From<Aborted> for TransportError {
    fn from(aborted: Aborted) -> TransportError {
        TransportError::Impossible(match aborted {
            Aborted::Stopped => "it was stopped".to_owned(),
            Aborted::Invalid(error) => error.to_string(),
        })
    }
}

/// Sends `request` once, and feeds `reader` with the response until it needs no more. A failure is an event too.
/// Returns the rest of the response, unless it is over.
pub(crate) async fn exchange<R: Reader>(
    client: &Client,
    request: HttpRequest,
    mut wait: Wait<'_>,
    reader: &mut R,
) -> Result<(R::Step, Option<Response>), Aborted> {
    let sending = transport::request(client, request)
        .map_err(Aborted::Invalid)?
        .send();
    let mut response = match wait.on(sending, false).await? {
        Ok(response) => response,
        Err(error) => return Ok((reader.feed(Event::Failed(error)), None)),
    };
    if let Some(error) = transport::refused_by_proxy(&response) {
        return Ok((reader.feed(Event::Failed(error)), None));
    }
    let mut step = reader.feed(Event::Head {
        status: response.status().as_u16(),
        headers: &transport::headers(&response),
    });
    let mut gathered = Vec::new();
    while R::needs_more(&step) {
        let bytes = match wait.on(response.chunk(), true).await? {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Ok((reader.feed(Event::End), None)),
            Err(error) => return Ok((reader.feed(Event::Failed(error)), None)),
        };
        gathered.clear();
        gathered.extend_from_slice(&bytes);
        let ended = gather(&mut response, &mut gathered).await;
        if !gathered.is_empty() {
            wait.progressed();
        }
        step = reader.feed(Event::Body(&gathered));
        if let Some(end) = ended.filter(|_| R::needs_more(&step)) {
            return Ok((reader.feed(end), None));
        }
    }
    Ok((step, Some(response)))
}

/// Adds the parts of the body that are there already, up to a limit, so that deltas of a fast stream are printed
/// together. Returns the end of the body if it is there too.
async fn gather(response: &mut Response, bytes: &mut Vec<u8>) -> Option<Event<'static>> {
    while bytes.len() < GATHERED_BYTES {
        // Lets the connection pass on the next part.
        tokio::task::yield_now().await;
        let part = poll_immediate(response.chunk()).await?;
        match part {
            Ok(Some(part)) => bytes.extend_from_slice(&part),
            Ok(None) => return Some(Event::End),
            Err(error) => return Some(Event::Failed(transport::explain(&error, true))),
        }
    }
    None
}

/// Returns the output of `future` if it is ready.
async fn poll_immediate<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// The time limits of an exchange, and the stop that ends it.
pub(crate) struct Wait<'a> {
    stop: Option<&'a Stop>,
    idle_timeout: Duration,
    total: Deadline,
    /// The limit for the next byte.
    next: Deadline,
}

/// A time limit.
#[derive(Clone, Copy)]
struct Deadline {
    limit: TimeLimit,
    after: Duration,
    due: Instant,
}

impl Deadline {
    fn new(limit: TimeLimit, after: Duration) -> Self {
        Self {
            limit,
            after,
            due: Instant::now() + after,
        }
    }
}

impl<'a> Wait<'a> {
    /// Returns the limits of a request to the model: for the first byte, between two bytes, and for all.
    pub(crate) fn for_model(stop: &'a Stop, request: &HttpRequest) -> Self {
        Self {
            stop: Some(stop),
            idle_timeout: request.idle_timeout,
            total: Deadline::new(TimeLimit::Total, request.total_timeout),
            next: Deadline::new(TimeLimit::FirstByte, request.timeout),
        }
    }

    /// Returns the limit of a request for a tool: one for all.
    pub(crate) fn for_tool(request: &HttpRequest) -> Self {
        let total = Deadline::new(TimeLimit::Total, request.timeout);
        Self {
            stop: None,
            idle_timeout: request.timeout,
            total,
            next: total,
        }
    }

    /// Returns the result of `work`, or the reason why there is none. `begun` tells whether the response had
    /// begun.
    async fn on<T>(
        &self,
        work: impl Future<Output = reqwest::Result<T>>,
        begun: bool,
    ) -> Result<Result<T, TransportError>, Aborted> {
        let Deadline { limit, after, due } = if self.next.due < self.total.due {
            self.next
        } else {
            self.total
        };
        let stopped = async {
            match self.stop {
                Some(stop) => stop.stopped().await,
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            () = stopped => Err(Aborted::Stopped),
            done = work => Ok(done.map_err(|error| transport::explain(&error, begun))),
            () = sleep_until(due) => Ok(Err(TransportError::TimedOut { after, limit })),
        }
    }

    /// Begins the time for the next byte.
    fn progressed(&mut self) {
        self.next = Deadline::new(TimeLimit::Idle, self.idle_timeout);
    }
}
