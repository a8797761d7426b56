//! Requests that are passed on to a provider as they came, and its answers as they are.
//!
//! ```text
//! request ─→ envelope: model, stream ─→ routing: candidates ─→ exchange: attempts ─→ whole: one response
//!                                                                               └→ stream: bytes and comments
//! ```

mod dialect;
mod exchange;
mod form;
mod headers;
mod kept;
mod meter;
mod missed;
mod response;
mod stream;
mod translation;
mod usage;

pub(super) use clawft_api::Envelope;
pub(super) use dialect::Dialect;
pub(super) use kept::{
    cancel as cancel_response, get as get_response, input_items, remove as remove_response,
};
pub(super) use stream::COMMENTS;
pub(super) use stream::{COMMENT, FIRST_COMMENT};
pub(super) use translation::{Translation, Translator};

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{
    body::Bytes,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, request::Parts},
    response::Response,
};
use clawft_types::{
    Kind,
    json::{self, JsonError},
};
use tokio::time::{Instant, timeout};

use super::{
    api_error::ApiError,
    keys::Client,
    limits::{self, Received},
    models::AGENT,
    observe::Details,
    reply,
    routing::Candidate,
    server::RequestActivity,
    session_id,
    state::Shared,
    work_limits::LargeBodyPermit,
};
use exchange::Exchange;
use meter::Meter;
use response::Answer;
use stream::{Running, Source};
use translation::{WARNING, is_native};

/// A path of the API that is passed on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Api {
    /// The path below a provider's address.
    pub(super) path: &'static str,
    /// The dialect of requests and answers.
    pub(super) dialect: Dialect,
    /// The kind of providers that speak it.
    pub(super) kind: Kind,
    /// Whether other providers are asked in their own dialect.
    pub(super) translated: bool,
    /// Whether the answer is the model's own text, complete or as a stream.
    pub(super) generates: bool,
}

/// OpenAI's chat completions.
pub(super) const CHAT: Api = Api {
    path: "chat/completions",
    dialect: Dialect::OpenAi,
    kind: Kind::OpenAi,
    translated: true,
    generates: true,
};

/// OpenAI's completions of a text.
const COMPLETIONS: Api = Api {
    path: "completions",
    dialect: Dialect::OpenAi,
    kind: Kind::OpenAi,
    translated: false,
    generates: true,
};

/// OpenAI's embeddings.
const EMBEDDINGS: Api = Api {
    path: "embeddings",
    dialect: Dialect::OpenAi,
    kind: Kind::OpenAi,
    translated: false,
    generates: false,
};

/// OpenAI's responses.
pub(super) const RESPONSES: Api = Api {
    path: "responses",
    dialect: Dialect::Responses,
    kind: Kind::OpenAi,
    translated: true,
    generates: true,
};

/// Anthropic's messages.
pub(super) const MESSAGES: Api = Api {
    path: "messages",
    dialect: Dialect::Anthropic,
    kind: Kind::Anthropic,
    translated: true,
    generates: true,
};

/// Anthropic's count of a request's tokens.
const COUNT_TOKENS: Api = Api {
    path: "messages/count_tokens",
    dialect: Dialect::Anthropic,
    kind: Kind::Anthropic,
    translated: false,
    generates: false,
};

/// OpenAI's count of a request's tokens.
const INPUT_TOKENS: Api = Api {
    path: "responses/input_tokens",
    dialect: Dialect::Responses,
    kind: Kind::OpenAi,
    translated: false,
    generates: false,
};

/// OpenAI's shorter form of a conversation, which only OpenAI makes.
const COMPACT: Api = Api {
    path: "responses/compact",
    dialect: Dialect::Responses,
    kind: Kind::OpenAi,
    translated: false,
    generates: false,
};

/// The usual length of a token, in bytes.
const BYTES_PER_TOKEN: usize = 4;

/// A request whose body was read.
pub(super) struct Incoming {
    pub(super) parts: Parts,
    pub(super) body: Bytes,
    pub(super) envelope: Envelope,
    /// The model that the client names.
    pub(super) model: Option<String>,
    /// The permit to hold the body in memory until it is parsed or sent, if it is large.
    pub(super) large: Option<LargeBodyPermit>,
}

/// `POST /v1/completions`
pub(super) async fn completions(
    State(shared): State<Shared>,
    request: Request,
) -> Result<Response, ApiError> {
    pass_to_provider(&shared, request, COMPLETIONS).await
}

/// `POST /v1/embeddings`
pub(super) async fn embeddings(State(shared): State<Shared>, request: Request) -> Result<Response, ApiError> {
    pass_to_provider(&shared, request, EMBEDDINGS).await
}

/// `POST /v1/responses/compact`
pub(super) async fn compact(State(shared): State<Shared>, request: Request) -> Result<Response, ApiError> {
    pass_to_provider(&shared, request, COMPACT).await
}

