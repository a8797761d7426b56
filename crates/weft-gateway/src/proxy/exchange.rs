//! One request to the providers: attempts, retries, and the next provider if one fails.

use super::Api;
use super::headers;
use super::response::is_events;
use super::translation::{Translated, Translation, Translator, is_native};
use crate::api_error::ApiError;
use crate::failure;
use crate::routing::{Candidate, Target};
use crate::state::Shared;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Response, StatusCode, header};
use clawft_api::Envelope;
use clawft_core::{TransportError, TurnError, retry};
use http_body_util::BodyExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};
use weft_agent::forward::{Body, Endpoint};
use weft_agent::{Error, Fault};

/// The largest complete answer, in bytes, that is read before any of it is passed on. Until then the request
/// can be sent again.
const HELD: usize = 256 * 1024;

/// The largest body of an error, in bytes, that is passed on as it came.
const ERROR: usize = 64 * 1024;

/// A request before it is sent.
pub(super) struct Exchange {
    pub(super) shared: Shared,
    pub(super) candidates: Vec<Candidate>,
    pub(super) api: Api,
    /// The request for candidates with another dialect.
    pub(super) translator: Option<Arc<Translator>>,
    /// The headers of the client.
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) envelope: Envelope,
    pub(super) model: Option<String>,
    pub(super) stream: bool,
    /// Whether the exchange is in a pause between two attempts.
    pub(super) pausing: Arc<AtomicBool>,
}

/// A response whose body may be passed on.
pub(super) struct Arrived {
    pub(super) served: Served,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: ArrivedBody,
    /// The end of the time for the rest of the body.
    pub(super) deadline: Instant,
    /// The way back to the client's dialect, if the provider speaks another one.
    pub(super) translation: Option<Translation>,
}

/// The provider that answered.
#[derive(Clone)]
pub(super) struct Served {
    pub(super) target: Arc<Target>,
    pub(super) model: String,
}

/// The body of an answer.
pub(super) enum ArrivedBody {
    /// The complete body.
    Whole(Bytes),
    /// The beginning, and the rest.
    Rest(Bytes, Body),
}

/// An error of the provider.
pub(super) struct Refusal {
    pub(super) served: Served,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// Whether the request was sent more than once.
    pub(super) repeated: bool,
    /// The way back to the client's dialect, if the provider speaks another one.
    pub(super) translation: Option<Translation>,
}

/// The end of an exchange without an answer.
pub(super) enum Failure {
    /// The provider's error can be passed on as it came.
    Refusal(Box<Refusal>),
    /// Any other error.
    Error(ApiError),
}

/// The end of one attempt without an answer.
struct Missed {
    error: Cause,
    /// The time to wait that the provider asked for, if another attempt may succeed.
    retry: Option<Option<Duration>>,
    /// Whether another provider may succeed.
    elsewhere: bool,
    refusal: Option<Box<Refusal>>,
}

/// The error of an attempt.
enum Cause {
    /// The provider or the connection to it failed.
    Agent(Error),
    /// The request cannot be sent to this provider.
    Request(ApiError),
}

/// A request on its way to a provider.
struct Outgoing {
    path: &'static str,
    body: Bytes,
    translation: Option<Translation>,
}

impl Exchange {
    /// Asks one candidate after the other.
    pub(super) async fn run(self) -> Result<Arrived, Failure> {
        let shared = self.shared.clone();
        tokio::select! {
            biased;
            () = shared.stop.stopped() => Err(Failure::Error(failure::api_error(&Fault::Stopped.into()))),
            outcome = self.ask() => outcome,
        }
    }

    async fn ask(self) -> Result<Arrived, Failure> {
        let mut attempts = 0;
        let mut last = None;
        for (at, candidate) in self.candidates.iter().enumerate() {
            let more = at + 1 < self.candidates.len();
            match self.ask_candidate(candidate, more, &mut attempts).await {
                Ok(arrived) => {
                    candidate.health.answered();
                    return Ok(arrived);
                }
                Err(missed) => {
                    let elsewhere = missed.elsewhere;
                    if elsewhere {
                        candidate.health.failed(missed.retry.flatten());
                    }
                    last = Some(missed);
                    if !elsewhere {
                        break;
                    }
                }
            }
        }
        Err(match last {
            Some(missed) => missed.into_failure(attempts),
            None => Failure::Error(failure::lost()),
        })
    }

