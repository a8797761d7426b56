//! Chat messages, and the parsing of a user's input.

mod error;

pub use error::InputError;

use alloc::{string::String, vec::Vec};

use crate::{
    image::{self, Image},
    json::{self, JsonError, Node, Writer},
    memory,
    reasoning::Reasoning,
    tool::{AnsweredCall, ToolCall, ToolResult},
};

/// The author of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Instructions to the model.
    System,
    /// The user.
    User,
    /// The model.
    Assistant,
    /// A tool that the model has called.
    Tool,
}

impl Role {
    const ALL: [Role; 4] = [Role::System, Role::User, Role::Assistant, Role::Tool];

    /// Returns the name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::Tool => "tool",
        }
    }

    fn from_name(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

/// One message: `{"role":"user","content":"…"}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The author.
    pub role: Role,
    /// The text.
    pub content: String,
    /// Whether the answer broke off and `content` is only the part that arrived. Stored with a session, never
    /// sent to a provider.
    pub incomplete: bool,
    /// The provider's reason, if the answer ended for another one than that it was complete: `length`. Stored
    /// with a session, never sent to a provider.
    pub finish_reason: Option<String>,
    /// The model's reasoning. Stored with a session, and sent only to a provider that requires it.
    pub reasoning: Vec<Reasoning>,
    /// Whether the reasoning goes back as `reasoning_content`: the provider sent it so, in a turn with calls. DeepSeek
    /// and Moonshot require it in all later requests, also if it is empty.
    pub echoed: bool,
    /// The tools that the model calls. Their results are the messages that follow.
    pub calls: Vec<ToolCall>,
    /// The call that a message of [`Role::Tool`] answers; `content` is the result.
    pub answered: Option<AnsweredCall>,
    /// The images of a message of [`Role::User`], which go before its text.
    #[cfg(feature = "images")]
    pub images: Vec<Image>,
}

/// The result of a tool call as a message.
impl From<ToolResult> for Message {
    fn from(result: ToolResult) -> Message {
        Message {
            answered: Some(AnsweredCall {
                id: result.id,
                is_error: result.is_error,
            }),
            ..Message::new(Role::Tool, result.content)
        }
    }
}

impl Message {
    /// Returns a complete message of `role`.
    pub fn new(role: Role, content: impl Into<String>) -> Message {
        Message {
            role,
            content: content.into(),
            incomplete: false,
            finish_reason: None,
            reasoning: Vec::new(),
            echoed: false,
            calls: Vec::new(),
            answered: None,
            #[cfg(feature = "images")]
            images: Vec::new(),
        }
    }

    /// Returns the images. Builds without the feature `images` have none.
    #[cfg(feature = "images")]
    pub fn images(&self) -> &[Image] {
        &self.images
    }

    /// Returns the images. Builds without the feature `images` have none.
    #[cfg(not(feature = "images"))]
    pub fn images(&self) -> &[Image] {
        &[]
    }

    /// Returns the size in bytes that counts for a model: that of the texts, and a fixed one for each image.
    pub fn size(&self) -> usize {
        let mut size = image::COUNTED_BYTES.saturating_mul(self.images().len());
        self.each_text(&mut |text| size = size.saturating_add(text.len()));
        size
    }

    /// Passes all that goes with a request to `take`, each text and each image once.
    pub(crate) fn each_part(&self, take: &mut dyn FnMut(&str)) {
        self.each_text(take);
        for image in self.images() {
            take(&image.media_type);
            take(&image.data);
        }
    }

    /// Passes all texts that go with a request to `take`, each once.
    pub(crate) fn each_text(&self, take: &mut dyn FnMut(&str)) {
        take(&self.content);
        if let Some(call) = &self.answered {
            take(&call.id);
        }
        let goes_back = |block: &&Reasoning| !block.signature.is_empty() || self.echoed;
        for block in self.reasoning.iter().filter(goes_back) {
            take(&block.text);
            take(&block.signature);
        }
        for call in &self.calls {
            take(&call.id);
            take(&call.name);
            take(&call.arguments);
            take(&call.extra);
        }
    }

