//! Events of Anthropic's messages.

use alloc::{string::String, vec::Vec};

use clawft_types::json::{Node, Writer};

use super::Next;
use crate::{
    error_body::ErrorBody,
    growing::{Growing, Members},
    messages::write_input,
    raw::Raw,
};

/// The message so far.
#[derive(Debug, Default)]
pub(super) struct Message {
    /// The members but the content.
    head: Members,
    usage: Members,
    blocks: Vec<Block>,
}

/// A block so far.
#[derive(Debug, Default)]
struct Block {
    members: Members,
    /// The input of a tool, which comes as parts of its JSON text.
    input: String,
}

impl Message {
    /// Reads the data of an event.
    pub(super) fn read(&mut self, root: Node<'_>) -> Next {
        match root.text_of("type").unwrap_or_default() {
            "message_start" => root
                .get("message")
                .into_iter()
                .for_each(|message| self.start(message)),
            "content_block_start" => {
                let mut block = Block::default();
                root.get("content_block")
                    .into_iter()
                    .for_each(|node| block.members.grow(node));
                self.blocks.push(block);
            }
            "content_block_delta" => {
                if let (Some(block), Some(delta)) = (self.blocks.last_mut(), root.get("delta")) {
                    block.grow(delta);
                }
            }
            "message_delta" => self.end(root),
            "message_stop" => {
                self.head.or("stop_reason", "\"end_turn\"");
                return Next::Complete;
            }
            "error" => return ErrorBody::of_node(root).map_or(Next::More, Next::Error),
            _ => {}
        }
        Next::More
    }

    fn start(&mut self, message: Node<'_>) {
        for (key, value) in message.each_member() {
            match key {
                "usage" => self.count(value),
                "content" => {}
                _ => self.head.replace(key, value),
            }
        }
    }

    /// Reads the event before the last one: why the message ends, and the usage.
    fn end(&mut self, root: Node<'_>) {
        for (key, value) in root.each_member() {
            match key {
                "type" => {}
                "usage" => self.count(value),
                "delta" => value
                    .each_member()
                    .for_each(|(key, value)| self.head.replace(key, value)),
                _ => self.head.replace(key, value),
            }
        }
    }

    /// Reads the usage, whose later numbers replace the earlier ones.
    fn count(&mut self, usage: Node<'_>) {
        usage
            .each_member()
            .for_each(|(key, value)| self.usage.replace(key, value));
    }

    /// Returns whether the reason of the end is known.
    pub(super) fn is_complete(&self) -> bool {
        self.head.get("stop_reason").is_some()
    }

    /// Returns the body.
    pub(super) fn into_body(mut self) -> Vec<u8> {
        for (key, json) in [
            ("id", "\"\""),
            ("type", "\"message\""),
            ("role", "\"assistant\""),
            ("model", "\"\""),
            ("stop_sequence", "null"),
        ] {
            self.head.or(key, json);
        }
        self.usage.or("input_tokens", "0");
        self.usage.or("output_tokens", "0");
        let mut writer = Writer::default();
        writer.object(|body| {
            self.head.write(body);
            body.member("content", |writer| {
                writer.array(self.blocks, |writer, block| block.write(writer))
            });
            body.member("usage", |writer| writer.object(|usage| self.usage.write(usage)));
        });
        writer.into_bytes()
    }
}

impl Block {
    fn grow(&mut self, delta: Node<'_>) {
        let members = delta.each_member().filter(|(key, _)| *key != "type");
        for (key, value) in members {
            match key {
                "partial_json" => self.input.push_str(value.as_text().unwrap_or_default()),
                "citation" => self.members.push("citations", value),
                _ => self.members.grow_member(key, value),
            }
        }
    }

    /// Writes the block.
    fn write(mut self, writer: &mut Writer) {
        if !self.input.is_empty() {
            let input = Raw::written(|writer| {
                if let Err(wrapped) = write_input(&self.input, writer) {
                    writer.literal(wrapped.as_str());
                }
            });
            self.members.set("input", Growing::Fixed(input));
        }
        writer.object(|block| self.members.write(block));
    }
}
