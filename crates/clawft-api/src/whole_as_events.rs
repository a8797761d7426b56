//! A complete answer as the events of a stream of the same dialect, for servers that do not stream.
//!
//! Every member of the answer is in one of the events.

use alloc::vec::Vec;

use clawft_types::{
    json::{self, Node, Writer},
    memory,
};

use crate::{
    context::Context,
    dialect::Dialect,
    error::Error,
    error_body::ErrorBody,
    raw::Raw,
    responses::echo,
    stream::Stream,
    template::{Slot, fill},
};

/// Returns the events of a complete answer of `dialect`, which end as its streams do. A chat completion's usage is in
/// an event of its own if the request asks for it with `include_usage`, else in the first. An answer that is an error
/// becomes the event of an error. Fails if the body is neither: a provider may speak another dialect than it is
/// configured for.
///
/// ```
/// use clawft_api::{Dialect, whole_as_events};
///
/// let body = br#"{"id":"a","choices":[{"index":0,"message":{"content":"Hi"},"finish_reason":"stop"}]}"#;
/// assert_eq!(
///     String::from_utf8_lossy(&whole_as_events(Dialect::Chat, body, false)?),
///     concat!(
///         r#"data: {"id":"a","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}],"#,
///         r#""object":"chat.completion.chunk","usage":null}"#,
///         "\n\ndata: [DONE]\n\n",
///     ),
/// );
/// # Ok::<(), clawft_api::Error>(())
/// ```
pub fn whole_as_events(dialect: Dialect, body: &[u8], include_usage: bool) -> Result<Vec<u8>, Error> {
    let document = json::parse_owned(memory::copy(body)?)?;
    let root = Node::root(&document);
    root.object()?;
    let mut out = Writer::with_capacity(body.len() + body.len() / 8)?;
    let error = ErrorBody::of_node(root).filter(|_| !root.has("choices") && !root.has("content"));
    if let Some(error) = error.filter(|_| dialect != Dialect::Responses) {
        let name = match dialect {
            Dialect::Messages => "event: error\n",
            _ => "",
        };
        let body = error.text(dialect);
        fill(&mut out, "$data: $\n\n", &[Slot::Json(name), Slot::Json(&body)]);
        return Ok(out.into_bytes());
    }
    let list = match dialect {
        Dialect::Chat => "choices",
        Dialect::Messages => "content",
        Dialect::Responses => "output",
    };
    root.require(list)?.items().map(drop)?;
    match dialect {
        Dialect::Chat => chat(root, include_usage, &mut out),
        Dialect::Messages => messages(root, &mut out),
        Dialect::Responses => return Ok(responses(root)),
    }
    Ok(out.into_bytes())
}

/// Writes a chat completion, or a completion of a text, as one chunk.
fn chat(root: Node<'_>, include_usage: bool, out: &mut Writer) {
    let is_text = root.text_of("object") == Some("text_completion");
    let head = |chunk: &mut Writer| {
        let others = root.each_member();
        for (key, value) in others.filter(|(key, _)| !["object", "choices", "usage"].contains(key)) {
            chunk.member(key, |writer| writer.value(value));
        }
    };
    let kind = if is_text {
        "text_completion"
    } else {
        "chat.completion.chunk"
    };
    data(out, |chunk| {
        chunk.object(|chunk| {
            head(chunk);
            let choices = root.get("choices").and_then(Node::as_items).into_iter().flatten();
            chunk.member("choices", |list| list.array(choices, choice));
            chunk.text_member("object", kind);
            match root.get("usage").filter(|_| !include_usage) {
                Some(usage) => chunk.member("usage", |writer| writer.value(usage)),
                None => chunk.literal_member("usage", "null"),
            }
        });
    });
    if let Some(usage) = root.get("usage").filter(|_| include_usage) {
        data(out, |chunk| {
            chunk.object(|chunk| {
                head(chunk);
                chunk.literal_member("choices", "[]");
                chunk.text_member("object", kind);
                chunk.member("usage", |writer| writer.value(usage));
            });
        });
    }
    out.literal("data: [DONE]\n\n");
}

/// Writes a choice with its message as a delta.
fn choice(writer: &mut Writer, node: Node<'_>) {
    if node.as_members().is_none() {
        return writer.value(node);
    }
    writer.object(|choice| {
        for (key, value) in node.each_member() {
            match key {
                "message" => choice.member("delta", |writer| delta(writer, value)),
                _ => choice.member(key, |writer| writer.value(value)),
            }
        }
        if !node.has("finish_reason") {
            choice.text_member("finish_reason", "stop");
        }
    });
}

