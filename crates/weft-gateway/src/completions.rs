//! `POST /v1/chat/completions`, OpenAI's chat completions.

mod events;
mod join;
mod request;
mod shape;
mod store_outcome;
mod turn;
mod unsupported;

use super::api_error::ApiError;
use super::failure;
use super::proxy::{self, Incoming};
use super::sessions;
use super::state::Shared;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use clawft_types::{Config, SessionId};
use events::Events;
pub(super) use join::{join, stop};
use request::ChatRequest;
use shape::Shape;
#[cfg(test)]
pub(super) use turn::STORE_TIME;
use turn::{Completed, TurnInput, TurnOutput, TurnOutputs};

/// The name of the agent, where clients name a model.
pub(super) const AGENT: &str = "clawft";

/// The header of a request in a session whose answer goes on when the client disconnects: `true`.
const DETACHED: &str = "x-clawft-detached";

/// Answers a request: the agent does for its own name, and in sessions; all others are passed on as they came.
pub(super) async fn complete(State(shared): State<Shared>, request: Request) -> Result<Response, ApiError> {
    let session = sessions::requested_id(request.headers())?;
    let incoming = Incoming::read(&shared, request).await?;
    incoming.admit(&shared).await?;
    let to_agent = session.is_some() || incoming.model.as_deref() == Some(AGENT);
    if to_agent {
        return ask_agent(&shared, incoming, session).await;
    }
    proxy::pass(&shared, incoming, proxy::CHAT).await
}

/// Answers completely or as a stream of events. In a session the one message continues it; without one the
/// messages are the whole conversation, and nothing is stored.
async fn ask_agent(
    shared: &Shared,
    mut incoming: Incoming,
    session: Option<SessionId>,
) -> Result<Response, ApiError> {
    let request = shared.unless_draining(parse(shared, &mut incoming)).await?;
    let (stream, usage) = (request.stream, request.usage);
    let config = request.config(shared);
    let shape = Shape::new(&config.agents.model);
    let detached = session.is_some() && is_detached(&incoming.parts.headers);
    let turn_input = TurnInput::new(session, request)?;
    let room = shared.admit()?;
    incoming.work();
    let mut outputs = turn::start(shared, &incoming.client(), room, config, turn_input);
    if detached {
        outputs.detach();
    }
    match stream {
        true => streamed(outputs, shape, usage).await,
        false => whole(outputs, &shape).await,
    }
}

fn is_detached(headers: &HeaderMap) -> bool {
    headers.get(DETACHED).is_some_and(|value| value == "true")
}

/// Parses a request. A large one is parsed on another thread.
async fn parse(shared: &Shared, incoming: &mut Incoming) -> Result<ChatRequest, ApiError> {
    let bytes = std::mem::take(&mut incoming.body);
    match incoming.large.take() {
        None => ChatRequest::parse(&bytes),
        Some(large) => {
            let parse = move || {
                let request = ChatRequest::parse(&bytes);
                drop((bytes, large));
                request
            };
            shared.work.parse(parse).await?
        }
    }
}

/// Returns the complete answer.
async fn whole(mut outputs: TurnOutputs, shape: &Shape) -> Result<Response, ApiError> {
    loop {
        match outputs.next().await {
            Some(TurnOutput::Text(_) | TurnOutput::Reasoning(_)) => {}
            Some(TurnOutput::End(Ok(Completed { answer, stored }))) => {
                let mut response = shape.whole(&answer);
                if let Some(stored) = stored {
                    stored.add_headers(response.headers_mut());
                }
                return Ok(response);
            }
            Some(TurnOutput::End(Err(error))) => return Err(failure::api_error(&error)),
            None => return Err(failure::lost()),
        }
    }
}

/// Returns a stream that begins with the answer: an error before that has a status of its own.
async fn streamed(mut outputs: TurnOutputs, shape: Shape, usage: bool) -> Result<Response, ApiError> {
    match outputs.next().await {
        Some(TurnOutput::End(Err(error))) => Err(failure::api_error(&error)),
        Some(first) => Ok(Events::new(first, outputs, shape, usage).into_response()),
        None => Err(failure::lost()),
    }
}

impl ChatRequest {
    /// Returns the configuration with the values of the request.
    fn config(&self, shared: &Shared) -> Config {
        let mut config = Config::clone(&shared.config());
        if let Some(model) = self.model.as_deref().filter(|model| *model != AGENT) {
            let random = || getrandom::u32().unwrap_or_default();
            if let Some(first) = shared
                .routing()
                .candidates(Some(model), &random)
                .into_iter()
                .next()
            {
                config.provider = first.target.provider.clone();
                config.agents.model = first.model;
            }
        }
        let agents = &mut config.agents;
        agents.temperature = self.temperature.or(agents.temperature);
        agents.max_tokens = self.max_tokens.or(agents.max_tokens);
        if self.instructions.is_some() {
            agents.system_prompt.clone_from(&self.instructions);
        }
        config
    }
}
