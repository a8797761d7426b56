//! Requests for a provider that speaks another dialect than the client, and its answers.

use std::{sync::Arc, time::SystemTime};

use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderName, HeaderValue},
};
use clawft_api::{
    Answer, Context, Dialect, Error, ErrorBody, ErrorKind, Options, Request, Stream, Warning, Written,
    upstream, whole_as_events,
};
use clawft_types::Provider;

use super::{
    Api, Candidate,
    kept::{self, Keeper},
};
use crate::{api_error::ApiError, id, state::Shared, tenant::Tenant, time, work_limits::SMALL};

/// The header with the fields that were ignored or changed, one line for each.
pub(super) const WARNING: HeaderName = HeaderName::from_static(upstream::WARNING);

/// A request that was read, to be written in the dialects of providers.
pub(crate) struct Translator {
    source: Source,
    client: Dialect,
    length: usize,
    /// The identifier of the answer, if the gateway makes it.
    id: Option<String>,
    /// The place where the answer is going to be kept.
    keeper: Option<Arc<Keeper>>,
}

/// A request that was read once.
enum Source {
    /// The request as a tree, which takes up to 25 times the memory of its text.
    Tree(Box<Request>),
    /// The text of a large one, which is read again to be written: many requests may wait for their providers.
    Text(Bytes),
}

/// A request in the provider's dialect.
pub(super) struct Translated {
    pub(super) path: &'static str,
    pub(super) body: Bytes,
    pub(super) translation: Translation,
}

/// The way back: from the provider's dialect to the client's.
#[derive(Clone)]
pub(crate) struct Translation {
    provider: Dialect,
    client: Dialect,
    context: Context,
    warnings: Vec<Warning>,
    keeper: Option<Arc<Keeper>>,
    /// Whether the answer is in the client's dialect already.
    is_done: bool,
    /// The complete answer as the provider sent it, whose tokens count: dialects count cached ones differently.
    pub(super) sent: Bytes,
}

/// Returns whether a provider speaks the dialect of `api` itself.
pub(super) fn is_native(api: Api, provider: &Provider) -> bool {
    provider.kind == api.kind && upstream::speaks(provider, api.dialect.api())
}

impl Translator {
    /// Reads a request. A large one is read on another thread.
    ///
    /// # Errors
    /// 400 with the field that is wrong, 404 if it refers to what is not kept.
    pub(crate) async fn read(
        shared: &Shared,
        api: Api,
        body: Bytes,
        tenant: Arc<Tenant>,
    ) -> Result<Translator, ApiError> {
        let dialect = api.dialect.api();
        let body = match dialect {
            Dialect::Responses => kept::resolve_references(shared, &tenant, body).await?,
            _ => body,
        };
        let length = body.len();
        let mut translator = Translator {
            source: Source::Text(body.clone()),
            client: dialect,
            length,
            id: None,
            keeper: None,
        };
        if length > SMALL && dialect != Dialect::Responses {
            let check = move || Request::read(dialect, &body).map(drop);
            shared.work.parse(check).await??;
            return Ok(translator);
        }
        let request = if length <= SMALL {
            Request::read(dialect, &body)?
        } else {
            shared.work.parse(move || Request::read(dialect, &body)).await??
        };
        let continues = request.previous_response_id.is_some();
        let request = if dialect == Dialect::Responses {
            let request = kept::resume(shared, Arc::clone(&tenant), request).await?;
            let id = format!("{}{}", kept::PREFIX, id::random());
            translator.keeper = Keeper::new(tenant, &id, &request).map(Arc::new);
            translator.id = Some(id);
            request
        } else {
            request
        };
        if length <= SMALL || continues {
            translator.source = Source::Tree(Box::new(request));
        }
        Ok(translator)
    }

    /// Returns the request for a candidate. A large one is written on another thread.
    ///
    /// # Errors
    /// 400 with the field that has no counterpart.
    pub(super) async fn write(
        self: &Arc<Self>,
        shared: &Shared,
        candidate: &Candidate,
    ) -> Result<Translated, ApiError> {
        let (dialect, path) = upstream::spoken(&candidate.target.provider);
        let options = Options::of(&candidate.target.provider, &candidate.model);
        let (body, translation) = self.write_as(shared, dialect, options).await?;
        Ok(Translated {
            path,
            body,
            translation,
        })
    }

