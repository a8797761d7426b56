//! The two protocols: which words the same answer has in each.

use serde_json::Value;

use crate::{anthropic, event::Event, event::Script, openai, request::Request};

/// A provider's protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    OpenAi,
    Anthropic,
}

/// What a good request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The model's name.
    pub(crate) model: String,
    /// The content of the last user message.
    pub(crate) text: String,
    /// Whether a stream is to end with the tokens used; only OpenAI has that choice.
    pub(crate) usage: bool,
}

impl Dialect {
    /// Every protocol.
    pub(crate) const ALL: [Self; 2] = [Self::OpenAi, Self::Anthropic];

    /// What the path of a request ends in.
    pub(crate) fn endpoint(self) -> &'static str {
        match self {
            Self::OpenAi => "/v1/chat/completions",
            Self::Anthropic => "/v1/messages",
        }
    }

    /// What `request` asks for; the status and the body to refuse it with if it lacks something.
    pub(crate) fn read(self, request: &Request) -> Result<Asked, (u16, Value)> {
        match self {
            Self::OpenAi => openai::read(request),
            Self::Anthropic => anthropic::read(request),
        }
    }

    /// The answer of `text`, whole.
    pub(crate) fn completion(self, model: &str, text: &str) -> Value {
        match self {
            Self::OpenAi => openai::completion(model, text),
            Self::Anthropic => anthropic::completion(model, text),
        }
    }

    /// The answer of `pieces`, as events.
    pub(crate) fn script(self, asked: &Asked, pieces: &[&str]) -> Script {
        match self {
            Self::OpenAi => openai::script(asked, pieces),
            Self::Anthropic => anthropic::script(asked, pieces),
        }
    }

    /// The body of an error of `status` in answer to `request`.
    pub(crate) fn error(self, status: u16, request: &Request) -> Value {
        match self {
            Self::OpenAi => openai::error(status, openai::key(request)),
            Self::Anthropic => anthropic::error(status),
        }
    }

    /// The event that tells of an error in the middle of an answer.
    pub(crate) fn error_event(self) -> Event {
        match self {
            Self::OpenAi => Event::data(&openai::error(500, None)),
            Self::Anthropic => Event::named("error", &anthropic::error(529)),
        }
    }
}

/// The longest piece of text, in characters: no model's token is longer.
const LONGEST_PIECE: usize = 1000;

/// `text` in pieces of a word with the space behind it, as a model's tokens might be.
pub(crate) fn pieces(text: &str) -> Vec<&str> {
    text.split_inclusive(' ').flat_map(short).collect()
}

/// `word` in pieces that are not too long.
fn short(word: &str) -> Vec<&str> {
    let mut starts: Vec<usize> = word.char_indices().step_by(LONGEST_PIECE).map(|(at, _)| at).collect();
    starts.push(word.len());
    starts.windows(2).map(|ends| &word[ends[0]..ends[1]]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_words_and_make_up_the_text() {
        assert_eq!(pieces("one  two ü"), ["one ", " ", "two ", "ü"]);
        let long = "ü".repeat(2500);
        assert_eq!(pieces(&long).concat(), long);
        assert_eq!(pieces(&long).len(), 3);
        assert!(pieces("").is_empty());
    }
}
