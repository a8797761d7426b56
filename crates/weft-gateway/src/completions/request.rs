//! The request for a chat completion.

use clawft_types::{
    Input, Message, Role, Temperature,
    image::Image,
    json::{self, JsonError, Node, Writer},
};

use super::unsupported;
use crate::api_error::ApiError;

/// A parsed request. Unsupported requests were refused.
#[derive(Debug)]
pub(super) struct ChatRequest {
    /// `model`, if it is given.
    pub(super) model: Option<String>,
    /// `temperature`
    pub(super) temperature: Option<Temperature>,
    /// `max_completion_tokens`, or by its older name `max_tokens`.
    pub(super) max_tokens: Option<u32>,
    /// The messages with role `system` or `developer` before all others. They replace the configuration's
    /// `system_prompt`.
    pub(super) instructions: Option<String>,
    /// The earlier messages.
    pub(super) earlier: Vec<Message>,
    /// The last message, which is the user's.
    pub(super) input: Input,
    /// `stream`
    pub(super) stream: bool,
    /// `stream_options.include_usage`
    pub(super) usage: bool,
}

impl ChatRequest {
    /// Parses a request's body.
    ///
    /// # Errors
    /// 400 with the field that is missing, wrong or not supported.
    pub(super) fn parse(body: &[u8]) -> Result<ChatRequest, ApiError> {
        let tree = json::parse(body)?;
        let root = Node::root(&tree);
        root.keys()?;
        unsupported::check(root)?;
        let stream = flag(root, "stream")?;
        let (instructions, mut earlier) = messages(root)?;
        let input = match earlier.pop() {
            Some(Message {
                role: Role::User,
                content,
                images,
                ..
            }) => input(&content, images, stream)?,
            _ => return Err(last_message("the last message has to be the user's")),
        };
        let limit = root.get("max_completion_tokens").or(root.get("max_tokens"));
        Ok(ChatRequest {
            model: root.get("model").map(|model| self::model(model)).transpose()?,
            temperature: root
                .get("temperature")
                .map(|number| temperature(number))
                .transpose()?,
            max_tokens: limit.map(|tokens| self::tokens(tokens)).transpose()?,
            instructions,
            earlier,
            input,
            stream,
            usage: root
                .get("stream_options")
                .map_or(Ok(false), |options| flag(options, "include_usage"))?,
        })
    }
}

/// Returns the instructions at the beginning, and the other messages.
fn messages(root: Node<'_>) -> Result<(Option<String>, Vec<Message>), JsonError> {
    let mut instructions: Option<String> = None;
    let mut others = Vec::new();
    for message in root.require("messages")?.items()? {
        let message = self::message(message)?;
        match &mut instructions {
            _ if message.role != Role::System || !others.is_empty() => others.push(message),
            None => instructions = Some(message.content),
            Some(known) => {
                known.push_str("\n\n");
                known.push_str(&message.content);
            }
        }
    }
    Ok((instructions, others))
}

fn message(node: Node<'_>) -> Result<Message, JsonError> {
    let role = node.require("role")?;
    let role = match role.text()? {
        "system" | "developer" => Role::System,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "tool" | "function" => return Err(role.error("tools are not supported")),
        _ => {
            return Err(role.error("unknown role, expected `system`, `developer`, `user` or `assistant`"));
        }
    };
    if let Some(calls) = node.get("tool_calls").or(node.get("function_call"))
        && !unsupported::is_empty(calls)
    {
        return Err(calls.error("tools are not supported"));
    }
    content(Message::new(role, ""), node.require("content")?)
}

/// Returns `message` with a text, or with a list of parts: `[{"type":"text","text":"…"}, …]`. The user's may be images.
fn content(mut message: Message, node: Node<'_>) -> Result<Message, JsonError> {
    let Some(parts) = node.as_items() else {
        message.content = node.text()?.to_owned();
        return Ok(message);
    };
    for part in parts {
        let kind = part.require("type")?;
        match kind.text()? {
            "text" => message.content.push_str(part.require("text")?.text()?),
            "refusal" => message.content.push_str(part.require("refusal")?.text()?),
            "image_url" if message.role == Role::User => {
                message
                    .images
                    .push(image(part.require("image_url")?.require("url")?)?);
            }
            _ => {
                return Err(kind
                    .error("only parts of type `text`, and the user's of type `image_url`, are supported"));
            }
        }
    }
    Ok(message)
}