/// Passes on a request that the agent cannot answer.
async fn pass_to_provider(shared: &Shared, request: Request, api: Api) -> Result<Response, ApiError> {
    let incoming = Incoming::read(shared, request).await?;
    incoming.admit(shared).await?;
    if incoming.model.as_deref() == Some(AGENT) {
        return Err(no_such_path(&format!("the agent, `{AGENT}`,")));
    }
    pass(shared, incoming, api).await
}

/// `POST /v1/messages/count_tokens`
pub(super) async fn count_tokens(
    State(shared): State<Shared>,
    request: Request,
) -> Result<Response, ApiError> {
    count(&shared, request, COUNT_TOKENS).await
}

/// `POST /v1/responses/input_tokens`
pub(super) async fn input_tokens(
    State(shared): State<Shared>,
    request: Request,
) -> Result<Response, ApiError> {
    count(&shared, request, INPUT_TOKENS).await
}

/// Counts the tokens of a request: the provider does, or the gateway estimates.
async fn count(shared: &Shared, request: Request, api: Api) -> Result<Response, ApiError> {
    let incoming = Incoming::read(shared, request).await?;
    incoming.admit(shared).await?;
    if incoming.model.as_deref() != Some(AGENT) {
        let candidates = candidates(shared, &incoming).await;
        let counts = |candidate: &Candidate| is_native(api, &candidate.target.provider);
        if candidates.iter().any(counts) {
            return pass(shared, incoming, api).await;
        }
    }
    Ok(estimated_tokens(incoming.body.len(), api.dialect))
}

impl Incoming {
    /// Reads the body of a request, and finds its model.
    ///
    /// # Errors
    /// As [`limits::read`]; 415 if the body is not JSON, 400 if it is no object.
    pub(super) async fn read(shared: &Shared, request: Request) -> Result<Incoming, ApiError> {
        let (parts, body) = request.into_parts();
        limits::json_type(&parts.headers)?;
        let read = async {
            let received = limits::read(body, shared.settings.max_body_bytes as usize, &shared.work).await?;
            scan(shared, received).await
        };
        let (body, envelope, large) = shared.unless_draining(read).await?;
        let model = envelope.text(&body, "model")?;
        let model = model
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty());
        Ok(Incoming {
            parts,
            body,
            envelope,
            model,
            large,
        })
    }

    /// Keeps the connection from being closed in favour of another one.
    pub(super) fn work(&self) {
        if let Some(connection) = self.parts.extensions.get::<RequestActivity>() {
            connection.work();
        }
    }

    /// Returns who sends the request.
    pub(super) fn client(&self) -> Client {
        self.parts.extensions.get().cloned().unwrap_or(Client::Owner)
    }

    /// Returns the body, with `model` if it names none.
    pub(super) fn body_with_model(&self, model: &str) -> Bytes {
        match self.model {
            Some(_) => self.body.clone(),
            None => self.envelope.with_model(&self.body, model).into(),
        }
    }

    /// Checks the limits of the client's key.
    ///
    /// # Errors
    /// 403 if it may not use the model, 429 if a limit is reached.
    pub(super) async fn admit(&self, shared: &Shared) -> Result<(), ApiError> {
        let client = self.client();
        let Some(key) = client.key() else { return Ok(()) };
        let config = shared.config();
        let model = self.model.as_deref().unwrap_or(&config.agents.model);
        if !client.may_use(model) && !self.may_use_candidates(shared, model, &client).await {
            let message = format!("this key may not use the model `{model}`");
            return Err(ApiError::new(StatusCode::FORBIDDEN, "model_not_allowed", message).at("model"));
        }
        key.count_request()
            .await
            .inspect_err(|_| shared.metrics.rejected("limit"))
    }

    /// Returns whether the client may use the models behind a name under another name that they have.
    async fn may_use_candidates(&self, shared: &Shared, model: &str, client: &Client) -> bool {
        let routing = shared.routing();
        let allows = |name: &str| client.may_use(name);
        if self.parts.headers.contains_key(session_id::HEADER) {
            // The agent asks its own provider, whatever the name is.
            return routing.allows_default(model, &allows);
        }
        routing.learn(&shared.discovery, self.model.as_deref()).await;
        model != AGENT && routing.allows(model, &allows)
    }

    /// Returns the place for what the log tells about the request.
    pub(super) fn details(&self) -> Arc<Details> {
        self.parts.extensions.get().cloned().unwrap_or_default()
    }
}

/// Scans a body. A large one is scanned on another thread.
async fn scan(
    shared: &Shared,
    received: Received,
) -> Result<(Bytes, Envelope, Option<LargeBodyPermit>), ApiError> {
    let Received { bytes, large } = received;
    let bytes = Bytes::from(bytes);
    let envelope = match &large {
        None => envelope(&bytes)?,
        Some(_) => {
            let bytes = bytes.clone();
            shared.work.parse(move || envelope(&bytes)).await??
        }
    };
    Ok((bytes, envelope, large))
}

