//! `/retry`: asks the last message again.

use std::time::SystemTime;

use clawft_types::{Input, InputError, Message, Role, Session};
use weft_agent::{Error, Fault};

use crate::command::{
    chat::{ask::Conversation, session},
    terminal,
};

/// Asks the last message of the user again with `ask`. The conversation goes on in a new session, which holds what came
/// before the message: the old answer stays where it is.
///
/// # Errors
/// If there is no message, or as `ask`; the old session then stays the current one.
pub(super) fn retry(
    conversation: &mut Conversation,
    ask: impl FnOnce(&Conversation, Input) -> Result<(), Error>,
) -> Result<(), Error> {
    let sessions = conversation.agent.store().clone();
    let mut messages = match sessions.read(&conversation.session)? {
        Some(session) => session.messages,
        None => Vec::new(),
    };
    let last = messages.iter().rposition(|message| message.role == Role::User);
    let last = last.ok_or_else(|| Error::other("there is no message to ask again"))?;
    let asked = messages.split_off(last).into_iter().next();
    let input = asked.map(again).transpose().map_err(Fault::from)?;
    let Some(input) = input else { return Ok(()) };
    let new = session::fresh(SystemTime::now())?;
    if !messages.is_empty() {
        let copy = Session {
            id: new.clone(),
            messages,
        };
        sessions.store(&copy, 0, &mut |warning| terminal::warn(&[warning]))?;
    }
    let old = std::mem::replace(&mut conversation.session, new);
    terminal::hint(&format!("the session is `{}`", conversation.session));
    let done = ask(conversation, input);
    if done.is_err() {
        conversation.session = old;
    }
    done
}

/// Returns the message as an input, also if it looks like a message in JSON.
fn again(message: Message) -> Result<Input, InputError> {
    Input::exactly(message.content, message.images)
}
