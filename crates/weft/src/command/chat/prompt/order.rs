//! What a line at the prompt asks for.

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

/// A line, understood.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Order<'a> {
    /// White space.
    Nothing,
    /// A message for the model.
    Say(&'a str),
    /// `/quit`, `/exit`
    Leave,
    /// `/help`
    Help,
    /// `/model NAME`; without a name, which one it is.
    Model(Option<&'a str>),
    /// `/session ID`; without an id, which one it is.
    Session(Option<&'a str>),
    /// A slash and a word that is none of these.
    Unknown(&'a str),
}

impl<'a> Order<'a> {
    pub(super) fn parse(line: &'a str) -> Self {
        if line.trim().is_empty() {
            return Order::Nothing;
        }
        let Some(order) = line.strip_prefix('/') else { return Order::Say(line) };
        let (word, rest) = order.split_once(char::is_whitespace).unwrap_or((order, ""));
        let rest = Some(rest.trim()).filter(|rest| !rest.is_empty());
        match word {
            "quit" | "exit" => Order::Leave,
            "help" => Order::Help,
            "model" => Order::Model(rest),
            "session" => Order::Session(rest),
            // A path, say.
            _ if word.contains(|c: char| !c.is_ascii_alphabetic()) => Order::Say(line),
            _ => Order::Unknown(word),
        }
    }

    /// Does what concerns the conversation.
    ///
    /// # Errors
    /// If there is no such order, or its argument cannot be.
    pub(super) fn obey(self, conversation: &mut Conversation) -> Result<(), Error> {
        match self {
            Order::Help => terminal::hint(HELP),
            Order::Model(name) => {
                if let Some(name) = name {
                    name.clone_into(&mut conversation.config.agents.model);
                }
                terminal::hint(&format!("the model is `{}`", conversation.config.agents.model));
            }
            Order::Session(id) => {
                if let Some(id) = id {
                    let wrong = |error: SessionIdError| Error::other(error.to_string());
                    conversation.session = id.parse().map_err(wrong)?;
                }
                terminal::hint(&format!("the session is `{}`", conversation.session));
            }
            Order::Unknown(word) => {
                return Err(Error::other(format!("there is no `/{word}`, see `/help`")));
            }
            Order::Nothing | Order::Say(_) | Order::Leave => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_understood() {
        for (line, order) in [
            ("", Order::Nothing),
            (" \t\n", Order::Nothing),
            ("Hello!\nYou there", Order::Say("Hello!\nYou there")),
            (" /help me", Order::Say(" /help me")),
            ("/etc/passwd is what?", Order::Say("/etc/passwd is what?")),
            ("/", Order::Unknown("")),
            ("/quit", Order::Leave),
            ("/exit ", Order::Leave),
            ("/help", Order::Help),
            ("/model", Order::Model(None)),
            ("/model  gpt-4o ", Order::Model(Some("gpt-4o"))),
            ("/session a-b", Order::Session(Some("a-b"))),
            ("/sesion a", Order::Unknown("sesion")),
        ] {
            assert_eq!(Order::parse(line), order, "{line}");
        }
    }
}
