//! Sessions as lines of JSON, to move them from one store to another.
//!
//! A line is a session in the format of its file, with `client` in front for a session of a key.

use std::sync::Arc;

use clawft_types::{
    Session, SessionId,
    json::{self, Node, Writer},
};
use weft_agent::Error;

use super::Administration;
use crate::{keys::check_name, store::ClientStore};

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
                    match store.read(&id).await {
                        Ok(Some(session)) => write(&line(&session, client))?,
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
        let (session, client) = parse(line)?;
        let id = session.id.clone();
        let imported = self.runtime.block_on(async {
            let store = self.store.client(client.as_deref())?;
            add(&store, session).await
        });
        Ok((id, imported?))
    }
}

/// Adds the messages that the stored session does not have.
async fn add(store: &Arc<dyn ClientStore>, session: Session) -> Result<Imported, Error> {
    let (known, history) = store.load(&session.id).await?.begin(None);
    if known.messages == session.messages {
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

fn line(session: &Session, client: Option<&str>) -> Vec<u8> {
    let json = session.to_json();
    let Some(client) = client else { return json };
    let mut writer = Writer::default();
    writer.text(client);
    let rest = json.get(1..).unwrap_or_default();
    [b"{\"client\":", writer.into_bytes().as_slice(), b",", rest].concat()
}

/// Returns the session in a line, and the name of its key.
fn parse(line: &[u8]) -> Result<(Session, Option<String>), Error> {
    let session = Session::parse(line).map_err(|error| Error::other(error.to_string()))?;
    let tree = json::parse(line).map_err(|error| Error::other(error.to_string()))?;
    let client = Node::root(&tree).text_of("client").map(str::to_owned);
    if let Some(client) = &client {
        check_name(client).map_err(|error| Error::other(format!("client: {error}")))?;
    }
    Ok((session, client))
}

#[cfg(test)]
mod tests {
    use clawft_types::{Message, Role};

    use super::*;

    #[test]
    fn line_is_a_session_with_its_client() {
        let mut session = Session::new("a".parse().unwrap());
        session.messages.push(Message::new(Role::User, "hello\nyou"));
        for client in [None, Some("alice")] {
            let line = line(&session, client);
            assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
            assert_eq!(
                parse(&line).unwrap(),
                (session.clone(), client.map(str::to_owned))
            );
        }
        let foreign = br#"{"client":"../x","version":1,"id":"a","messages":[]}"#;
        assert!(parse(foreign).unwrap_err().to_string().starts_with("client: "));
        assert!(parse(b"{}").is_err());
    }
}
