//! A conversation as a file in Markdown.

use std::{
    fs::File,
    io::{ErrorKind, Write as _},
    path::Path,
};

use clawft_types::{Message, Role, Session};
use weft_agent::{Error, home::file_error};

/// Writes a conversation to a new file.
///
/// # Errors
/// If the file exists or cannot be written.
pub(super) fn write(session: &Session, path: &Path) -> Result<(), Error> {
    let shown = path.display();
    let created = File::options().write(true).create_new(true).open(path);
    let written = created.and_then(|mut file| file.write_all(markdown(session).as_bytes()));
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Error::other(format!("`{shown}` exists: give another name to `/save`")),
        _ => file_error("write", path, error),
    })
}

/// Returns a section for each message, and the calls of tools as a list.
fn markdown(session: &Session) -> String {
    let mut text = format!("# {}\n", session.id);
    for message in &session.messages {
        let heading = match message.role {
            Role::User => "\n## You\n",
            Role::Assistant => "\n## Assistant\n",
            Role::System => "\n## System\n",
            // The result of a call is part of the assistant's work.
            Role::Tool => "",
        };
        text.push_str(heading);
        write_message(message, &mut text);
    }
    text
}

fn write_message(message: &Message, text: &mut String) {
    for image in message.images() {
        text.push_str(&format!("\n[image: {}]\n", image.media_type));
    }
    if message.role == Role::Tool {
        let fence = fence(&message.content);
        text.push_str(&format!("\n{fence}\n{}\n{fence}\n", message.content.trim_end()));
    } else if !message.content.is_empty() {
        text.push_str(&format!("\n{}\n", message.content.trim_end()));
    }
    for call in &message.calls {
        text.push_str(&format!("\n- `{}` with `{}`\n", call.name, call.arguments));
    }
    if message.incomplete {
        text.push_str("\n*incomplete*\n");
    }
}

/// Returns a fence that is longer than any in the text.
fn fence(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(longest.saturating_add(1).max(3))
}

#[cfg(test)]
mod tests {
    use clawft_types::{SessionId, ToolCall, ToolResult};

    use super::*;

    #[test]
    fn messages_are_sections_and_calls_are_kept() {
        let mut session = Session::new(SessionId::default());
        session.messages.push(Message::new(Role::User, "read it"));
        session.messages.push(Message {
            calls: vec![ToolCall {
                id: "1".to_owned(),
                name: "read_file".to_owned(),
                arguments: r#"{"path":"a"}"#.to_owned(),
                extra: String::new(),
            }],
            ..Message::new(Role::Assistant, "")
        });
        session.messages.push(
            ToolResult {
                id: "1".to_owned(),
                content: "```\nx\n```".to_owned(),
                is_error: false,
            }
            .into(),
        );
        session
            .messages
            .push(Message::new(Role::Assistant, "It says x.\n"));
        assert_eq!(
            markdown(&session),
            "# default\n\n## You\n\nread it\n\n## Assistant\n\n- `read_file` with `{\"path\":\"a\"}`\n\n\
             ````\n```\nx\n```\n````\n\n## Assistant\n\nIt says x.\n"
        );
    }
}
