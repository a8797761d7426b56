//! The result of a call, as text for the model.

use alloc::string::String;

use clawft_types::{join, json::Node, memory, text::number};

use crate::limits::MAX_RESULT;

/// Returns the content of a result, and whether it is a tool's error.
///
/// Text is passed on. What is not text is described: `[image: image/png, 1024 bytes]`. A structured result is
/// passed on as JSON if there is no text, because servers send both for the same value.
pub(crate) fn read(result: Node<'_>) -> (String, bool) {
    let mut text = Text::default();
    if let Some(items) = result.get("content").and_then(Node::as_items) {
        for item in items {
            add(&mut text, item);
        }
    }
    if !text.is_readable
        && let Some(value) = result.get("structuredContent")
    {
        text.line(&[&value.to_json().unwrap_or_default()]);
    }
    let is_error = result.get("isError").is_some_and(|flag| flag.flag() == Ok(true));
    (text.finish(), is_error)
}

fn add(text: &mut Text, item: Node<'_>) {
    match item.text_of("type").unwrap_or_default() {
        "text" => text.readable(item.text_of("text").unwrap_or_default()),
        "resource" => {
            let resource = item.get("resource").unwrap_or(item);
            match resource.text_of("text") {
                Some(content) => {
                    text.line(&["[resource: ", resource.text_of("uri").unwrap_or_default(), "]"]);
                    text.readable(content);
                }
                None => describe(text, "resource", resource, "blob"),
            }
        }
        "resource_link" => {
            describe(text, "link", item, "");
            if let Some(description) = item.text_of("description") {
                text.line(&[description]);
            }
        }
        kind => describe(text, kind, item, "data"),
    }
}

/// Adds what is known of content that is not text, whose bytes are the member `data` in base64.
fn describe(text: &mut Text, kind: &str, item: Node<'_>, data: &str) {
    let part = |key| item.text_of(key).unwrap_or_default();
    let size = match part(data) {
        "" => String::new(),
        data => join!(&number(decoded_length(data) as u64), " bytes"),
    };
    let mut line = String::from("[");
    line.push_str(kind);
    let mut separator = ": ";
    for part in [part("uri"), part("name"), part("mimeType"), &size] {
        if !part.is_empty() {
            // Sizes are checked where the line is added.
            for text in [separator, part] {
                if memory::append_text(&mut line, text).is_err() {
                    return;
                }
            }
            separator = ", ";
        }
    }
    line.push(']');
    text.line(&[&line]);
}

/// Returns the number of bytes that `base64` stands for.
fn decoded_length(base64: &str) -> usize {
    base64.trim_end_matches('=').len() * 3 / 4
}

/// Lines of limited length altogether.
#[derive(Default)]
struct Text {
    text: String,
    /// The number of bytes that did not fit.
    left_out: usize,
    /// Whether there is text of the server's own, and not only descriptions.
    is_readable: bool,
}

impl Text {
    fn readable(&mut self, text: &str) {
        self.is_readable |= !text.is_empty();
        self.line(&[text]);
    }

    /// Adds a line of these parts.
    fn line(&mut self, parts: &[&str]) {
        let end = if self.text.is_empty() { "" } else { "\n" };
        for part in [end].iter().chain(parts) {
            let room = if self.left_out == 0 {
                MAX_RESULT - self.text.len()
            } else {
                0
            };
            let fitting = part.get(..part.floor_char_boundary(room)).unwrap_or_default();
            let added = memory::append_text(&mut self.text, fitting).map_or(0, |()| fitting.len());
            self.left_out += part.len() - added;
        }
    }

    fn finish(mut self) -> String {
        if self.left_out > 0 {
            self.line_without_limit();
        }
        self.text
    }

    fn line_without_limit(&mut self) {
        let count = number(self.left_out as u64);
        self.text.push_str("\n[");
        self.text.push_str(&count);
        self.text.push_str(" more bytes are left out]");
    }
}