/// The media types of images that models read.
const IMAGE_TYPES: [&str; 4] = ["image/gif", "image/jpeg", "image/png", "image/webp"];

/// Reads an image from its address, which contains it: `data:image/png;base64,…`.
fn image(node: Node<'_>) -> Result<Image, JsonError> {
    let read = |address: &str| {
        let (media_type, data) = address.strip_prefix("data:")?.split_once(";base64,")?;
        let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
        let known = IMAGE_TYPES.contains(&media_type) && !data.is_empty() && data.bytes().all(is_base64);
        known.then(|| Image {
            media_type: media_type.to_owned(),
            data: data.to_owned(),
        })
    };
    read(node.text()?).ok_or_else(|| {
        node.error("expected an image in base64, `data:image/png;base64,…`: of type gif, jpeg, png or webp")
    })
}

/// Returns the user's message literally: a text that looks like a message in JSON is still text.
fn input(text: &str, images: Vec<Image>, stream: bool) -> Result<Input, ApiError> {
    let mut writer = Writer::default();
    writer.object(|message| {
        message.text_member("content", text);
        message.literal_member("stream", if stream { "true" } else { "false" });
    });
    let message = String::from_utf8(writer.into_bytes()).unwrap_or_default();
    Input::with_images(&message, images).map_err(|_| last_message("the last message is empty"))
}

fn last_message(what: &str) -> ApiError {
    ApiError::invalid(format!("messages: {what}")).at("messages")
}

fn model(node: Node<'_>) -> Result<String, JsonError> {
    match node.text()?.trim() {
        "" => Err(node.error("must not be empty")),
        name => Ok(name.to_owned()),
    }
}

fn temperature(node: Node<'_>) -> Result<Temperature, JsonError> {
    Temperature::new(node.number()?).ok_or_else(|| node.error("expected a number from 0 to 2"))
}

fn tokens(node: Node<'_>) -> Result<u32, JsonError> {
    let number = u32::try_from(node.whole()?).ok().filter(|number| *number > 0);
    number.ok_or_else(|| node.error("expected a whole number from 1 to 4294967295"))
}

fn flag(node: Node<'_>, key: &str) -> Result<bool, JsonError> {
    node.get(key).map_or(Ok(false), |flag| flag.flag())
}

#[cfg(test)]
mod tests {
    #[cfg(unix)]
    mod linear_time;

    use super::*;

    fn parse(body: &str) -> Result<ChatRequest, (String, Option<String>)> {
        ChatRequest::parse(body.as_bytes()).map_err(|error| (error.message, error.param))
    }

    fn with_messages(messages: &str) -> Result<ChatRequest, (String, Option<String>)> {
        parse(&format!(r#"{{"model":"m","messages":{messages}}}"#))
    }

    #[test]
    fn reads_requests_of_openais_clients() {
        let request = parse(
            r#"{"model":"m","messages":[
                {"role":"system","content":"a"},{"role":"developer","content":[{"type":"text","text":"b"}]},
                {"role":"user","content":"1","name":"x"},{"role":"assistant","content":"2","tool_calls":null},
                {"role":"system","content":"c"},
                {"role":"user","content":[{"type":"text","text":"3"},{"type":"text","text":"4"}]}],
               "stream":true,"stream_options":{"include_usage":true},"temperature":0.5,"max_tokens":1,
               "max_completion_tokens":2,"n":1,"user":"u","unheard_of":{}}"#,
        )
        .unwrap();
        assert_eq!(request.model.as_deref(), Some("m"));
        assert_eq!(request.instructions.as_deref(), Some("a\n\nb"));
        let roles: Vec<_> = request
            .earlier
            .iter()
            .map(|message| message.role.as_str())
            .collect();
        assert_eq!(roles, ["user", "assistant", "system"]);
        assert_eq!((request.input.text(), request.input.stream()), ("34", Some(true)));
        assert_eq!(
            (request.stream, request.usage, request.max_tokens),
            (true, true, Some(2))
        );
        assert_eq!(request.temperature.unwrap().to_string(), "0.5");
    }

