//! Requests for answers, in all dialects: those to the agent are answered here, the others are passed on.
//!
//! The agent speaks OpenAI's chat completions, and the other dialects in translation.

mod audience;
mod events;
mod join;
mod request;
mod shape;
mod store_outcome;
mod turn;
mod unsupported;

use axum::{
    body::Bytes,
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use clawft_api::Options;
use clawft_types::{Config, SessionId};

use super::{
    api_error::ApiError,
    failure,
    models::AGENT,
    proxy::{self, Api, Dialect, FIRST_COMMENT, Incoming, Translation, Translator},
    reply, session_id, sessions,
    state::Shared,
};
use audience::Audience;
use events::Events;
pub(super) use join::{decide, join, stop};
use std::sync::Arc;

use tokio::time::timeout;

use request::ChatRequest;
use shape::Shape;
#[cfg(test)]
pub(super) use turn::STORE_TIME;
use turn::{Completed, TurnInput, TurnOutput, TurnOutputs};

/// The header of a request in a session whose answer goes on when the client disconnects: `true`.
const DETACHED: &str = "x-clawft-detached";

/// The header of a request in a session whose answer takes the place of others: the number of messages that stay.
const KEEP: &str = "x-clawft-keep";

/// The header of a request in a session whose client understands events about tools: `true`.
const EVENTS: &str = "x-clawft-events";

/// `POST /v1/chat/completions`
pub(super) async fn chat(State(shared): State<Shared>, request: Request) -> Result<Response, ApiError> {
    answer(&shared, request, proxy::CHAT).await
}

/// `POST /v1/responses`
pub(super) async fn responses(State(shared): State<Shared>, request: Request) -> Result<Response, ApiError> {
    answer(&shared, request, proxy::RESPONSES).await
}

/// `POST /v1/messages`
pub(super) async fn messages(State(shared): State<Shared>, request: Request) -> Result<Response, ApiError> {
    answer(&shared, request, proxy::MESSAGES).await
}

/// Answers a request: the agent does for its own name, and in sessions; all others are passed on as they came.
async fn answer(shared: &Shared, request: Request, api: Api) -> Result<Response, ApiError> {
    let session = session_id::requested(request.headers())?;
    let incoming = Incoming::read(shared, request).await?;
    incoming.admit(shared).await?;
    let to_agent = session.is_some() || incoming.model.as_deref() == Some(AGENT);
    if to_agent {
        return ask_agent(shared, incoming, session, api).await;
    }
    proxy::pass(shared, incoming, api).await
}

/// Answers completely or as a stream of events. In a session the one message continues it; without one the
/// messages are the whole conversation, and nothing is stored.
async fn ask_agent(
    shared: &Shared,
    mut incoming: Incoming,
    session: Option<SessionId>,
    api: Api,
) -> Result<Response, ApiError> {
    let begin = async {
        let translation = translate(shared, &mut incoming, api).await?;
        Ok((parse(shared, &mut incoming).await?, translation))
    };
    let (request, translation) = shared.unless_draining(begin).await?;
    let stream = request.stream;
    // The other dialects have no choice.
    let usage = request.usage || translation.is_some();
    let config = request.config(shared);
    let shape = Shape::new(&config.agents.model);
    let detached = session.is_some() && is_set(&incoming.parts.headers, DETACHED);
    let audience = match stream && translation.is_none() {
        true => audience(shared, &incoming),
        false => Audience::None,
    };
    let keep = kept(shared, &incoming, session.as_ref())?;
    let turn_input = TurnInput::new(session, keep, request)?;
    let room = shared.admit()?;
    incoming.work();
    let mut outputs = turn::start(shared, &incoming.client(), room, config, turn_input, audience);
    if detached {
        outputs.detach();
    }
    match stream {
        true => streamed(outputs, shape, usage, translation).await,
        false => whole(shared, outputs, &shape, translation).await,
    }
}

fn is_set(headers: &HeaderMap, name: &str) -> bool {
    headers.get(name).is_some_and(|value| value == "true")
}

/// Returns what the client does with calls of tools. Only whoever has the gateway's token may permit a call that the
/// configuration asks about: keys are for others, and without a token every program of this machine could.
fn audience(shared: &Shared, incoming: &Incoming) -> Audience {
    let is_owner = incoming.client().key().is_none() && shared.access.has_token();
    match is_set(&incoming.parts.headers, EVENTS) {
        false => Audience::None,
        true if is_owner => Audience::Decides,
        true => Audience::Watches,
    }
}

/// Returns the number of messages of the session that stay, if the answer takes the place of the others.
///
/// # Errors
/// 400 without a session or a number, 409 while an answer is being made in the session.
fn kept(
    shared: &Shared,
    incoming: &Incoming,
    session: Option<&SessionId>,
) -> Result<Option<usize>, ApiError> {
    let Some(value) = incoming.parts.headers.get(KEEP) else {
        return Ok(None);
    };
    let keep = value.to_str().ok().and_then(|text| text.parse().ok());
    let (Some(keep), Some(id)) = (keep, session) else {
        let message = "X-Clawft-Keep: expected a number of messages, together with `X-Clawft-Session`";
        return Err(ApiError::invalid(message));
    };
    sessions::refuse_while_answering(&incoming.client().tenant(&shared.owner), id)?;
    Ok(Some(keep))
}

/// Translates a request of another dialect to a chat completion's. Returns the way back for the answer.
async fn translate(
    shared: &Shared,
    incoming: &mut Incoming,
    api: Api,
) -> Result<Option<Translation>, ApiError> {
    if api.dialect == Dialect::OpenAi {
        return Ok(None);
    }
    let tenant = incoming.client().tenant(&shared.owner);
    let body = incoming.body_with_model(AGENT);
    let translator = Arc::new(Translator::read(shared, api, body, tenant).await?);
    let (body, translation) = translator
        .write_as(shared, clawft_api::Dialect::Chat, Options::default())
        .await?;
    incoming.body = body;
    Ok(Some(translation))
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
async fn whole(
    shared: &Shared,
    mut outputs: TurnOutputs,
    shape: &Shape,
    translation: Option<Translation>,
) -> Result<Response, ApiError> {
    let Completed { answer, stored } = loop {
        match outputs.next().await {
            Some(TurnOutput::Text(_) | TurnOutput::Reasoning(_) | TurnOutput::Event(_)) => {}
            Some(TurnOutput::End(Ok(completed))) => break completed,
            Some(TurnOutput::End(Err(error))) => return Err(failure::api_error(&error)),
            None => return Err(failure::lost()),
        }
    };
    let mut body = Bytes::from(shape.whole(&answer));
    let mut headers = HeaderMap::new();
    if let Some(mut translation) = translation {
        body = translation
            .whole(shared, body)
            .await
            .map_err(|cause| ApiError::internal(format!("the answer cannot be translated: {cause}")))?;
        translation.add_warnings(&mut headers);
    }
    if let Some(stored) = stored {
        stored.add_headers(&mut headers);
    }
    let mut response = reply::json(StatusCode::OK, body);
    response.headers_mut().extend(headers);
    Ok(response)
}

/// Returns a stream that begins with the answer, or with a comment if the model thinks for long: an error before
/// that has a status of its own.
async fn streamed(
    mut outputs: TurnOutputs,
    shape: Shape,
    usage: bool,
    translation: Option<Translation>,
) -> Result<Response, ApiError> {
    let first = match timeout(FIRST_COMMENT, outputs.next()).await {
        Ok(Some(TurnOutput::End(Err(error)))) => return Err(failure::api_error(&error)),
        Ok(Some(first)) => Some(first),
        Ok(None) => return Err(failure::lost()),
        Err(_) => None,
    };
    Ok(Events::new(first, outputs, shape, usage, translation).into_response())
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
