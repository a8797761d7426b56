//! `POST /v1/chat/completions`, OpenAI's chat completions.

mod events;
mod failure;
mod request;
mod shape;
mod store_outcome;
mod turn;
mod unsupported;

use super::api_error::ApiError;
use super::limits::{self, Received};
use super::server::RequestActivity;
use super::sessions;
use super::state::Shared;
use axum::extract::{Request, State};
use axum::response::Response;
use clawft_types::Config;
use events::Events;
use request::ChatRequest;
use shape::Shape;
#[cfg(test)]
pub(super) use turn::STORE_TIME;
use turn::{Completed, TurnInput, TurnOutput, TurnOutputs};

/// Answers a request completely or as a stream of events. With the header `X-Clawft-Session` its one message
/// continues that session; without it the messages are the whole conversation, and nothing is stored.
pub(super) async fn complete(State(shared): State<Shared>, request: Request) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    limits::json_type(&parts.headers)?;
    let session = sessions::requested_id(&parts.headers)?;
    let read = async {
        let received = limits::read(body, shared.settings.max_body_bytes as usize, &shared.work).await?;
        parse(&shared, received).await
    };
    let request = shared.unless_draining(read).await?;
    let (stream, usage) = (request.stream, request.usage);
    let config = request.config(&shared.config());
    let shape = Shape::new(&config.agents.model);
    let turn_input = TurnInput::new(session, request)?;
    let room = shared.admit()?;
    if let Some(connection) = parts.extensions.get::<RequestActivity>() {
        connection.work();
    }
    let outputs = turn::start(&shared, room, config, turn_input);
    match stream {
        true => streamed(outputs, shape, usage).await,
        false => whole(outputs, &shape).await,
    }
}

/// Parses a request. A large one is parsed on another thread.
async fn parse(shared: &Shared, received: Received) -> Result<ChatRequest, ApiError> {
    let Received { bytes, large } = received;
    match large {
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
            Some(TurnOutput::Text(_)) => {}
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
    fn config(&self, config: &Config) -> Config {
        let mut config = config.clone();
        let agents = &mut config.agents;
        if let Some(model) = &self.model {
            agents.model.clone_from(model);
        }
        agents.temperature = self.temperature.or(agents.temperature);
        agents.max_tokens = self.max_tokens.or(agents.max_tokens);
        if self.instructions.is_some() {
            agents.system_prompt.clone_from(&self.instructions);
        }
        config
    }
}