    #[test]
    fn reads_images_of_the_user() {
        let image = r#"{"type":"image_url","image_url":{"url":"data:image/png;base64,QUJD"}}"#;
        for (parts, text) in [
            (format!(r#"{image},{{"type":"text","text":"x"}}"#), "x"),
            (image.to_owned(), ""),
        ] {
            let request = with_messages(&format!(r#"[{{"role":"user","content":[{parts}]}}]"#)).unwrap();
            let message = request.input.into_message();
            assert_eq!(message.content, text);
            assert_eq!(
                (
                    message.images[0].media_type.as_str(),
                    message.images[0].data.as_str()
                ),
                ("image/png", "QUJD")
            );
        }
    }

    #[test]
    fn one_message_is_enough() {
        let request = parse(r#"{"messages":[{"role":"user","content":"hi"}]}"#).unwrap();
        assert_eq!(
            (request.model, request.instructions, request.max_tokens),
            (None, None, None)
        );
        assert_eq!(
            (request.earlier.len(), request.stream, request.usage),
            (0, false, false)
        );
        assert_eq!(request.input.stream(), Some(false));
    }

    #[test]
    fn takes_text_of_message_literally() {
        for text in [
            r#"{"content":"x","stream":true}"#,
            "two\nlines\n",
            "\u{1f600}\u{7}",
        ] {
            assert_eq!(input(text, Vec::new(), false).unwrap().text(), text);
        }
    }

    #[test]
    fn names_the_wrong_field() {
        for (messages, param, words) in [
            ("null", "messages", "missing"),
            ("[]", "messages", "the last message has to be the user's"),
            (r#"[{"role":"system","content":"a"}]"#, "messages", "the user's"),
            (
                r#"[{"role":"assistant","content":"a"}]"#,
                "messages",
                "the user's",
            ),
            (r#"[{"role":"user","content":" "}]"#, "messages", "empty"),
            (r#"[{"role":"user"}]"#, "messages.0.content", "missing"),
            (
                r#"[{"role":"robot","content":"a"}]"#,
                "messages.0.role",
                "unknown role",
            ),
            (
                r#"[{"role":"tool","content":"a"}]"#,
                "messages.0.role",
                "tools are not supported",
            ),
            (
                r#"[{"role":"assistant","content":"","tool_calls":[{}]}]"#,
                "messages.0.tool_calls",
                "tools",
            ),
            (
                r#"[{"role":"user","content":[{"type":"input_audio"}]}]"#,
                "messages.0.content.0.type",
                "`text`",
            ),
            (
                r#"[{"role":"assistant","content":[{"type":"image_url"}]}]"#,
                "messages.0.content.0.type",
                "`image_url`",
            ),
            (
                r#"[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://a.example/b.png"}}]}]"#,
                "messages.0.content.0.image_url.url",
                "base64",
            ),
            (
                r#"[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/svg+xml;base64,PA=="}}]}]"#,
                "messages.0.content.0.image_url.url",
                "webp",
            ),
        ] {
            let (message, found) = with_messages(messages).unwrap_err();
            assert_eq!(found.as_deref(), Some(param), "{messages}: {message}");
            assert!(message.contains(words), "{message}");
        }
        for (field, param) in [
            (r#""model":"""#, "model"),
            (r#""temperature":3"#, "temperature"),
            (r#""max_tokens":0"#, "max_tokens"),
            (r#""stream":"yes""#, "stream"),
        ] {
            let body = format!(r#"{{"messages":[{{"role":"user","content":"a"}}],{field}}}"#);
            assert_eq!(parse(&body).unwrap_err().1.as_deref(), Some(param));
        }
        assert!(parse("[]").unwrap_err().0.contains("expected an object"));
        assert!(parse("{").unwrap_err().0.contains("not JSON"));
    }
}
