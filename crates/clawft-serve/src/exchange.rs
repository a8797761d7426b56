//! One request to the providers: attempts, retries, and the next provider if one fails.

use std::time::Duration;

use clawft_api::{
    Envelope,
    upstream::{self, MOST_WARNINGS, TO_PROVIDER, WARNING},
};
use clawft_core::{
    Endpoint, Header, HeaderValue, HttpRequest, Method, TransportError, TurnError,
    response_head::{encoding, header, is_event_stream},
    retry,
};
use clawft_types::{
    Provider,
    json::{self, Node},
    memory,
};

use crate::{
    fault::Fault,
    host::{Body, Head, Host},
    refusal::Refusal,
    relay::Relay,
    reply::{self, Answer, AnswerBody},
    request::Incoming,
    route::Api,
    routing::Candidate,
    shared::Shared,
    translation::{self, Request, Translated, Translation},
};

/// The largest body of an error, in bytes, that is passed on as it came.
const ERROR: usize = 64 * 1024;

/// A request before it is sent.
pub(crate) struct Exchange<'a, H> {
    shared: Shared<'a, H>,
    api: Api,
    /// The headers of the client that go on to the provider.
    headers: Vec<Header>,
    body: Vec<u8>,
    envelope: Envelope,
    model: Option<String>,
    stream: bool,
}

/// The end of one attempt without an answer.
struct Missed<B> {
    /// The response for the client.
    answer: Answer<B>,
    /// The time to wait that the provider asked for, if another attempt may succeed.
    retry: Option<Option<Duration>>,
    /// Whether another provider may succeed.
    elsewhere: bool,
}

/// A request on its way to a provider.
struct Outgoing {
    path: &'static str,
    body: Vec<u8>,
    translation: Option<Translation>,
}

/// The provider that was asked.
struct Asked<'a> {
    candidate: Candidate<'a>,
    endpoint: &'a Endpoint,
    /// The number of requests that were sent, including this one.
    attempts: u32,
}

/// A body that was read.
enum Collected {
    Whole(Vec<u8>),
    TooLarge,
}

impl<'a, H: Host> Exchange<'a, H> {
    /// Returns the exchange of a request.
    ///
    /// # Errors
    /// 400 if the body is not a JSON object, or the members that decide where it goes have other types.
    pub(crate) fn new(
        shared: Shared<'a, H>,
        request: &Incoming,
        api: Api,
        body: Vec<u8>,
    ) -> Result<Self, Refusal> {
        let wrong = |error| Refusal::of_request(&error);
        let envelope = Envelope::scan(&body).map_err(wrong)?;
        let stream = envelope.flag(&body, "stream").map_err(wrong)?;
        let model = envelope.text(&body, "model").map_err(wrong)?;
        let model = model.map(|name| name.trim().to_owned());
        let passed = request.headers.iter().filter_map(|(name, value)| {
            let name = TO_PROVIDER
                .iter()
                .find(|known| name.eq_ignore_ascii_case(known))?;
            Some(Header {
                name: (*name).into(),
                value: HeaderValue::Plain(value.clone()),
            })
        });
        Ok(Exchange {
            shared,
            api,
            headers: passed.collect(),
            body,
            envelope,
            model: model.filter(|name| !name.is_empty()),
            stream,
        })
    }

    /// Asks one candidate after the other.
    pub(crate) async fn run(self) -> Result<Answer<H::Body>, Refusal> {
        let candidates = self
            .shared
            .routing
            .candidates(self.model.as_deref(), || self.shared.host.random());
        let request = self.translatable(&candidates)?;
        let mut last = None;
        let mut attempts = 0;
        for (at, candidate) in candidates.iter().enumerate() {
            let more = at + 1 < candidates.len();
            match self.ask(*candidate, request.as_ref(), more, &mut attempts).await {
                Ok(answer) => return Ok(answer),
                Err(missed) => {
                    let elsewhere = missed.elsewhere;
                    last = Some(missed.answer);
                    if !elsewhere {
                        break;
                    }
                }
            }
        }
        let mut answer =
            last.ok_or_else(|| Refusal::new(500, "internal_error", "no provider is configured"))?;
        let tells = answer.headers.iter().any(|(name, _)| name == "x-should-retry");
        if attempts > 1 && !tells {
            // Clients of OpenAI retry by themselves, although the server has done so.
            answer
                .headers
                .push(("x-should-retry".to_owned(), "false".to_owned()));
        }
        Ok(answer)
    }