/// Writes a message, whose calls have to be numbered in a chunk.
fn delta(writer: &mut Writer, message: Node<'_>) {
    writer.object(|delta| {
        for (key, value) in message.each_member() {
            let calls = value.as_items().filter(|_| key == "tool_calls");
            delta.member(key, |writer| match calls {
                Some(calls) => writer.array(calls.enumerate(), |writer, (index, node)| {
                    writer.object(|object| {
                        if !node.has("index") {
                            fill(object, r#""index":$,"#, &[Slot::Index(index)]);
                        }
                        copy_members(node, &[], object);
                    });
                }),
                None => writer.value(value),
            });
        }
    });
}

/// Writes one of Anthropic's messages.
fn messages(root: Node<'_>, out: &mut Writer) {
    const LATER: [&str; 3] = ["content", "stop_reason", "stop_sequence"];
    let start = Raw::written(|writer| {
        writer.object(|message| {
            copy_members(root, &LATER, message);
            message.literal(r#""content":[],"stop_reason":null,"stop_sequence":null"#);
        });
    });
    event(
        out,
        "message_start",
        r#""message":$"#,
        &[Slot::Json(start.as_str())],
    );
    let blocks = root.get("content").and_then(Node::as_items);
    for (index, node) in blocks.into_iter().flatten().enumerate() {
        block(out, index, node);
    }
    let end = Raw::written(|writer| {
        writer.object(|delta| {
            for key in ["stop_reason", "stop_sequence"] {
                delta.member(key, |writer| match root.get(key) {
                    Some(value) => writer.value(value),
                    None => writer.literal("null"),
                });
            }
        });
    });
    let usage = root.get("usage").map(Raw::of);
    let usage = usage.as_ref().map_or("{\"output_tokens\":0}", Raw::as_str);
    let slots = [Slot::Json(end.as_str()), Slot::Json(usage)];
    event(out, "message_delta", r#""delta":$,"usage":$"#, &slots);
    out.literal("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
}

/// Writes the events of a block: those with a text or an input begin without it.
fn block(out: &mut Writer, index: usize, node: Node<'_>) {
    let deltas: &[(&str, &str, &str)] = match node.text_of("type").unwrap_or_default() {
        "text" => &[("text", "text_delta", "text")],
        "thinking" => &[
            ("thinking", "thinking_delta", "thinking"),
            ("signature", "signature_delta", "signature"),
        ],
        kind if kind.ends_with("tool_use") => &[("input", "input_json_delta", "partial_json")],
        _ => &[],
    };
    let keys: Vec<&str> = deltas.iter().map(|(key, ..)| *key).collect();
    let empty = Raw::written(|writer| {
        writer.object(|block| {
            copy_members(node, &keys, block);
            for key in &keys {
                block.literal_member(key, if *key == "input" { "{}" } else { "\"\"" });
            }
        });
    });
    let slots = [Slot::Index(index), Slot::Json(empty.as_str())];
    event(
        out,
        "content_block_start",
        r#""index":$,"content_block":$"#,
        &slots,
    );
    for (key, name, member) in deltas {
        let Some(value) = node.get(key) else { continue };
        let input;
        let text = match value.as_text() {
            Some(text) => text,
            None => {
                input = Raw::of(value).into_text();
                &input
            }
        };
        let slots = [
            Slot::Index(index),
            Slot::Text(name),
            Slot::Text(member),
            Slot::Text(text),
        ];
        let members = r#""index":$,"delta":{"type":$,$:$}"#;
        if !text.is_empty() {
            event(out, "content_block_delta", members, &slots);
        }
    }
    event(out, "content_block_stop", r#""index":$"#, &[Slot::Index(index)]);
}

/// Returns the events of a response.
fn responses(root: Node<'_>) -> Vec<u8> {
    let mut context = Context::default();
    context.is_kept = root.get("store").is_some_and(|store| store.flag() == Ok(true));
    context.echo = echo(Some(root));
    let mut stream = Stream::new(Dialect::Responses, Dialect::Responses, context);
    let mut out = Writer::default();
    let mut send = |name: &str, member: &str, value: &str| {
        let mut event = Writer::default();
        let slots = [Slot::Text(name), Slot::Text(member), Slot::Json(value)];
        fill(&mut event, "{\"type\":$,$:$}", &slots);
        stream.read(event.into_bytes(), &mut out);
    };
    let whole = Raw::of(root);
    let begun = Raw::written(|writer| {
        writer.object(|response| {
            copy_members(root, &["output", "status"], response);
            response.literal(r#""status":"in_progress","output":[]"#);
        });
    });
    send("response.created", "response", begun.as_str());
    for item in root.get("output").and_then(Node::as_items).into_iter().flatten() {
        send("response.output_item.done", "item", Raw::of(item).as_str());
    }
    let end = match root.text_of("status") {
        Some("incomplete") => "response.incomplete",
        Some("failed") => "response.failed",
        _ => "response.completed",
    };
    send(end, "response", whole.as_str());
    let mut events = out.into_bytes();
    events.append(&mut stream.end());
    events
}

/// Writes the members of an object but those of these names.
fn copy_members(node: Node<'_>, without: &[&str], object: &mut Writer) {
    for (key, value) in node.each_member().filter(|(key, _)| !without.contains(key)) {
        object.member(key, |writer| writer.value(value));
    }
}

fn data(out: &mut Writer, value: impl FnOnce(&mut Writer)) {
    out.literal("data: ");
    value(out);
    out.literal("\n\n");
}

/// Writes an event whose data repeats its name.
fn event(out: &mut Writer, name: &str, members: &str, slots: &[Slot<'_>]) {
    fill(
        out,
        "event: $\ndata: {\"type\":$,",
        &[Slot::Json(name), Slot::Text(name)],
    );
    fill(out, members, slots);
    fill(out, "}\n\n", &[]);
}
