//! Stand-ins for a build without translations: no value of them exists, so the compiler drops all code about them.

use clawft_api::{Dialect, ErrorBody, Warning};

use crate::{host::Host, refusal::Refusal, routing::Candidate};

/// A request that was read.
pub(crate) enum Request {}

/// The way back: from the provider's dialect to the client's.
pub(crate) enum Translation {}

/// A translator of a stream.
pub(crate) enum Translator {}

/// A request in the provider's dialect.
pub(crate) struct Translated {
    pub(crate) path: &'static str,
    pub(crate) body: Vec<u8>,
    pub(crate) translation: Translation,
}

/// Returns the error for every request.
pub(crate) fn read(_: Dialect, _: &[u8]) -> Result<Request, Refusal> {
    Err(Refusal::new(404, "not_found", "this build does not translate"))
}

pub(crate) fn write<H: Host>(request: &Request, _: Candidate<'_>, _: &H) -> Result<Translated, Refusal> {
    match *request {}
}

impl Translation {
    pub(crate) fn warnings(&self) -> &[Warning] {
        match *self {}
    }

    pub(crate) fn whole(&mut self, _: &[u8]) -> Result<Vec<u8>, String> {
        match *self {}
    }

    pub(crate) fn stream(&self) -> Translator {
        match *self {}
    }

    pub(crate) fn error(&self, _: u16, _: &[u8]) -> (u16, Vec<u8>) {
        match *self {}
    }
}

impl Translator {
    pub(crate) fn feed(&mut self, _: &[u8]) -> Vec<u8> {
        match *self {}
    }

    pub(crate) fn end(&mut self) -> Vec<u8> {
        match *self {}
    }

    pub(crate) fn abort(&mut self, _: ErrorBody) -> Vec<u8> {
        match *self {}
    }

    pub(crate) fn is_over(&self) -> bool {
        match *self {}
    }
}
