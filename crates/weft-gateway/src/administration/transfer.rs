//! Sessions as lines of JSON, to move them from one store to another.
//!
//! A line is a session in the format of its file, with `client` in front for a session of a key, and `title` if a user
//! gave it one.

use std::sync::Arc;

use clawft_types::{
    Session, SessionId,
    json::{self, Node, Writer},
};
use weft_agent::Error;

use super::Administration;
use crate::{key_record::check_name, store::ClientStore};

/// The outcome of the import of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Imported {
    /// All or its last messages were added.
    Added,
    /// The store has it already.
    Known,
}

impl Administration {
    /// Passes each session to `write` as a line, and the error of each that cannot be read to `report`.
    ///
    /// # Errors
    /// If the store cannot be listed, or `write` fails.
    pub fn export(
        &self,
        write: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
        report: &mut dyn FnMut(Error),
    ) -> Result<(), Error> {
        self.runtime.block_on(async {
            let keys = self.store.clients().await?;
            for client in [None]
                .into_iter()
                .chain(keys.iter().map(|name| Some(name.as_str())))
            {
                let store = self.store.client(client)?;
                for id in store.ids().await? {
                    match found(&store, &id).await {
                        Ok(Some((session, title))) => write(&line(&session, client, title.as_deref()))?,
                        // It was removed meanwhile.
                        Ok(None) => {}
                        Err(error) => report(error),
                    }
                }
            }
            Ok(())
        })
    }

    /// Stores the session in `line`. Returns its id as well.
    ///
    /// # Errors
    /// If the line holds no session, or the store has another one under its id.
    pub fn import(&self, line: &[u8]) -> Result<(SessionId, Imported), Error> {
        let Line {
            session,
            client,
            title,
        } = Line::parse(line)?;
        let id = session.id.clone();
        let imported = self.runtime.block_on(async {
            let store = self.store.client(client.as_deref())?;
            let imported = add(&store, session).await?;
            if let Some(title) = title {
                name(&store, &id, title).await?;
            }
            Ok::<_, Error>(imported)
        });
        Ok((id, imported?))
    }
}

/// Returns a session, and the title that a user gave it.
async fn found(
    store: &Arc<dyn ClientStore>,
    id: &SessionId,
) -> Result<Option<(Session, Option<String>)>, Error> {
    let Some(session) = store.read(id).await? else {
        return Ok(None);
    };
    let title = store.title(&session).await?;
    Ok(Some((session, title)))
}

/// Gives a session a title, unless it has one.
async fn name(store: &Arc<dyn ClientStore>, id: &SessionId, title: String) -> Result<(), Error> {
    match found(store, id).await? {
        Some((_, None)) => store.change(id, Some(title), None).await.map(drop),
        _ => Ok(()),
    }
}

/// Adds the messages that the stored session does not have.
async fn add(store: &Arc<dyn ClientStore>, session: Session) -> Result<Imported, Error> {
    let (known, history) = store.load(&session.id).await?.begin(None);
    // The stored one may have grown since the line was written.
    if known.messages.starts_with(&session.messages) {
        return Ok(Imported::Known);
    }
    if !session.messages.starts_with(&known.messages) {
        return Err(Error::other(format!(
            "the store has another session `{}`: remove one of the two",
            session.id
        )));
    }
    store.append(history.finish(session)).await?;
    Ok(Imported::Added)
}

/// A parsed line.
#[derive(Debug, PartialEq)]
struct Line {
    session: Session,
    /// Name of the key.
    client: Option<String>,
    title: Option<String>,
}

fn line(session: &Session, client: Option<&str>, title: Option<&str>) -> Vec<u8> {
    let json = session.to_json();
    let mut line = Vec::with_capacity(json.len());
    line.push(b'{');
    for (name, value) in [("client", client), ("title", title)] {
        if let Some(value) = value {
            let mut writer = Writer::default();
            writer.text(value);
            line.extend(format!("\"{name}\":").into_bytes());
            line.extend(writer.into_bytes());
            line.push(b',');
        }
    }
    line.extend(json.get(1..).unwrap_or_default());
    line
}

impl Line {
    fn parse(line: &[u8]) -> Result<Self, Error> {
        let session = Session::parse(line).map_err(|error| Error::other(error.to_string()))?;
        let tree = json::parse(line).map_err(|error| Error::other(error.to_string()))?;
        let text = |key: &str| match Node::root(&tree).get(key).filter(|value| !value.is_null()) {
            Some(value) => value.text().map(|text| Some(text.to_owned())),
            None => Ok(None),
        };
        let text = |key: &str| text(key).map_err(|error| Error::other(error.to_string()));
        let client = text("client")?;
        if let Some(client) = &client {
            check_name(client).map_err(|error| Error::other(format!("client: {error}")))?;
        }
        Ok(Self {
            session,
            client,
            title: text("title")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use clawft_types::{Message, Role};

    use super::*;

    #[test]
    fn line_is_session_with_client_and_title() {
        let mut session = Session::new("a".parse().unwrap());
        session.messages.push(Message::new(Role::User, "hello\nyou"));
        for (client, title) in [
            (None, None),
            (Some("alice"), None),
            (None, Some("A \"b\"")),
            (Some("alice"), Some("ü")),
        ] {
            let line = line(&session, client, title);
            assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
            let expected = Line {
                session: session.clone(),
                client: client.map(str::to_owned),
                title: title.map(str::to_owned),
            };
            assert_eq!(Line::parse(&line).unwrap(), expected);
        }
    }

    #[test]
    fn refuses_line_with_wrong_client_or_title() {
        let line = |member: &str| format!(r#"{{{member}"version":1,"id":"a","messages":[]}}"#);
        let parse = |member: &str| Line::parse(line(member).as_bytes()).map_err(|error| error.to_string());
        for (member, cause) in [
            (r#""client":"../x","#, "client: "),
            (r#""client":"","#, "client: "),
            (r#""client":1,"#, "client: expected a string"),
            (r#""title":["x"],"#, "title: expected a string"),
        ] {
            let error = parse(member).unwrap_err();
            assert!(error.starts_with(cause), "{error}");
        }
        assert_eq!(parse(r#""client":null,"#).unwrap().client, None);
        assert!(Line::parse(b"{}").is_err());
    }
}
