//! The events of a streamed answer: the meaning that the dialects share.

use alloc::{string::String, vec::Vec};

use crate::{
    answer::{Answer, Finish, Usage},
    error_body::ErrorBody,
    path::Path,
    request::{Call, Content, Part, Thought},
};

/// An event of a streamed answer. Parts come one after the other: [`Event::Begin`], any number of
/// [`Event::Delta`], [`Event::End`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// The answer begins.
    Start {
        id: String,
        model: String,
        created: Option<u64>,
    },
    /// A part begins, without its text or input.
    Begin(Content),
    /// More of the part's text or input.
    Delta(String),
    /// The signature of the reasoning that is the current part.
    Signature(String),
    /// The part is complete.
    End,
    /// The tokens so far.
    Usage(Usage),
    /// The answer is complete.
    Finish(Finish),
    /// The provider failed.
    Error(ErrorBody),
}

/// The events that a reader makes of a provider's event.
pub(crate) type Events = Vec<Event>;

impl Answer {
    /// Adds an event to the answer so far.
    pub(crate) fn add(&mut self, event: &Event) {
        match event {
            Event::Start { id, model, created } => {
                self.id.clone_from(id);
                self.model.clone_from(model);
                self.created = *created;
            }
            Event::Begin(content) => self.parts.push(Part::new(content.clone(), &Path::ROOT)),
            Event::Delta(more) => {
                if let Some(text) = self.parts.last_mut().and_then(Part::text_mut) {
                    text.push_str(more);
                }
            }
            Event::Signature(more) => {
                if let Some(Content::Reasoning(thought)) = self.parts.last_mut().map(|part| &mut part.content)
                {
                    thought.signature.get_or_insert_default().push_str(more);
                }
            }
            Event::Usage(usage) => self.usage = Some(*usage),
            Event::Finish(finish) => self.finish.clone_from(finish),
            Event::End | Event::Error(_) => {}
        }
    }
}

impl Part {
    /// Returns the text or the input that grows while an answer is streamed.
    fn text_mut(&mut self) -> Option<&mut String> {
        match &mut self.content {
            Content::Text(text) | Content::Refusal(text) => Some(text),
            Content::Reasoning(Thought { text, .. }) => Some(text),
            Content::Call(Call { input, .. }) => Some(input),
            _ => None,
        }
    }
}