/// Scans a body, which has to be UTF-8, as all JSON is: providers differ in how they read anything else.
fn envelope(bytes: &[u8]) -> Result<Envelope, JsonError> {
    match std::str::from_utf8(bytes) {
        Ok(_) => Envelope::scan(bytes),
        Err(_) => json::parse(bytes).and_then(|_| Envelope::scan(bytes)),
    }
}

/// Passes a request on, and the answer back.
///
/// # Errors
/// The provider's, or the gateway's own.
pub(super) async fn pass(shared: &Shared, incoming: Incoming, api: Api) -> Result<Response, ApiError> {
    let stream = incoming.envelope.flag(&incoming.body, "stream")?;
    let mut candidates = candidates(shared, &incoming).await;
    let translator = translator(shared, &incoming, api, &mut candidates).await?;
    let room = shared.admit()?;
    incoming.work();
    let spent = incoming.client().key().map(|key| Arc::clone(&key.spent));
    let meter = Meter::new(shared, incoming.details(), spent, incoming.body.len());
    let pausing = Arc::new(AtomicBool::new(false));
    let exchange = Exchange {
        shared: shared.clone(),
        candidates,
        api,
        translator,
        headers: incoming.parts.headers,
        body: incoming.body,
        envelope: incoming.envelope,
        model: incoming.model,
        stream,
        pausing: Arc::clone(&pausing),
    };
    let answer = Answer {
        shared,
        dialect: api.dialect,
        meter,
        room,
    };
    if !stream {
        let outcome = exchange.run().await;
        return Ok(answer.respond(outcome));
    }
    let mut running: Running = Box::pin(exchange.run());
    loop {
        match timeout(FIRST_COMMENT, &mut running).await {
            Ok(outcome) => return Ok(answer.respond(outcome)),
            // A pause follows an error, which may be the result: it has a status of its own.
            Err(_) if pausing.load(Ordering::Relaxed) => {}
            Err(_) => return Ok(answer.begin(Source::Running(running), Instant::now())),
        }
    }
}

/// Returns the request for the candidates that speak another dialect, if there are any. Where it has no translation,
/// only the others remain.
///
/// # Errors
/// 404 if no candidate has the path, 400 with the field that is wrong if none can be asked without a translation.
async fn translator(
    shared: &Shared,
    incoming: &Incoming,
    api: Api,
    candidates: &mut Vec<Candidate>,
) -> Result<Option<Arc<Translator>>, ApiError> {
    let is_native = |candidate: &Candidate| is_native(api, &candidate.target.provider);
    let Some(other) = candidates.iter().find(|candidate| !is_native(candidate)) else {
        return Ok(None);
    };
    let read = if api.translated {
        let body = incoming.body_with_model(&other.model);
        let tenant = incoming.client().tenant(&shared.owner);
        Translator::read(shared, api, body, tenant).await
    } else {
        Err(other_kind(other))
    };
    match read {
        Ok(translator) => Ok(Some(Arc::new(translator))),
        Err(error) => {
            candidates.retain(is_native);
            if candidates.is_empty() {
                Err(error)
            } else {
                Ok(None)
            }
        }
    }
}

/// Returns who serves the model of a request.
async fn candidates(shared: &Shared, incoming: &Incoming) -> Vec<Candidate> {
    let routing = shared.routing();
    let model = incoming.model.as_deref();
    routing.learn(&shared.discovery, model).await;
    let mut candidates = routing.candidates(model, &|| getrandom::u32().unwrap_or_default());
    let client = incoming.client();
    if client.key().is_some() && !client.may_use(model.unwrap_or(&shared.config().agents.model)) {
        // The models of providers may have changed since the check.
        let allows = |name: &str| client.may_use(name);
        candidates.retain(|candidate| routing.allows_candidate(candidate, &allows));
    }
    candidates
}

/// Returns a count of tokens for a request of this length, for providers that count none.
fn estimated_tokens(length: usize, dialect: Dialect) -> Response {
    let tokens = length.div_ceil(BYTES_PER_TOKEN).to_string();
    let mut response = reply::object(|body| {
        if dialect == Dialect::Responses {
            body.text_member("object", "response.input_tokens");
        }
        body.literal_member("input_tokens", &tokens);
    });
    let warning = HeaderValue::from_static("input_tokens: estimated, because the provider counts none");
    response.headers_mut().insert(WARNING, warning);
    response
}

/// Returns the error for a path that a provider does not have.
fn other_kind(candidate: &Candidate) -> ApiError {
    no_such_path(&format!("the provider of `{}`", candidate.model))
}

fn no_such_path(who: &str) -> ApiError {
    let message = format!("{who} does not have this path, name a model of another provider");
    ApiError::new(StatusCode::NOT_FOUND, "not_found", message).at("model")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn body_is_utf_8() {
        assert!(envelope("{\"a\":\"é\"}".as_bytes()).is_ok());
        let error = envelope(b"{\"a\":\"\xff\"}").unwrap_err();
        assert!(error.to_string().contains("UTF-8"), "{error}");
    }
}
