//! Writer of the content of a chat message.

use alloc::{string::String, vec::Vec};

use clawft_types::json::Writer;

use crate::{
    request::{Content, Part, Source},
    written::Translation,
};

/// Writes the member `content`; see [`of`].
pub(super) fn member(parts: &[Part], prefix: &str, to: &mut Translation, writer: &mut Writer) {
    let parts: Vec<&Part> = parts.iter().collect();
    of(&parts, prefix, to, writer);
}

/// Writes the member `content`: a string if there is only one text, else an array of parts. `prefix` is put before the
/// first text.
pub(super) fn of(parts: &[&Part], prefix: &str, to: &mut Translation, writer: &mut Writer) {
    let is_plain = |part: &Part| part.extra.is_empty() || to.from != to.to;
    match parts {
        [] => writer.text_member("content", prefix),
        [part] if is_plain(part) && part.as_text().is_some() => {
            to.discard(&part.extra);
            let text = part.as_text().unwrap_or_default();
            writer.text_member("content", &[prefix, text].concat());
        }
        _ => writer.member("content", |writer| {
            let parts = parts.iter().enumerate();
            writer.array(parts, |writer, (index, each)| {
                part(each, if index == 0 { prefix } else { "" }, to, writer);
            });
        }),
    }
}

/// Writes a part.
pub(super) fn part(part: &Part, prefix: &str, to: &mut Translation, writer: &mut Writer) {
    if let Content::Other(raw) = &part.content {
        if to.from != to.to {
            to.refuse_part(part);
        }
        return writer.literal(raw.as_str());
    }
    writer.object(|object| match &part.content {
        Content::Text(text) => {
            object.text_member("type", "text");
            object.text_member("text", &[prefix, text].concat());
            to.fields(object, &part.extra);
        }
        Content::Image(source) => image(source, part, to, object),
        Content::Audio { data, format } => {
            object.text_member("type", "input_audio");
            object.member("input_audio", |writer| {
                writer.object(|audio| {
                    audio.text_member("data", data);
                    audio.text_member("format", format);
                });
            });
            to.fields(object, &part.extra);
        }
        Content::File { source, name } => file(source, name.as_deref(), part, to, object),
        Content::Refusal(text) => {
            object.text_member("type", "refusal");
            object.text_member("refusal", text);
            to.fields(object, &part.extra);
        }
        _ => to.refuse(&part.path),
    });
}

fn image(source: &Source, part: &Part, to: &mut Translation, writer: &mut Writer) {
    let Some(url) = source.as_url() else {
        return to.refuse(&part.path);
    };
    let (detail, others) = part
        .extra
        .iter()
        .cloned()
        .partition::<Vec<_>, _>(|field| field.key == "detail");
    writer.text_member("type", "image_url");
    writer.member("image_url", |writer| {
        writer.object(|image| {
            image.text_member("url", &url);
            to.fields(image, &detail);
        });
    });
    to.fields(writer, &others);
}

/// Writes a document. Plain text becomes a text part: servers without support for documents take it too.
fn file(source: &Source, name: Option<&str>, part: &Part, to: &mut Translation, writer: &mut Writer) {
    let (key, value) = match source {
        Source::Text(text) => {
            writer.text_member("type", "text");
            let title = name.map_or_else(String::new, |name| [name, "\n\n"].concat());
            writer.text_member("text", &[&title, text.as_str()].concat());
            return to.fields(writer, &part.extra);
        }
        Source::Url(_) => return to.refuse(&part.path),
        Source::Id(id) => ("file_id", id.clone()),
        Source::Data { .. } => ("file_data", source.as_url().unwrap_or_default()),
    };
    writer.text_member("type", "file");
    writer.member("file", |writer| {
        writer.object(|file| {
            file.text_member(key, &value);
            // OpenAI takes no content without a name.
            match name {
                Some(name) => file.text_member("filename", name),
                None if key == "file_data" && to.from != to.to => file.text_member("filename", "document"),
                None => {}
            }
        });
    });
    to.fields(writer, &part.extra);
}

impl Source {
    /// Returns the address, or the content as a data URL.
    pub fn as_url(&self) -> Option<String> {
        match self {
            Source::Url(url) => Some(url.clone()),
            Source::Data { media_type, data } => Some(["data:", media_type, ";base64,", data].concat()),
            Source::Id(_) | Source::Text(_) => None,
        }
    }
}