    /// Returns the request in a dialect, and the way back for the answer. A large one is written on another thread.
    ///
    /// # Errors
    /// 400 with the field that has no counterpart.
    pub(crate) async fn write_as(
        self: &Arc<Self>,
        shared: &Shared,
        dialect: Dialect,
        options: Options,
    ) -> Result<(Bytes, Translation), ApiError> {
        let (written, mut context) = if self.length <= SMALL {
            self.translate(dialect, &options)?
        } else {
            let translator = Arc::clone(self);
            let write = move || translator.translate(dialect, &options);
            shared.work.parse(write).await??
        };
        context.created = time::unix(SystemTime::now());
        context.id.clone_from(&self.id);
        context.is_kept = self.keeper.is_some();
        let translation = Translation {
            provider: dialect,
            client: self.client,
            context,
            warnings: written.warnings,
            keeper: self.keeper.clone(),
            is_done: false,
            sent: Bytes::new(),
        };
        Ok((written.body.into(), translation))
    }

    /// Returns the request in a dialect, and what its answer has to know of it.
    fn translate(&self, dialect: Dialect, options: &Options) -> Result<(Written, Context), Error> {
        let write = |request: &Request| Ok((request.write(dialect, options)?, request.context()));
        match &self.source {
            Source::Tree(request) => write(request),
            Source::Text(text) => write(&Request::read(self.client, text)?),
        }
    }
}

impl Translation {
    /// Returns the dialect of the provider.
    pub(super) fn provider(&self) -> Dialect {
        self.provider
    }

    /// Returns a complete answer for the client, and adds the warnings about it. A large one is translated on
    /// another thread.
    ///
    /// # Errors
    /// The cause, as a sentence fragment, if it is not an answer.
    pub(crate) async fn whole(&mut self, shared: &Shared, body: Bytes) -> Result<Bytes, String> {
        let provider = self.provider;
        let client = self.client;
        let context = self.context.clone();
        let length = body.len();
        self.sent = body.clone();
        let translate = move || Answer::read(provider, &body)?.write(client, &context);
        let written = if length <= SMALL {
            translate()
        } else {
            let translated = shared.work.parse(translate).await;
            translated.map_err(|error| error.message)?
        };
        let written = written.map_err(|error| error.to_string())?;
        self.warnings.extend(written.warnings);
        if !self.keep(&written.body).await {
            self.warnings.push(Warning {
                field: "store".to_owned(),
                message: "the response could not be kept".to_owned(),
            });
        }
        Ok(written.body.into())
    }

    /// Returns a complete answer as a stream for the client. A large one is converted on another thread.
    ///
    /// # Errors
    /// The cause, as a sentence fragment, if it is not an answer.
    pub(super) async fn whole_as_events(&mut self, shared: &Shared, body: Bytes) -> Result<Bytes, String> {
        let client = self.client;
        let include_usage = self.context.include_usage;
        let whole = self.whole(shared, body).await?;
        let length = whole.len();
        let convert = move || whole_as_events(client, &whole, include_usage);
        let events = if length <= SMALL {
            convert()
        } else {
            let converted = shared.work.parse(convert).await;
            converted.map_err(|error| error.message)?
        };
        let events = events.map_err(|error| error.to_string())?;
        self.is_done = true;
        Ok(events.into())
    }

    /// Keeps a response, if it is to be kept. Returns whether that succeeded.
    async fn keep(&self, answer: &[u8]) -> bool {
        match &self.keeper {
            Some(keeper) => keeper.keep(answer).await,
            None => true,
        }
    }

    /// Keeps the response that a stream has ended with, if `events` are its last ones.
    pub(crate) async fn keep_streamed(&mut self, answer: &Answer, events: &[u8]) {
        if self.keeper.is_none() {
            return;
        }
        if let Some(answer) = kept::complete(answer, events, &self.context) {
            self.keep(&answer).await;
            self.keeper = None;
        }
    }

    /// Returns the translator of a stream; `None` if it is in the client's dialect already.
    pub(super) fn of_stream(&self) -> Option<Stream> {
        (!self.is_done).then(|| self.stream())
    }

    /// Returns the translator of a stream.
    pub(crate) fn stream(&self) -> Stream {
        Stream::new(self.provider, self.client, self.context.clone())
    }

    /// Returns the status and body of a provider's error for the client.
    pub(super) fn error(&self, status: u16, body: &[u8]) -> (u16, Bytes) {
        let error = ErrorBody::read(status, body);
        let status = match error.kind {
            // The gateway's own 502 for a broken answer, for example, is no error of the gateway.
            ErrorKind::Server => status,
            kind => kind.status(self.client),
        };
        (status, error.write(self.client).into())
    }

    /// Adds the header with the warnings.
    pub(crate) fn add_warnings(&self, headers: &mut HeaderMap) {
        for warning in self.warnings.iter().take(upstream::MOST_WARNINGS) {
            if let Ok(value) = HeaderValue::from_str(&upstream::warning_line(warning)) {
                headers.append(WARNING, value);
            }
        }
    }
}
