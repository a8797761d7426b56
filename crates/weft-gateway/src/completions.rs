//! `POST /v1/chat/completions`, as OpenAI's clients call it.

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
pub(super) use turn::LAST_CHANCE;
use turn::{Made, Piece, Pieces, Talk};

/// Answers, whole or as a stream of events. With the header `X-Clawft-Session` the request's one message continues that
/// session; without it the request's messages are the whole conversation, and nothing is stored.
pub(super) async fn complete(State(shared): State<Shared>, request: Request) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    limits::json_type(&parts.headers)?;
    let session = sessions::named(&parts.headers)?;
    let read = async {
        let received = limits::read(body, shared.settings.max_body_bytes as usize, &shared.work).await?;
        parse(&shared, received).await
    };
    let request = shared.unless_draining(read).await?;
    let (stream, usage) = (request.stream, request.usage);
    let config = request.config(&shared.config());
    let shape = Shape::new(&config.agents.model);
    let talk = Talk::new(session, request)?;
    let room = shared.admit()?;
    if let Some(connection) = parts.extensions.get::<RequestActivity>() {
        connection.work();
    }
    let pieces = turn::start(&shared, room, config, talk);
    match stream {
        true => streamed(pieces, shape, usage).await,
        false => whole(pieces, &shape).await,
    }
}

/// Parses a request, a large one on another thread.
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

/// The whole answer.
async fn whole(mut pieces: Pieces, shape: &Shape) -> Result<Response, ApiError> {
    loop {
        match pieces.next().await {
            Some(Piece::Text(_)) => {}
            Some(Piece::End(Ok(Made { answer, stored }))) => {
                let mut response = shape.whole(&answer);
                if let Some(stored) = stored {
                    stored.add_headers(response.headers_mut());
                }
                return Ok(response);
            }
            Some(Piece::End(Err(error))) => return Err(failure::api_error(&error)),
            None => return Err(failure::lost()),
        }
    }
}

/// A stream that begins with the answer: what goes wrong before that has a status of its own.
async fn streamed(mut pieces: Pieces, shape: Shape, usage: bool) -> Result<Response, ApiError> {
    match pieces.next().await {
        Some(Piece::End(Err(error))) => Err(failure::api_error(&error)),
        Some(first) => Ok(Events::new(first, pieces, shape, usage).into_response()),
        None => Err(failure::lost()),
    }
}

impl ChatRequest {
    /// The configuration with what the request wants otherwise.
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
