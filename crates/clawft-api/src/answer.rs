//! Answers: the meaning that the dialects share, and the fields of one dialect.

use alloc::{borrow::ToOwned as _, string::String, vec::Vec};

use clawft_types::json::{Node, Writer};

use crate::{
    dialect::Dialect,
    raw::Field,
    request::{Content, Part, Request, Role, Turn},
    template::{Slot, fill},
};

/// A complete answer to a request.
///
/// ```
/// use clawft_api::{Answer, Context, Dialect};
///
/// let body = br#"{"id":"msg_1","model":"m","content":[{"type":"text","text":"Hello!"}],
///     "stop_reason":"end_turn","usage":{"input_tokens":3,"cache_read_input_tokens":7,"output_tokens":2}}"#;
/// let answer = Answer::read(Dialect::Messages, body)?;
/// let written = answer.write(Dialect::Chat, &Context::new(1_700_000_000))?;
/// let text = String::from_utf8_lossy(&written.body);
/// assert!(text.contains(r#""content":"Hello!""#) && text.contains(r#""prompt_tokens":10"#), "{text}");
/// # Ok::<(), clawft_api::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The dialect that it was read from.
    pub dialect: Dialect,
    /// Identifier that the provider gave it.
    pub id: String,
    /// Name of the model.
    pub model: String,
    /// Time in seconds since 1970.
    pub created: Option<u64>,
    /// The content in order.
    pub parts: Vec<Part>,
    /// The reason why it ends.
    pub finish: Finish,
    /// The tokens that it took.
    pub usage: Option<Usage>,
    /// All other members.
    pub extra: Vec<Field>,
}

/// The reason why an answer ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Finish {
    /// The model has said everything.
    #[default]
    Stop,
    /// The model came to this stop sequence.
    StopSequence(String),
    /// The limit of tokens.
    Length,
    /// The model waits for the results of tools.
    ToolCalls,
    /// A filter of the provider, or a refusal of the model.
    Filter,
    /// A long turn of the provider's own tools is paused.
    Pause,
    /// Another reason, by the provider's name.
    Other(String),
}

/// The tokens that a request and its answer took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens of the request, cached ones included.
    pub input: u64,
    /// Tokens of the answer, reasoning included.
    pub output: u64,
    /// Tokens of the request that were read from a cache.
    pub cached: u64,
    /// Tokens of the request that were written to a cache.
    pub cache_written: u64,
    /// Tokens of reasoning.
    pub reasoning: u64,
}

impl Answer {
    /// Returns an empty answer of `dialect`.
    pub fn new(dialect: Dialect) -> Answer {
        Answer {
            dialect,
            id: String::new(),
            model: String::new(),
            created: None,
            parts: Vec::new(),
            finish: Finish::Stop,
            usage: None,
            extra: Vec::new(),
        }
    }

    /// Returns the finish reason, which is calls of tools if there are any: some servers report `stop` with them.
    pub(crate) fn effective_finish(&self) -> &Finish {
        let has_calls = self
            .parts
            .iter()
            .any(|part| matches!(part.content, Content::Call(_)));
        match self.finish {
            Finish::Stop if has_calls => &Finish::ToolCalls,
            _ => &self.finish,
        }
    }

    /// Returns about how many bytes of text it holds, as room for the body.
    pub(crate) fn size(&self) -> usize {
        1024 + self.parts.iter().map(Part::size).sum::<usize>()
    }
}

impl Request {
    /// Puts the conversation up to an earlier answer before the turns of this request, which continues it.
    pub fn continue_from(&mut self, mut turns: Vec<Turn>, answer: &Answer) {
        turns.push(Turn {
            role: Role::Assistant,
            parts: answer.parts.clone(),
            path: "previous_response_id".to_owned(),
            extra: Vec::new(),
        });
        turns.append(&mut self.turns);
        self.turns = turns;
    }
}

impl Usage {
    /// Returns the sum of the request's and the answer's tokens.
    pub fn total(&self) -> u64 {
        self.input.saturating_add(self.output)
    }

    /// Reads the usage of a chat completion or an OpenAI response.
    pub(crate) fn of_openai(node: Node<'_>) -> Usage {
        let first = |keys: [&str; 2]| keys.into_iter().find_map(|key| node.get(key));
        let count = |keys| first(keys).and_then(|value| value.as_whole()).unwrap_or_default();
        let input = first(["prompt_tokens_details", "input_tokens_details"]);
        let output = first(["completion_tokens_details", "output_tokens_details"]);
        let detail =
            |details: Option<Node<'_>>, key| details.and_then(|node| node.whole_of(key)).unwrap_or_default();
        Usage {
            input: count(["prompt_tokens", "input_tokens"]),
            output: count(["completion_tokens", "output_tokens"]),
            cached: detail(input, "cached_tokens"),
            cache_written: detail(input, "cache_write_tokens"),
            reasoning: detail(output, "reasoning_tokens"),
        }
    }

    /// Writes the usage with OpenAI's names: those of chat completions, or those of OpenAI Responses.
    pub(crate) fn write_openai(&self, dialect: Dialect, writer: &mut Writer) {
        let is_chat = dialect == Dialect::Chat;
        let (input, output) = if is_chat {
            ("prompt", "completion")
        } else {
            ("input", "output")
        };
        let template = concat!(
            r#"{"$_tokens":$,"$_tokens":$,"total_tokens":$,"#,
            r#""$_tokens_details":{"cached_tokens":$"#,
        );
        let slots = [
            Slot::Json(input),
            Slot::Number(self.input),
            Slot::Json(output),
            Slot::Number(self.output),
            Slot::Number(self.total()),
            Slot::Json(input),
            Slot::Number(self.cached),
        ];
        fill(writer, template, &slots);
        if self.cache_written > 0 || !is_chat {
            fill(
                writer,
                r#","cache_write_tokens":$"#,
                &[Slot::Number(self.cache_written)],
            );
        }
        let slots = [Slot::Json(output), Slot::Number(self.reasoning)];
        fill(writer, r#"},"$_tokens_details":{"reasoning_tokens":$}}"#, &slots);
    }
}
