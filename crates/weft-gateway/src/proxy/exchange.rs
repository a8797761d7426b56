//! One request to the providers: attempts, retries, and the next provider if one fails.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    body::Bytes,
    http::{HeaderMap, Method, Response, StatusCode},
};
use clawft_api::{Envelope, with_members};
use clawft_core::{TimeLimit, TransportError, retry};
use clawft_types::Provider;
use tokio::time::{Instant, sleep, timeout_at};
use weft_agent::{
    Fault,
    forward::{Body, Endpoint},
};

use super::{
    Api,
    form::{self, Form, Unfit},
    headers,
    missed::{Missed, refused},
    translation::{Translated, Translation, Translator, is_native},
};
use crate::{
    api_error::ApiError,
    failure,
    routing::{Candidate, Target},
    state::Shared,
    work_limits::SMALL,
};

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
    /// The beginning, and the rest; `None` if nothing follows.
    Rest(Bytes, Option<Body>),
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
        let deadline = Instant::now() + self.limit(provider).0;
        let last_retry = Instant::now() + provider.timeout;
        let mut retries = 0;
        loop {
            *attempts += 1;
            let missed = match self.attempt(candidate, deadline).await {
                Ok(arrived) => return Ok(arrived),
                Err(missed) => missed,
            };
            let jitter = getrandom::u32().unwrap_or_default();
            let wait = missed.retry.and_then(|asked| retry::wait(retries, asked, jitter));
            let Some(wait) = wait
                .filter(|wait| !more && retries < provider.retries && Instant::now() + *wait < last_retry)
            else {
                return Err(missed);
            };
            self.pause(wait).await;
            retries += 1;
        }
    }

    /// Returns the time that a provider has for its answer to begin, which a complete one does when it ends, and the
    /// limit that it is.
    fn limit(&self, provider: &Provider) -> (Duration, TimeLimit) {
        if self.stream || !self.api.generates || provider.whole_timeout == provider.timeout {
            return (provider.timeout, TimeLimit::FirstByte);
        }
        (provider.whole_timeout, TimeLimit::Total)
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
            let (after, limit) = self.limit(&target.provider);
            Missed::transport(TransportError::TimedOut { after, limit })
        };
        let outgoing = self.outgoing(candidate).await.map_err(Missed::request)?;
        let mut translation = outgoing.translation.clone();
        let answer = timeout_at(deadline, self.send(outgoing, endpoint, &candidate.model));
        let response = answer.await.map_err(|_| late())??;
        let (mut parts, body) = response.into_parts();
        let served = Served {
            target: Arc::clone(target),
            model: candidate.model.clone(),
        };
        let refused = |parts, body, translation| {
            let mut missed = refused(endpoint, served.clone(), parts, body);
            if let Some(refusal) = &mut missed.refusal {
                refusal.translation = translation;
            }
            missed
        };
        if !parts.status.is_success() {
            let body = timeout_at(deadline, form::collect(Bytes::new(), body, ERROR)).await;
            let body = body.ok().and_then(Result::ok);
            return Err(refused((parts.status, parts.headers), body, translation));
        }
        if matches!(parts.status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT) {
            let cause = format!("status {} stands for no content", parts.status.as_u16());
            return Err(Missed::of(endpoint.bad_response(&cause).into(), None, true));
        }
        let form = Form {
            shared: &self.shared,
            endpoint,
            provider: &target.provider,
            dialect: self.api.generates.then(|| match &translation {
                Some(translation) => translation.provider(),
                None => self.api.dialect.api(),
            }),
            stream: self.stream,
            include_usage: translation.is_some() || self.envelope.includes_usage(&self.body),
            translation: translation.as_mut(),
            limit: self.limit(&target.provider),
            deadline,
        };
        let body = match form.take(&mut parts.headers, body).await {
            Ok(body) => body,
            Err(Unfit::Missed(missed)) => return Err(*missed),
            Err(Unfit::Error(status, body)) => {
                form::set_type(&mut parts.headers, "application/json");
                let body = Some(ArrivedBody::Whole(body));
                return Err(refused((status, parts.headers), body, translation));
            }
        };
        Ok(Arrived {
            served,
            status: parts.status,
            headers: parts.headers,
            body,
            deadline,
            translation,
        })
    }

    /// Returns the request for a candidate: as it came but for the model and the provider's own members, or in
    /// another dialect.
    async fn outgoing(&self, candidate: &Candidate) -> Result<Outgoing, ApiError> {
        let target = &candidate.target;
        let mut outgoing = if let Some(translator) = &self.translator
            && !is_native(self.api, &target.provider)
        {
            let Translated {
                path,
                body,
                translation,
            } = translator.write(&self.shared, candidate).await?;
            Outgoing {
                path,
                body,
                translation: Some(translation),
            }
        } else {
            let same = self.model.as_deref() == Some(&candidate.model);
            Outgoing {
                path: self.api.path,
                body: match same {
                    true => self.body.clone(),
                    false => self.envelope.with_model(&self.body, &candidate.model).into(),
                },
                translation: None,
            }
        };
        if self.api.generates && !target.extra_body.members().is_empty() {
            outgoing.body = self.with_extra(outgoing.body, target).await?;
        }
        Ok(outgoing)
    }

    /// Returns a body with the provider's own members. A large one is written on another thread.
    async fn with_extra(&self, body: Bytes, target: &Arc<Target>) -> Result<Bytes, ApiError> {
        let small = body.len() <= SMALL;
        let target = Arc::clone(target);
        let write = move || {
            let extra = &target.extra_body;
            let members = extra.members().iter().map(|member| member.json.expose());
            with_members(&body, &|name| extra.replaces(name), members)
        };
        Ok(match small {
            true => write()?.into(),
            false => self.shared.work.parse(write).await??.into(),
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
        let headers = headers::to_provider(endpoint, &self.headers);
        let sent = self
            .shared
            .forwarder
            .send(Method::POST, url, headers, outgoing.body)
            .await;
        sent.map_err(Missed::transport)
    }
}
