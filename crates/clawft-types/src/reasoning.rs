//! The reasoning of a model, apart from its answer.

use alloc::string::String;

use crate::{
    json::{JsonError, Node, Writer},
    memory,
};

/// A block of reasoning, in the form of Anthropic's messages: `{"type":"thinking","thinking":"…"}`, with a
/// `signature` if the provider sent one, or `{"type":"redacted_thinking","data":"…"}`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reasoning {
    /// The text. Empty if it is redacted.
    pub text: String,
    /// The provider's proof that the block is its own, or the encrypted text of a redacted block. Empty if
    /// there is none; then the block is sent back only with a message that is `echoed`.
    pub signature: String,
    /// Whether the text is encrypted.
    pub redacted: bool,
}

impl Reasoning {
    /// Reads a block; `None` if `node` is another one.
    pub fn read(node: Node<'_>) -> Result<Option<Reasoning>, JsonError> {
        let redacted = match node.text_of("type") {
            Some("thinking") => false,
            Some("redacted_thinking") => true,
            _ => return Ok(None),
        };
        let copy = |key| memory::copy_text(node.text_of(key).unwrap_or_default());
        Ok(Some(Reasoning {
            text: copy("thinking")?,
            signature: copy(if redacted { "data" } else { "signature" })?,
            redacted,
        }))
    }

    /// Writes the block.
    pub fn write(&self, writer: &mut Writer) {
        writer.object(|object| {
            if self.redacted {
                object.text_member("type", "redacted_thinking");
                object.text_member("data", &self.signature);
                return;
            }
            object.text_member("type", "thinking");
            object.text_member("thinking", &self.text);
            if !self.signature.is_empty() {
                object.text_member("signature", &self.signature);
            }
        });
    }
}
