//! Embeddings. Only OpenAI has them, so they are read and written in one form.

use alloc::{
    string::{String, ToString as _},
    vec::Vec,
};

use clawft_types::{
    json::{self, Node, Writer},
    memory,
};

use crate::{
    answer::Usage,
    error::Error,
    path::Path,
    raw::{Field, Raw},
    read::{list, members, text},
};

/// A request for embeddings.
///
/// ```
/// use clawft_api::EmbeddingsRequest;
///
/// let mut request = EmbeddingsRequest::read(br#"{"model":"a","input":["x","y"],"dimensions":8}"#)?;
/// assert_eq!(request.inputs.len(), 2);
/// request.model = "b".into();
/// assert_eq!(request.write(), br#"{"model":"b","input":["x","y"],"dimensions":8}"#);
/// # Ok::<(), clawft_api::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddingsRequest {
    /// Name of the model.
    pub model: String,
    /// The texts, or the lists of their tokens.
    pub inputs: Vec<Raw>,
    /// All other members.
    pub extra: Vec<Field>,
}

/// An answer with embeddings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Embeddings {
    /// Name of the model.
    pub model: String,
    /// The embeddings: objects with `index` and `embedding`.
    pub data: Vec<Raw>,
    /// The tokens that they took.
    pub usage: Option<Usage>,
    /// All other members.
    pub extra: Vec<Field>,
}

impl EmbeddingsRequest {
    /// Parses a body.
    pub fn read(body: &[u8]) -> Result<EmbeddingsRequest, Error> {
        let document = json::parse_owned(memory::copy(body)?)?;
        let root = Node::root(&document);
        let input = root.require("input")?;
        let mut items = input.as_items().into_iter().flatten();
        // A list of numbers is one text.
        let is_one = input.as_text().is_some() || items.next().is_some_and(|item| item.number().is_ok());
        let mut request = EmbeddingsRequest {
            model: text(root.require("model")?)?,
            inputs: if is_one {
                Vec::from([Raw::of(input)])
            } else {
                list(input, &Path::ROOT, |item, _| Ok(Raw::of(item)))?
            },
            extra: Vec::new(),
        };
        for (key, value) in members(root)?.filter(|(key, _)| !matches!(*key, "model" | "input")) {
            request.extra.push(Field::new(&Path::ROOT, key, value));
        }
        Ok(request)
    }

    /// Returns the body.
    pub fn write(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.object(|body| {
            body.text_member("model", &self.model);
            body.member("input", |writer| {
                writer.array(&self.inputs, |writer, input| writer.literal(input.as_str()));
            });
            for field in &self.extra {
                body.literal_member(&field.key, field.value.as_str());
            }
        });
        writer.into_bytes()
    }
}

impl Embeddings {
    /// Parses the body of a successful response.
    pub fn read(body: &[u8]) -> Result<Embeddings, Error> {
        let document = json::parse_owned(memory::copy(body)?)?;
        let root = Node::root(&document);
        let data = root.require("data")?;
        let mut answer = Embeddings {
            model: root.text_of("model").unwrap_or_default().to_string(),
            data: list(data, &Path::ROOT, |item, _| Ok(Raw::of(item)))?,
            usage: root.get("usage").map(Usage::of_openai),
            extra: Vec::new(),
        };
        for (key, value) in members(root)? {
            if !matches!(key, "object" | "model" | "data" | "usage") {
                answer.extra.push(Field::new(&Path::ROOT, key, value));
            }
        }
        Ok(answer)
    }

    /// Returns the body.
    pub fn write(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.object(|body| {
            body.text_member("object", "list");
            body.member("data", |writer| {
                writer.array(&self.data, |writer, item| writer.literal(item.as_str()));
            });
            body.text_member("model", &self.model);
            if let Some(usage) = &self.usage {
                body.member("usage", |writer| {
                    writer.object(|object| {
                        object.literal_member("prompt_tokens", &usage.input.to_string());
                        object.literal_member("total_tokens", &usage.total().to_string());
                    });
                });
            }
            for field in &self.extra {
                body.literal_member(&field.key, field.value.as_str());
            }
        });
        writer.into_bytes()
    }
}
