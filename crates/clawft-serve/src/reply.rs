//! Responses for clients, and those that the server makes itself.

use clawft_api::Dialect;
use clawft_types::json::Writer;

use crate::{refusal::Refusal, relay::Relay};

/// A response for the client.
pub struct Answer<B> {
    /// The status.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: AnswerBody<B>,
}

/// The body of a response.
pub enum AnswerBody<B> {
    /// All of it.
    Whole(Vec<u8>),
    /// The events of a provider, as they arrive.
    Stream(Box<Relay<B>>),
}

/// Returns the response for an error, in the shape of `dialect`.
pub(crate) fn refusal<B>(refusal: &Refusal, dialect: Dialect) -> Answer<B> {
    let mut answer = json(refusal.status, refusal.body().write(dialect));
    answer.headers.extend(refusal.headers());
    answer
}

/// Returns a response with a JSON body.
pub(crate) fn json<B>(status: u16, body: Vec<u8>) -> Answer<B> {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Answer {
        status,
        headers: vec![
            header("content-type", "application/json"),
            header("cache-control", "no-store"),
        ],
        body: AnswerBody::Whole(body),
    }
}

/// Returns `{"status":…}`.
pub(crate) fn status<B>(code: u16, text: &str) -> Answer<B> {
    let mut writer = Writer::default();
    writer.object(|body| body.text_member("status", text));
    json(code, writer.into_bytes())
}
