//! A request for a provider that speaks another dialect than the client, and the way back.

pub(crate) use clawft_api::{Request, Stream as Translator};

use clawft_api::{Answer, Context, Dialect, ErrorBody, Options, Warning, upstream};

use crate::{host::Host, refusal::Refusal, routing::Candidate};

/// A request in the provider's dialect.
pub(crate) struct Translated {
    pub(crate) path: &'static str,
    pub(crate) body: Vec<u8>,
    pub(crate) translation: Translation,
}

/// The way back: from the provider's dialect to the client's.
pub(crate) struct Translation {
    provider: Dialect,
    client: Dialect,
    context: Context,
    warnings: Vec<Warning>,
}

/// Reads a request that no longer has its bytes.
pub(crate) fn read(dialect: Dialect, body: &[u8]) -> Result<Request, Refusal> {
    let request = Request::read(dialect, body).map_err(|error| Refusal::of_request(&error))?;
    if request.previous_response_id.is_some() {
        let message =
            "previous_response_id: this server keeps no responses, send the whole conversation in `input`";
        let mut refusal = Refusal::new(400, "previous_response_not_found", message);
        refusal.param = Some("previous_response_id".to_owned());
        return Err(refusal);
    }
    Ok(request)
}

/// Returns the request for a candidate.
pub(crate) fn write<H: Host>(
    request: &Request,
    candidate: Candidate<'_>,
    host: &H,
) -> Result<Translated, Refusal> {
    let (dialect, path) = upstream::spoken(candidate.provider);
    let options = Options::of(candidate.provider, candidate.model);
    let written = request.write(dialect, &options);
    let written = written.map_err(|error| Refusal::of_request(&error))?;
    let mut context = request.context();
    context.created = host.unix_time();
    if request.dialect == Dialect::Responses {
        context.id = Some(format!("resp_{:016x}{:016x}", host.random(), host.random()));
    }
    Ok(Translated {
        path,
        body: written.body,
        translation: Translation {
            provider: dialect,
            client: request.dialect,
            context,
            warnings: written.warnings,
        },
    })
}

impl Translation {
    /// Returns a complete answer for the client, and adds the warnings about it.
    ///
    /// # Errors
    /// The cause, as a sentence fragment, if it is not an answer.
    pub(crate) fn whole(&mut self, body: &[u8]) -> Result<Vec<u8>, String> {
        let written = Answer::read(self.provider, body)
            .and_then(|answer| answer.write(self.client, &self.context))
            .map_err(|error| error.to_string())?;
        self.warnings.extend(written.warnings);
        Ok(written.body)
    }

    /// Returns the fields that were ignored or changed.
    pub(crate) fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Returns the translator of a stream.
    pub(crate) fn stream(&self) -> Translator {
        Translator::new(self.provider, self.client, self.context.clone())
    }

    /// Returns the status and body of a provider's error for the client.
    pub(crate) fn error(&self, status: u16, body: &[u8]) -> (u16, Vec<u8>) {
        let error = ErrorBody::read(status, body);
        (error.kind.status(self.client), error.write(self.client))
    }
}
