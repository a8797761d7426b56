//! Images that go with a message.

use alloc::string::String;

use crate::{
    json::{JsonError, Node, Writer},
    memory,
};

/// The size, in bytes, that an image counts in a conversation. Providers count pixels: about 1500 tokens.
pub(crate) const COUNTED_BYTES: usize = 6000;

/// An image of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// The media type: `image/png`.
    pub media_type: String,
    /// The content of the file in base64.
    pub data: String,
}

impl Image {
    /// Reads the form of session files: `{"media_type":"image/png","data":"…"}`.
    #[cfg_attr(
        not(feature = "images"),
        expect(dead_code, reason = "such sessions are not read")
    )]
    pub(crate) fn read(node: Node<'_>) -> Result<Image, JsonError> {
        // Both are written without escapes.
        let text = |name, other: &[u8]| {
            let node = node.require(name)?;
            let text = node.text()?;
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || other.contains(&byte);
            match text.bytes().all(allowed) {
                true => Ok(memory::copy_text(text)?),
                false => Err(node.error("expected base64 of an image")),
            }
        };
        Ok(Image {
            media_type: text("media_type", b"/.+-")?,
            data: text("data", b"+/=")?,
        })
    }

    /// Writes the form of session files.
    pub(crate) fn write(&self, writer: &mut Writer) {
        writer.object(|object| self.write_members(object));
    }

    /// Writes the part of a message of chat completions.
    pub(crate) fn write_url(&self, writer: &mut Writer) {
        writer.object(|part| {
            part.text_member("type", "image_url");
            part.member("image_url", |value| {
                value.object(|value| {
                    value.member("url", |url| {
                        url.literals(&["\"data:", &self.media_type, ";base64,", &self.data, "\""]);
                    });
                });
            });
        });
    }

    /// Writes the block of Anthropic's messages.
    pub(crate) fn write_block(&self, writer: &mut Writer) {
        writer.object(|block| {
            block.text_member("type", "image");
            block.member("source", |source| {
                source.object(|source| {
                    source.text_member("type", "base64");
                    self.write_members(source);
                });
            });
        });
    }

    fn write_members(&self, object: &mut Writer) {
        object.text_member("media_type", &self.media_type);
        object.text_member("data", &self.data);
    }
}