    /// Reads `{"role":…,"content":…}`, both required, with `"incomplete":true` if the answer broke off, and
    /// optional `finish_reason`, `reasoning`, `echoed` and `tool_calls`. A message of role `tool` has a `tool_call_id`,
    /// and `"is_error":true` if the call failed.
    pub fn read(node: Node<'_>) -> Result<Message, JsonError> {
        let role = node.require("role")?;
        let role = Role::from_name(role.text()?)
            .ok_or_else(|| role.error("unknown role, expected `system`, `user`, `assistant` or `tool`"))?;
        let message = Message::new(role, memory::copy_text(node.require("content")?.text()?)?);
        let flag = |key| node.get(key).map_or(Ok(false), |flag| flag.flag());
        let incomplete = flag("incomplete")?;
        let mut calls = Vec::new();
        if let Some(list) = node.get("tool_calls").and_then(Node::as_items) {
            for call in list {
                memory::push(&mut calls, ToolCall::read(call)?)?;
            }
        }
        let answered = match message.role {
            Role::Tool => Some(AnsweredCall {
                id: memory::copy_text(node.require("tool_call_id")?.text()?)?,
                is_error: flag("is_error")?,
            }),
            _ => None,
        };
        let mut reasoning = Vec::new();
        if let Some(list) = node.get("reasoning").and_then(Node::as_items) {
            for block in list {
                if let Some(block) = Reasoning::read(block)? {
                    memory::push(&mut reasoning, block)?;
                }
            }
        }
        #[cfg(feature = "images")]
        let mut images = Vec::new();
        #[cfg(feature = "images")]
        for image in node.get("images").and_then(Node::as_items).into_iter().flatten() {
            memory::push(&mut images, Image::read(image)?)?;
        }
        Ok(Message {
            incomplete,
            finish_reason: node.text_of("finish_reason").map(memory::copy_text).transpose()?,
            reasoning,
            echoed: flag("echoed")?,
            calls,
            answered,
            #[cfg(feature = "images")]
            images,
            ..message
        })
    }

    /// Writes the message in the form of OpenAI's chat completions: `{"role":…,"content":…}` with `tool_calls`
    /// or `tool_call_id`.
    pub fn write(&self, writer: &mut Writer) {
        writer.object(|object| {
            object.text_member("role", self.role.as_str());
            if let Some(call) = &self.answered {
                object.text_member("tool_call_id", &call.id);
            }
            // Some servers refuse an empty text beside calls.
            if self.content.is_empty() && !self.calls.is_empty() {
                object.literal_member("content", "null");
            } else if !self.images().is_empty() {
                object.member("content", |parts| {
                    parts.list(|parts| self.write_parts(parts, Image::write_url))
                });
            } else {
                object.text_member("content", &self.content);
            }
            if self.echoed {
                // Some servers refuse an empty one.
                let known = self.reasoning.first().filter(|block| !block.text.is_empty());
                object.text_member("reasoning_content", known.map_or(" ", |block| &block.text));
            }
            if !self.calls.is_empty() {
                object.member("tool_calls", |list| list.array(&self.calls, write_call));
            }
        });
    }

    /// Writes the images, each with `write_image`, and then the text as parts of a list.
    pub(crate) fn write_parts(&self, list: &mut Writer, write_image: impl Fn(&Image, &mut Writer)) {
        for image in self.images() {
            list.item(|item| write_image(image, item));
        }
        if !self.content.is_empty() {
            list.item(|item| write_text(item, &self.content));
        }
    }
}

/// Writes a part of text.
pub(crate) fn write_text(writer: &mut Writer, text: &str) {
    writer.object(|part| {
        part.text_member("type", "text");
        part.text_member("text", text);
    });
}

fn write_call(writer: &mut Writer, call: &ToolCall) {
    writer.object(|object| {
        object.text_member("id", &call.id);
        object.text_member("type", "function");
        if !call.extra.is_empty() {
            object.literal_member("extra_content", &call.extra);
        }
        object.member("function", |writer| {
            writer.object(|function| {
                function.text_member("name", &call.name);
                // Some servers read the arguments again.
                function.text_member("arguments", call.valid_arguments());
            });
        });
    });
}

