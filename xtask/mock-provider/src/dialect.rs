//! The two protocols, and the form of the same answer in each.

use serde_json::Value;

use crate::{
    anthropic,
    asked::Asked,
    event::{Event, Script},
    openai,
    request::Request,
};

/// A provider's protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    OpenAi,
    Anthropic,
}

impl Dialect {
    /// All protocols.
    pub(crate) const ALL: [Self; 2] = [Self::OpenAi, Self::Anthropic];

    /// Returns the end of a request's path.
    pub(crate) fn endpoint(self) -> &'static str {
        match self {
            Self::OpenAi => "/v1/chat/completions",
            Self::Anthropic => "/v1/messages",
        }
    }

    /// Parses `request`; fails with the status and the body of the refusal.
    pub(crate) fn read(self, request: &Request) -> Result<Asked, (u16, Value)> {
        match self {
            Self::OpenAi => openai::read(request),
            Self::Anthropic => anthropic::read(request),
        }
    }

    /// Returns the whole answer of `text`.
    pub(crate) fn completion(self, model: &str, text: &str) -> Value {
        match self {
            Self::OpenAi => openai::completion(model, text),
            Self::Anthropic => anthropic::completion(model, text),
        }
    }

    /// Returns the answer of `pieces`, as events.
    pub(crate) fn script(self, asked: &Asked, pieces: &[&str]) -> Script {
        match self {
            Self::OpenAi => openai::script(asked, pieces),
            Self::Anthropic => anthropic::script(asked, pieces),
        }
    }

    /// Returns the body of an error of `status` in answer to `request`.
    pub(crate) fn error(self, status: u16, request: &Request) -> Value {
        match self {
            Self::OpenAi => openai::error(status, openai::key(request)),
            Self::Anthropic => anthropic::error(status),
        }
    }

    /// Returns the event of an error in the middle of an answer.
    pub(crate) fn error_event(self) -> Event {
        match self {
            Self::OpenAi => Event::data(&openai::error(500, None)),
            Self::Anthropic => Event::named("error", &anthropic::error(529)),
        }
    }
}
