//! `weft sessions`: lists, shows, removes and moves stored conversations.

mod list;
mod transfer;

use clawft_types::{Role, Session, SessionId};
use weft_agent::{Error, Home};

use super::{
    args::{Sessions, SessionsAction},
    exit::Exit,
    terminal::{Sanitizer, print, print_error},
};

impl Sessions {
    pub(crate) fn run(self, home: &Home) -> Result<Exit, Error> {
        let sessions = home.sessions()?;
        match self.action {
            SessionsAction::List { json } => list::list(&sessions, json)?,
            SessionsAction::Show { id, json } => show(&sessions, &id, json)?,
            SessionsAction::Rm { ids } => remove(&sessions, &ids)?,
            SessionsAction::Export => transfer::export(home)?,
            SessionsAction::Import { file } => transfer::import(home, &file)?,
        }
        Ok(Exit::Success)
    }
}

fn show(sessions: &clawft_store::Sessions, id: &SessionId, json: bool) -> Result<(), Error> {
    let session = sessions.read(id)?.ok_or_else(|| unknown(id))?;
    let text = match json {
        true => String::from_utf8_lossy(&session.to_json()).into_owned(),
        false => transcript(&session),
    };
    print(&Sanitizer::for_output().text(&text))
}

/// Returns the messages in the form of a mail: the user's lines quoted, the model's unchanged.
fn transcript(session: &Session) -> String {
    let mut text = String::new();
    for message in &session.messages {
        if !text.is_empty() {
            text.push('\n');
        }
        for image in message.images() {
            let kind = &image.media_type;
            let bytes = image.data.len() / 4 * 3;
            text.push_str(&format!("> [image: {kind}, {} kB]\n", bytes.div_ceil(1000)));
        }
        let mark = if message.role == Role::User { "> " } else { "" };
        for line in message.content.lines() {
            text.push_str(&[mark, line, "\n"].concat());
        }
        if message.incomplete {
            text.push_str("[incomplete]\n");
        }
        if let Some(reason) = &message.finish_reason {
            text.push_str(&["[finish reason: ", reason, "]\n"].concat());
        }
    }
    text
}

/// Removes all sessions that can be removed, and returns the last error.
fn remove(sessions: &clawft_store::Sessions, ids: &[SessionId]) -> Result<(), Error> {
    let mut failed: Option<Error> = None;
    for id in ids {
        let error = match sessions.remove(id) {
            Ok(true) => continue,
            Ok(false) => unknown(id),
            Err(error) => error.into(),
        };
        if let Some(earlier) = failed.replace(error) {
            print_error(&earlier);
        }
    }
    failed.map_or(Ok(()), Err)
}

fn unknown(id: &SessionId) -> Error {
    Error::other(format!(
        "there is no session `{id}`: `weft sessions list` shows the existing ones"
    ))
}

#[cfg(test)]
mod tests {
    use clawft_types::Message;

    use super::*;

    #[test]
    fn transcript_quotes_the_users_lines() {
        let mut session = Session::new(SessionId::default());
        assert_eq!(transcript(&session), "");
        session.messages.push(Message::new(Role::User, "one\ntwo"));
        session.messages.push(Message {
            incomplete: true,
            ..Message::new(Role::Assistant, "three")
        });
        session.messages.push(Message {
            finish_reason: Some("length".to_owned()),
            ..Message::new(Role::Assistant, "four")
        });
        assert_eq!(
            transcript(&session),
            "> one\n> two\n\nthree\n[incomplete]\n\nfour\n[finish reason: length]\n"
        );
    }
}