/// The user's input of one turn. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    text: String,
    stream: Option<bool>,
    #[cfg(feature = "images")]
    images: Vec<Image>,
}

impl Input {
    /// Parses what a user typed or piped: plain text, or `{"role":"user","content":"…"}`. `role` is optional,
    /// and `"stream": true` or `false` may be added.
    ///
    /// A JSON object is a message only if it has a `content`, and a `role` or no other members than these three.
    /// Everything else is plain text, also text that starts with a brace, because people paste code. A byte
    /// order mark, and line ends after plain text, are dropped. Fails on white space only, on a role other than
    /// `user`, on a `content` that is not a string, on a `stream` that is not a boolean, and if there is no
    /// memory for it.
    pub fn parse(text: &str) -> Result<Input, InputError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let input = match read_message(text) {
            Some(message) => message.map_err(InputError::Message)?,
            None => Input::new(copy(text.trim_end_matches(['\r', '\n']))?, None),
        };
        if input.text.trim().is_empty() {
            return Err(InputError::Empty);
        }
        Ok(input)
    }

    fn new(text: String, stream: Option<bool>) -> Input {
        Input {
            text,
            stream,
            #[cfg(feature = "images")]
            images: Vec::new(),
        }
    }

    /// Does the same as [`Input::parse`] for a message with images, whose text may be empty.
    #[cfg(feature = "images")]
    pub fn with_images(text: &str, images: Vec<Image>) -> Result<Input, InputError> {
        match Input::parse(text) {
            Ok(input) => Ok(Input { images, ..input }),
            Err(InputError::Empty) if !images.is_empty() => Ok(Input {
                images,
                ..Input::new(String::new(), None)
            }),
            Err(error) => Err(error),
        }
    }

    /// Returns a message of this text as it is, also if it looks like JSON.
    #[cfg(feature = "images")]
    pub fn exactly(text: String, images: Vec<Image>) -> Result<Input, InputError> {
        match text.trim().is_empty() && images.is_empty() {
            true => Err(InputError::Empty),
            false => Ok(Input {
                images,
                ..Input::new(text, None)
            }),
        }
    }

    /// Returns the text of the message.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the images of the message.
    #[cfg(feature = "images")]
    pub fn images(&self) -> &[Image] {
        &self.images
    }

    /// Returns whether to show the answer while it arrives; `None` leaves it to the configuration.
    pub fn stream(&self) -> Option<bool> {
        self.stream
    }

    /// Returns a message of role `user`.
    pub fn into_message(self) -> Message {
        Message {
            #[cfg(feature = "images")]
            images: self.images,
            ..Message::new(Role::User, self.text)
        }
    }
}

/// Reads a JSON message; `None` if `text` is not one.
fn read_message(text: &str) -> Option<Result<Input, JsonError>> {
    if !text.trim_start().starts_with("{") {
        return None;
    }
    // If there is no memory to parse it, there is none for it as plain text either.
    let document = json::parse(text.as_bytes()).ok()?;
    let node = Node::root(&document);
    let content = node.get("content")?;
    let documented = |key: &str| ["role", "content", "stream"].contains(&key);
    let is_message = node.get("role").is_some() || node.as_members()?.all(|(key, _)| documented(key));
    if !is_message {
        return None;
    }
    Some(read_members(node, content))
}

fn read_members(node: Node<'_>, content: Node<'_>) -> Result<Input, JsonError> {
    if let Some(role) = node.get("role")
        && role.text()? != Role::User.as_str()
    {
        return Err(role.error("expected `user`"));
    }
    let stream = node.get("stream").map(|stream| stream.flag()).transpose()?;
    Ok(Input::new(memory::copy_text(content.text()?)?, stream))
}

fn copy(text: &str) -> Result<String, InputError> {
    memory::copy_text(text).map_err(|error| InputError::Message(error.into()))
}
