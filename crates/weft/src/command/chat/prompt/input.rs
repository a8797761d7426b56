//! The input of a prompt: messages, and commands that begin with a slash.

use super::super::ask::Conversation;
use crate::command::terminal;
use clawft_types::SessionIdError;
use weft_agent::Error;

const HELP: &str = "\
/model NAME   ask another model
/session ID   continue or begin another session
/help         this
/quit         leave, as Ctrl-D does

Alt-Enter begins a new line, pasted text may have several. Ctrl-C gives up a line, or ends an answer and keeps what has
arrived. A message that begins with a slash is sent if a space is put in front.";

/// A parsed line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PromptInput<'a> {
    /// White space only.
    Empty,
    /// A message for the model.
    Message(&'a str),
    /// `/quit`, `/exit`
    Quit,
    /// `/help`
    Help,
    /// `/model NAME`; without a name it prints the current one.
    Model(Option<&'a str>),
    /// `/session ID`; without an id it prints the current one.
    Session(Option<&'a str>),
    /// A slash and an unknown word.
    Unknown(&'a str),
}

impl<'a> PromptInput<'a> {
    pub(super) fn parse(line: &'a str) -> Self {
        if line.trim().is_empty() {
            return PromptInput::Empty;
        }
        let Some(input) = line.strip_prefix('/') else {
            return PromptInput::Message(line);
        };
        let (word, rest) = input.split_once(char::is_whitespace).unwrap_or((input, ""));
        let rest = Some(rest.trim()).filter(|rest| !rest.is_empty());
        match word {
            "quit" | "exit" => PromptInput::Quit,
            "help" => PromptInput::Help,
            "model" => PromptInput::Model(rest),
            "session" => PromptInput::Session(rest),
            // For example a path.
            _ if word.contains(|c: char| !c.is_ascii_alphabetic()) => PromptInput::Message(line),
            _ => PromptInput::Unknown(word),
        }
    }

    /// Executes a command that concerns the conversation.
    ///
    /// # Errors
    /// If the command is unknown or its argument invalid.
    pub(super) fn execute(self, conversation: &mut Conversation) -> Result<(), Error> {
        match self {
            PromptInput::Help => terminal::hint(HELP),
            PromptInput::Model(name) => {
                if let Some(name) = name {
                    conversation.use_model(name)?;
                }
                terminal::hint(&format!("the model is `{}`", conversation.config.agents.model));
            }
            PromptInput::Session(id) => {
                if let Some(id) = id {
                    let wrong = |error: SessionIdError| Error::other(error.to_string());
                    conversation.session = id.parse().map_err(wrong)?;
                }
                terminal::hint(&format!("the session is `{}`", conversation.session));
            }
            PromptInput::Unknown(word) => {
                return Err(Error::other(format!("there is no `/{word}`, see `/help`")));
            }
            PromptInput::Empty | PromptInput::Message(_) | PromptInput::Quit => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_messages_and_commands() {
        for (line, input) in [
            ("", PromptInput::Empty),
            (" \t\n", PromptInput::Empty),
            ("Hello!\nYou there", PromptInput::Message("Hello!\nYou there")),
            (" /help me", PromptInput::Message(" /help me")),
            (
                "/etc/passwd is what?",
                PromptInput::Message("/etc/passwd is what?"),
            ),
            ("/", PromptInput::Unknown("")),
            ("/quit", PromptInput::Quit),
            ("/exit ", PromptInput::Quit),
            ("/help", PromptInput::Help),
            ("/model", PromptInput::Model(None)),
            ("/model  gpt-4o ", PromptInput::Model(Some("gpt-4o"))),
            ("/session a-b", PromptInput::Session(Some("a-b"))),
            ("/sesion a", PromptInput::Unknown("sesion")),
        ] {
            assert_eq!(PromptInput::parse(line), input, "{line}");
        }
    }
}