    /// Reads the whole request, if a candidate speaks another dialect.
    fn translatable(&self, candidates: &[Candidate<'_>]) -> Result<Option<Request>, Refusal> {
        let foreign = candidates.iter().find(|candidate| !self.is_native(candidate));
        match foreign {
            None => Ok(None),
            Some(candidate) if !self.api.translated => {
                let message = format!(
                    "the provider of `{}` does not have this path, and this build does not translate it",
                    candidate.model
                );
                Err(Refusal::new(404, "not_found", message))
            }
            Some(_) => translation::read(self.api.dialect, &self.body).map(Some),
        }
    }

    fn is_native(&self, candidate: &Candidate<'_>) -> bool {
        upstream::speaks(candidate.provider, self.api.dialect)
    }

    /// Asks one candidate, as often as it is worthwhile; only once if there are `more` candidates.
    async fn ask(
        &self,
        candidate: Candidate<'_>,
        request: Option<&Request>,
        more: bool,
        attempts: &mut u32,
    ) -> Result<Answer<H::Body>, Missed<H::Body>> {
        let provider = candidate.provider;
        let begun = self.shared.host.now();
        let patience = match self.stream || !self.api.translated {
            true => provider.timeout,
            false => provider.whole_timeout,
        };
        let deadline = begun.saturating_add(patience);
        let last_retry = begun.saturating_add(provider.timeout);
        let total = begun.saturating_add(provider.total_timeout);
        let mut retries = 0;
        loop {
            *attempts += 1;
            let now = match retries {
                0 => begun,
                _ => self.shared.host.now(),
            };
            let times = (deadline.saturating_sub(now), total.saturating_sub(now));
            let missed = match self.attempt(candidate, request, times, *attempts).await {
                Ok(answer) => return Ok(answer),
                Err(missed) => missed,
            };
            let jitter = u32::try_from(self.shared.host.random() >> 32).unwrap_or_default();
            let wait = missed.retry.and_then(|asked| retry::wait(retries, asked, jitter));
            let in_time = |wait: &Duration| {
                !more
                    && retries < provider.retries
                    && self.shared.host.now().saturating_add(*wait) < last_retry
            };
            let Some(wait) = wait.filter(in_time) else {
                return Err(missed);
            };
            self.shared.host.pause(wait).await;
            retries += 1;
        }
    }

    /// Sends the request once.
    async fn attempt(
        &self,
        candidate: Candidate<'_>,
        request: Option<&Request>,
        (timeout, total_timeout): (Duration, Duration),
        attempts: u32,
    ) -> Result<Answer<H::Body>, Missed<H::Body>> {
        let provider = candidate.provider;
        let endpoint = Endpoint::new(provider, &|name| self.shared.service.variable(name))
            .map_err(|error| self.missed(&error, None, true))?;
        let outgoing = self
            .outgoing(candidate, request)
            .map_err(|refusal| self.refused(&refusal, None, true))?;
        let sent = HttpRequest {
            method: Method::Post,
            url: endpoint.url(&["/", outgoing.path].concat(), candidate.model),
            headers: self.headers_for(&endpoint),
            body: outgoing.body,
            timeout,
            idle_timeout: provider.idle_timeout,
            total_timeout,
            stream: self.stream,
            max_response: provider.max_response,
        };
        let head = self
            .shared
            .host
            .send(sent)
            .await
            .map_err(|error| self.transport(error))?;
        let asked = Asked {
            candidate,
            endpoint: &endpoint,
            attempts,
        };
        if (200..300).contains(&head.status) {
            return self.answered(&asked, head, outgoing.translation).await;
        }
        Err(self.failed(&asked, head, outgoing.translation).await)
    }

    /// Returns the request for a candidate: as it came but for the model, or in another dialect.
    fn outgoing(&self, candidate: Candidate<'_>, request: Option<&Request>) -> Result<Outgoing, Refusal> {
        if let Some(request) = request.filter(|_| !self.is_native(&candidate)) {
            let Translated {
                path,
                body,
                translation,
            } = translation::write(request, candidate, self.shared.host)?;
            return Ok(Outgoing {
                path,
                body,
                translation: Some(translation),
            });
        }
        let body = match self.model.as_deref() == Some(candidate.model) {
            true => self.body.clone(),
            false => self.envelope.with_model(&self.body, candidate.model),
        };
        Ok(Outgoing {
            path: self.api.path,
            body,
            translation: None,
        })
    }

    /// Returns the provider's own headers with those of the client's request that it may need.
    fn headers_for(&self, endpoint: &Endpoint) -> Vec<Header> {
        let replaced = |own: &&Header| self.headers.iter().all(|passed| passed.name != own.name);
        let own = endpoint.headers().iter().filter(replaced);
        own.chain(&self.headers).cloned().collect()
    }

    /// Returns the response for a success.
    async fn answered(
        &self,
        asked: &Asked<'_>,
        head: Head<H::Body>,
        translation: Option<Translation>,
    ) -> Result<Answer<H::Body>, Missed<H::Body>> {
        let candidate = asked.candidate;
        let bad = |cause: &str| self.missed(&asked.endpoint.bad_response(cause), None, true);
        let encoded = encoding(&head.headers).is_some();
        if encoded && translation.is_some() {
            return Err(bad("it is compressed, which was not asked for"));
        }
        if self.stream && !encoded && is_event_stream(&head.headers) {
            return self.streamed(asked, head, translation.as_ref()).await;
        }
        let Head {
            status,
            headers,
            mut body,
        } = head;
        let limit = candidate.provider.max_response;
        let whole = match collect(&mut body, limit).await {
            Ok(Collected::Whole(whole)) => whole,
            Ok(Collected::TooLarge) => return Err(self.transport(TransportError::TooLarge { limit })),
            Err(error) => return Err(self.transport(error)),
        };
        if !encoded {
            let envelope = Envelope::scan(&whole).map_err(|_| bad("it is not a JSON object"))?;
            let may_be_fault = !envelope.is_answer() && whole.len() <= ERROR;
            let found = may_be_fault.then(|| Fault::of(&whole, false, self.api.dialect));
            if let Some(fault) = found.flatten() {
                return Err(self.refused_as(asked, &headers, fault, translation.as_ref()));
            }
        }
        let mut translation = translation;
        let whole = match &mut translation {
            Some(translation) => translation.whole(&whole).map_err(|cause| bad(&cause))?,
            None => whole,
        };
        Ok(Answer {
            status,
            headers: client_headers(&headers, candidate, translation.as_ref(), false),
            body: AnswerBody::Whole(whole),
        })
    }

    /// Returns the response for a stream, once it has begun.
    async fn streamed(
        &self,
        asked: &Asked<'_>,
        head: Head<H::Body>,
        translation: Option<&Translation>,
    ) -> Result<Answer<H::Body>, Missed<H::Body>> {
        let Head {
            status,
            mut headers,
            body,
        } = head;
        let translator = translation.map(Translation::stream);
        let mut relay = Relay::new(body, self.api.dialect, translator);
        if let Some(fault) = relay.begin().await.map_err(|error| self.transport(error))? {
            headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
            return Err(self.refused_as(asked, &headers, fault, None));
        }
        Ok(Answer {
            status,
            headers: client_headers(&headers, asked.candidate, translation, true),
            body: AnswerBody::Stream(Box::new(relay)),
        })
    }

    /// Returns the end of an attempt that the provider answered with another status than success.
    async fn failed(
        &self,
        asked: &Asked<'_>,
        head: Head<H::Body>,
        translation: Option<Translation>,
    ) -> Missed<H::Body> {
        let Head {
            status,
            headers,
            mut body,
        } = head;
        if !(400..600).contains(&status) {
            let redirected = asked.endpoint.bad_response("redirects are not followed");
            return self.missed(&redirected, None, false);
        }
        let body = match collect(&mut body, ERROR).await {
            Ok(Collected::Whole(body)) => body,
            _ => Vec::new(),
        };
        self.refused_as(asked, &headers, Fault { status, body }, translation.as_ref())
    }

    /// Returns the end of an attempt with the provider's error.
    fn refused_as(
        &self,
        asked: &Asked<'_>,
        headers: &[(String, String)],
        Fault { status, body }: Fault,
        translation: Option<&Translation>,
    ) -> Missed<H::Body> {
        let Asked {
            candidate,
            endpoint,
            attempts,
        } = *asked;
        let after = retry::retry_after(headers);
        let is_hidden = matches!(status, 401 | 402 | 403 | 407);
        let is_worthwhile = retry::worthwhile(status);
        let elsewhere = is_worthwhile || is_hidden;
        let retry = is_worthwhile.then_some(after);
        let is_shown = std::str::from_utf8(&body).is_ok_and(|text| !endpoint.shows_key(text));
        if is_hidden || !is_shown || !has_error(&body) {
            let error = endpoint.error(status, after, attempts, body);
            return self.missed(&error, retry, elsewhere);
        }
        let mut passed = client_headers(headers, candidate, None, false);
        if status >= 500 && header(headers, "retry-after").is_none() {
            passed.push(("x-should-retry".to_owned(), "false".to_owned()));
        }
        let (status, body) = match translation {
            Some(translation) => translation.error(status, &body),
            None => (status, body),
        };
        let answer = Answer {
            status,
            headers: passed,
            body: AnswerBody::Whole(body),
        };
        Missed {
            answer,
            retry,
            elsewhere,
        }
    }

    fn transport(&self, error: TransportError) -> Missed<H::Body> {
        let retry = matches!(error, TransportError::Unavailable(_)).then_some(None);
        self.missed(&TurnError::from(error), retry, true)
    }

    fn missed(&self, error: &TurnError, retry: Option<Option<Duration>>, elsewhere: bool) -> Missed<H::Body> {
        self.refused(&Refusal::of_turn(error), retry, elsewhere)
    }

    fn refused(
        &self,
        refusal: &Refusal,
        retry: Option<Option<Duration>>,
        elsewhere: bool,
    ) -> Missed<H::Body> {
        Missed {
            answer: reply::refusal(refusal, self.api.dialect),
            retry,
            elsewhere,
        }
    }
}

/// Reads a body of at most `limit` bytes.
async fn collect(body: &mut impl Body, limit: usize) -> Result<Collected, TransportError> {
    let mut whole = Vec::new();
    while let Some(bytes) = body.read().await? {
        if whole.len().saturating_add(bytes.len()) > limit {
            return Ok(Collected::TooLarge);
        }
        if whole.is_empty() {
            whole = bytes;
        } else if memory::append(&mut whole, &bytes).is_err() {
            return Ok(Collected::TooLarge);
        }
    }
    Ok(Collected::Whole(whole))
}

/// Returns the headers of an answer.
fn client_headers(
    provider: &[(String, String)],
    candidate: Candidate<'_>,
    translation: Option<&Translation>,
    is_stream: bool,
) -> Vec<(String, String)> {
    let passed = provider.iter().filter_map(|(name, value)| {
        let name = name.to_ascii_lowercase();
        upstream::goes_to_client(&name).then(|| (name, value.clone()))
    });
    let mut headers: Vec<(String, String)> = passed.collect();
    let mut add = |name: &str, value: &str| headers.push((name.to_owned(), value.to_owned()));
    let Provider { name, .. } = candidate.provider;
    for (own, text) in [
        ("x-clawft-provider", name.as_str()),
        ("x-clawft-model", candidate.model),
    ] {
        if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            add(own, text);
        }
    }
    add("cache-control", "no-store");
    if is_stream {
        // Keeps nginx from buffering a stream.
        add("x-accel-buffering", "no");
    }
    let warnings = translation.map_or(&[][..], Translation::warnings);
    for warning in warnings.iter().take(MOST_WARNINGS) {
        add(WARNING, &upstream::warning_line(warning));
    }
    headers
}

/// Returns whether the body is an object with the member `error`, as clients expect.
fn has_error(body: &[u8]) -> bool {
    json::parse(body).is_ok_and(|tree| Node::root(&tree).get("error").is_some())
}