    /// Asks one candidate, as often as it is worthwhile; only once if there are `more` candidates.
    async fn ask_candidate(
        &self,
        candidate: &Candidate,
        more: bool,
        attempts: &mut u32,
    ) -> Result<Arrived, Missed> {
        let provider = &candidate.target.provider;
        let deadline = Instant::now() + provider.timeout;
        let mut retries = 0;
        loop {
            *attempts += 1;
            let missed = match self.attempt(candidate, deadline).await {
                Ok(arrived) => return Ok(arrived),
                Err(missed) => missed,
            };
            let jitter = getrandom::u32().unwrap_or_default();
            let wait = missed.retry.and_then(|asked| retry::wait(retries, asked, jitter));
            let Some(wait) =
                wait.filter(|wait| !more && retries < provider.retries && Instant::now() + *wait < deadline)
            else {
                return Err(missed);
            };
            self.pause(wait).await;
            retries += 1;
        }
    }

    async fn pause(&self, wait: Duration) {
        self.pausing.store(true, Ordering::Relaxed);
        sleep(wait).await;
        self.pausing.store(false, Ordering::Relaxed);
    }

    /// Sends the request once.
    async fn attempt(&self, candidate: &Candidate, deadline: Instant) -> Result<Arrived, Missed> {
        let target = &candidate.target;
        let endpoint = target.endpoint().map_err(Missed::unusable)?;
        let late = || {
            Missed::transport(TransportError::TimedOut {
                after: target.provider.timeout,
                limit: clawft_core::TimeLimit::FirstByte,
            })
        };
        let outgoing = self.outgoing(candidate).await.map_err(Missed::request)?;
        let translation = outgoing.translation.clone();
        let answer = timeout_at(deadline, self.send(outgoing, endpoint, &candidate.model));
        let response = answer.await.map_err(|_| late())??;
        let (parts, body) = response.into_parts();
        let served = Served {
            target: Arc::clone(target),
            model: candidate.model.clone(),
        };
        if !parts.status.is_success() {
            let body = timeout_at(deadline, collect(body, ERROR)).await;
            let body = body.ok().and_then(Result::ok);
            let (parts, served) = ((parts.status, parts.headers), served);
            let mut missed = refused(endpoint, served, parts, body);
            if let Some(refusal) = &mut missed.refusal {
                refusal.translation = translation;
            }
            return Err(missed);
        }
        let limit = target.provider.max_response;
        let body = if self.stream && is_events(&parts.headers) {
            ArrivedBody::Rest(Bytes::new(), body)
        } else {
            let held = if translation.is_some() {
                limit
            } else {
                HELD.min(limit)
            };
            let held = timeout_at(deadline, collect(body, held)).await;
            held.map_err(|_| late())?.map_err(Missed::transport)?
        };
        match &body {
            ArrivedBody::Whole(bytes) if !is_answer(&parts.headers, bytes) => {
                let error = endpoint.bad_response("it is not a JSON object");
                return Err(Missed::of(error.into(), None, true));
            }
            ArrivedBody::Rest(first, _) if first.len() > limit || !first.is_empty() && limit <= HELD => {
                return Err(Missed::transport(TransportError::TooLarge { limit }));
            }
            _ => {}
        }
        Ok(Arrived {
            served,
            status: parts.status,
            headers: parts.headers,
            body,
            deadline,
            translation,
        })
    }

    /// Returns the request for a candidate: as it came but for the model, or in another dialect.
    async fn outgoing(&self, candidate: &Candidate) -> Result<Outgoing, ApiError> {
        if let Some(translator) = &self.translator
            && !is_native(self.api, &candidate.target.provider)
        {
            let Translated {
                path,
                body,
                translation,
            } = translator.write(&self.shared, candidate).await?;
            return Ok(Outgoing {
                path,
                body,
                translation: Some(translation),
            });
        }
        let body = if self.model.as_deref() == Some(&candidate.model) {
            self.body.clone()
        } else {
            self.envelope.with_model(&self.body, &candidate.model).into()
        };
        Ok(Outgoing {
            path: self.api.path,
            body,
            translation: None,
        })
    }

    async fn send(
        &self,
        outgoing: Outgoing,
        endpoint: &Endpoint,
        model: &str,
    ) -> Result<Response<Body>, Missed> {
        let url = endpoint
            .url(outgoing.path, model)
            .map_err(|error| Missed::unusable(&error))?;
        let headers = headers::to_provider(endpoint.headers(), &self.headers);
        let sent = self
            .shared
            .forwarder
            .send(Method::POST, url, headers, outgoing.body)
            .await;
        sent.map_err(Missed::transport)
    }
}

/// Returns whether a complete answer can be one: all are JSON objects. An encoded one is the client's to read.
fn is_answer(headers: &HeaderMap, body: &[u8]) -> bool {
    headers.contains_key(header::CONTENT_ENCODING) || Envelope::scan(body).is_ok()
}

