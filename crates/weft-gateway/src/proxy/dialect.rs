//! The dialects in which clients speak, as far as errors and their events differ.

use axum::body::Bytes;
use clawft_api::StreamEnd;
use clawft_types::json::Writer;

use crate::api_error::ApiError;

/// The dialect of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// OpenAI's chat completions, completions and embeddings.
    OpenAi,
    /// OpenAI's responses.
    Responses,
    /// Anthropic's messages.
    Anthropic,
}

impl Dialect {
    /// Returns the dialect for translations.
    pub(super) fn api(self) -> clawft_api::Dialect {
        match self {
            Dialect::OpenAi => clawft_api::Dialect::Chat,
            Dialect::Responses => clawft_api::Dialect::Responses,
            Dialect::Anthropic => clawft_api::Dialect::Messages,
        }
    }

    /// Returns the end to look for in a stream that is passed on as it comes.
    pub(super) fn end(self) -> StreamEnd {
        StreamEnd::new(self.api())
    }

    /// Returns the event that ends a stream with an error. The event that says that all is well does not
    /// follow, so that a client that overlooks the error notices a missing end.
    pub(super) fn error_event(self, error: &ApiError) -> Bytes {
        self.event_of(&match self {
            Dialect::OpenAi => error.to_json(),
            Dialect::Responses => responses_error(error),
            Dialect::Anthropic => error.to_anthropic(),
        })
    }

    /// Returns the event of an error with this data, which is one line.
    pub(super) fn event_of(self, data: &[u8]) -> Bytes {
        let name = match self {
            Dialect::OpenAi => None,
            Dialect::Responses | Dialect::Anthropic => Some("error"),
        };
        let mut event = Vec::new();
        if let Some(name) = name {
            event.extend_from_slice(b"event: ");
            event.extend_from_slice(name.as_bytes());
            event.push(b'\n');
        }
        event.extend_from_slice(b"data: ");
        event.extend_from_slice(data);
        event.extend_from_slice(b"\n\n");
        event.into()
    }
}

/// Returns the data of the event `error` of OpenAI's responses.
fn responses_error(error: &ApiError) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.object(|event| {
        event.text_member("type", "error");
        error.write_members(event);
        event.literal_member("sequence_number", "0");
    });
    writer.into_bytes()
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;

    #[test]
    fn each_dialect_has_its_error_event() {
        let error = ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "upstream_overloaded", "no");
        let event = |dialect: Dialect| String::from_utf8(dialect.error_event(&error).to_vec()).unwrap();
        assert_eq!(
            event(Dialect::OpenAi),
            "data: {\"error\":{\"message\":\"no\",\"type\":\"server_error\",\"param\":null,\"code\":\"upstream_overloaded\"}}\n\n"
        );
        assert_eq!(
            event(Dialect::Responses),
            "event: error\ndata: {\"type\":\"error\",\"message\":\"no\",\"param\":null,\"code\":\"upstream_overloaded\",\"sequence_number\":0}\n\n"
        );
        assert_eq!(
            event(Dialect::Anthropic),
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"no\"}}\n\n"
        );
    }
}
