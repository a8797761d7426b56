//! The body of a request, of which the configuration can replace every member.

use alloc::vec::Vec;

use crate::{
    json::{self, Node, Writer},
    memory::NoMemory,
    secret::Secret,
    temperature::Temperature,
    text::number,
};

/// A request that is being written.
pub(crate) struct RequestBody<'a> {
    writer: &'a mut Writer,
    extra: Node<'a>,
}

/// Returns the JSON object of `members` and of the JSON object `extra`, whose members win. There is room for
/// `size` bytes in it. Fails if there is no memory for it.
pub(crate) fn write(
    size: usize,
    extra: &Secret,
    members: &dyn Fn(&mut RequestBody<'_>),
) -> Result<Vec<u8>, NoMemory> {
    let extra = match extra.expose() {
        "" => "{}",
        extra => extra,
    };
    // It was read before, so nothing else can be wrong.
    let document = json::parse(extra.as_bytes()).map_err(|_| NoMemory { bytes: extra.len() })?;
    let extra = Node::root(&document);
    let mut writer = Writer::with_capacity(size)?;
    writer.object(|writer| {
        members(&mut RequestBody { writer, extra });
        for (key, value) in extra.each_member() {
            writer.member(key, |writer| writer.value(value));
        }
    });
    Ok(writer.into_bytes())
}

impl RequestBody<'_> {
    /// Writes a member, unless the configuration sets it.
    pub(crate) fn member(&mut self, key: &str, value: &dyn Fn(&mut Writer)) {
        if !self.extra.has(key) {
            self.writer.member(key, value);
        }
    }

    /// Writes a member that is a string, unless the configuration sets it.
    pub(crate) fn text(&mut self, key: &str, text: &str) {
        self.member(key, &|writer| writer.text(text));
    }

    /// Writes a member that is a number or another literal, unless the configuration sets it.
    pub(crate) fn literal(&mut self, key: &str, token: &str) {
        self.member(key, &|writer| writer.literal(token));
    }

    /// Writes the members that both protocols have.
    pub(crate) fn parameters(
        &mut self,
        max_tokens_field: &str,
        max_tokens: Option<u32>,
        temperature: Option<Temperature>,
        stream: bool,
    ) {
        if let Some(tokens) = max_tokens {
            self.literal(max_tokens_field, &number(tokens.into()));
        }
        if let Some(temperature) = temperature {
            self.literal("temperature", &temperature.message());
        }
        if stream {
            self.literal("stream", "true");
        }
    }
}
