//! The two protocols, and the form of the same answer in each.

use serde_json::Value;

use crate::{
    anthropic,
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

/// The content of a valid request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The model's name.
    pub(crate) model: String,
    /// The content of the last user message.
    pub(crate) text: String,
    /// Whether a stream ends with the token usage, which is optional with OpenAI only.
    pub(crate) usage: bool,
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

/// Returns whether a user wrote this content: not the results of tools.
pub(crate) fn is_said(content: &Value) -> bool {
    let blocks = content.as_array().map_or(&[][..], Vec::as_slice);
    content.is_string() || blocks.iter().any(|block| block["type"] == "text")
}

/// Returns the text of a message's content.
pub(crate) fn said(content: &Value) -> String {
    match content.as_array() {
        Some(blocks) => blocks.iter().filter_map(|block| block["text"].as_str()).collect(),
        None => content.as_str().unwrap_or_default().to_owned(),
    }
}

/// The maximum length of a delta in characters: no model's token is longer.
const LONGEST_PIECE: usize = 1000;

/// Splits `text` after each space, similar to a model's tokens.
pub(crate) fn pieces(text: &str) -> Vec<&str> {
    text.split_inclusive(' ').flat_map(short).collect()
}

/// Splits `word` into parts of limited length.
fn short(word: &str) -> Vec<&str> {
    let mut starts: Vec<usize> = word
        .char_indices()
        .step_by(LONGEST_PIECE)
        .map(|(at, _)| at)
        .collect();
    starts.push(word.len());
    starts.windows(2).map(|ends| &word[ends[0]..ends[1]]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deltas_are_words_of_the_text() {
        assert_eq!(pieces("one  two ü"), ["one ", " ", "two ", "ü"]);
        let long = "ü".repeat(2500);
        assert_eq!(pieces(&long).concat(), long);
        assert_eq!(pieces(&long).len(), 3);
        assert!(pieces("").is_empty());
    }
}