/// Reads a body, up to `limit` bytes of it.
async fn collect(mut body: Body, limit: usize) -> Result<ArrivedBody, TransportError> {
    let mut first = Bytes::new();
    let mut more: Vec<u8> = Vec::new();
    loop {
        let frame = match body.frame().await {
            None => break,
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Err(weft_agent::forward::broken(&error)),
        };
        let Ok(data) = frame.into_data() else { continue };
        if first.is_empty() {
            first = data;
        } else {
            if more.is_empty() {
                more.extend_from_slice(&first);
            }
            more.extend_from_slice(&data);
        }
        if first.len().max(more.len()) > limit {
            return Ok(ArrivedBody::Rest(joined(first, more), body));
        }
    }
    Ok(ArrivedBody::Whole(joined(first, more)))
}

/// Returns the only frame, or all frames together.
fn joined(first: Bytes, more: Vec<u8>) -> Bytes {
    if more.is_empty() { first } else { more.into() }
}

/// Returns the end of an attempt that the provider answered with another status than success.
fn refused(
    endpoint: &Endpoint,
    served: Served,
    (status, headers): (StatusCode, HeaderMap),
    body: Option<ArrivedBody>,
) -> Missed {
    let code = status.as_u16();
    if status.is_redirection() || status.is_informational() {
        return Missed::of(
            endpoint.bad_response("redirects are not followed").into(),
            None,
            false,
        );
    }
    let body = match body {
        Some(ArrivedBody::Whole(body)) => body,
        _ => Bytes::new(),
    };
    let asked = retry::retry_after(&date_headers(&headers));
    let error = endpoint.error(code, asked, 1, body.to_vec());
    let hidden = matches!(code, 401 | 402 | 403 | 407);
    let shown = std::str::from_utf8(&body).is_ok_and(|text| !endpoint.shows_key(text));
    let refusal = (!hidden && shown && has_error(&body)).then(|| {
        Box::new(Refusal {
            served,
            status,
            headers,
            body,
            repeated: false,
            translation: None,
        })
    });
    Missed {
        refusal,
        ..Missed::of(
            error.into(),
            retry::worthwhile(code).then_some(asked),
            retry::worthwhile(code) || status.is_server_error() || hidden,
        )
    }
}

/// Returns whether the body is an object with the member `error`, as clients expect.
fn has_error(body: &[u8]) -> bool {
    clawft_types::json::parse(body)
        .is_ok_and(|tree| clawft_types::json::Node::root(&tree).get("error").is_some())
}

/// Returns the headers that say when to retry.
fn date_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let read = |name: header::HeaderName| {
        let value = headers.get(&name)?.to_str().ok()?;
        Some((name.as_str().to_owned(), value.to_owned()))
    };
    let millis = header::HeaderName::from_static("retry-after-ms");
    [header::RETRY_AFTER, header::DATE, millis]
        .into_iter()
        .filter_map(read)
        .collect()
}

impl Missed {
    fn of(error: Error, retry: Option<Option<Duration>>, elsewhere: bool) -> Missed {
        Missed {
            error: Cause::Agent(error),
            retry,
            elsewhere,
            refusal: None,
        }
    }

    /// The request has no form for this provider.
    fn request(error: ApiError) -> Missed {
        Missed {
            error: Cause::Request(error),
            retry: None,
            elsewhere: true,
            refusal: None,
        }
    }

    /// The provider cannot be asked as it is configured.
    fn unusable(error: &Error) -> Missed {
        let error = match &error.fault {
            Fault::Turn(error) => error.clone().into(),
            Fault::Request(reason) => Fault::Request(reason).into(),
            _ => Error::other(error.to_string()),
        };
        Missed::of(error, None, true)
    }

    fn transport(error: TransportError) -> Missed {
        let retry = matches!(error, TransportError::Unavailable(_)).then_some(None);
        Missed::of(TurnError::from(error).into(), retry, true)
    }

    fn into_failure(self, attempts: u32) -> Failure {
        let repeated = attempts > 1;
        if let Some(refusal) = self.refusal {
            return Failure::Refusal(Box::new(Refusal { repeated, ..*refusal }));
        }
        let mut error = match self.error {
            Cause::Agent(error) => error,
            Cause::Request(error) => return Failure::Error(error),
        };
        if let Fault::Turn(TurnError::Provider { attempts: known, .. }) = &mut error.fault {
            *known = attempts;
        }
        let mut error = failure::api_error(&error);
        error.repeated = repeated;
        Failure::Error(error)
    }
}
