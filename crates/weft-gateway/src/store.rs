//! The store: sessions, kept responses and keys, of one process in files, or of several in a database.
//!
//! [`files`] is the default, and [`postgres`] the other one. Everything that replicas have to agree on goes through
//! the traits.

mod files;
mod postgres;

#[cfg(test)]
pub(super) use files::PROBE_BYTES;
pub(super) use files::{FileStore, KEYS};
pub(super) use postgres::PostgresStore;

use std::{sync::Arc, time::SystemTime};

use async_trait::async_trait;
use clawft_types::{Message, Role, Session, SessionId, json::Writer};
use weft_agent::{Error, Home};

use super::{
    id,
    key_limits::{Counts, Limits},
    key_record::KeyRecord,
    search::Search,
    settings::StoreSettings,
    time,
};

/// The maximum number of listed sessions: the newest ones.
const LISTED: usize = 100;

/// The maximum number of characters in a session's title.
const TITLE: usize = 80;

/// The number of responses of a client that are kept. The oldest ones give way.
pub(super) const MOST_RESPONSES: usize = 1000;

/// Opens the store that the settings name, or the files in `home`.
///
/// # Errors
/// If it cannot be used, or is out of reach.
pub(super) async fn open(settings: Option<&StoreSettings>, home: &Home) -> Result<Arc<dyn Store>, Error> {
    Ok(match settings {
        Some(settings) => Arc::new(PostgresStore::open(settings).await?),
        None => Arc::new(FileStore::new(home)),
    })
}

/// The store of a gateway.
#[async_trait]
pub(super) trait Store: Send + Sync {
    /// Returns the part of the store that belongs to the key `name`, or to whoever has no key.
    fn client(&self, name: Option<&str>) -> Result<Arc<dyn ClientStore>, Error>;

    /// Returns the names of the keys that have sessions, also of revoked ones.
    async fn clients(&self) -> Result<Vec<String>, Error>;

    /// Checks whether turns could be stored now.
    async fn check(&self) -> Result<(), Error>;

    /// Returns the keys, unless they are still those of the version `known`.
    async fn keys(&self, known: Option<u64>) -> Result<Option<(u64, Vec<KeyRecord>)>, Error>;

    /// Adds a key. Returns false if there is one of its name.
    async fn add_key(&self, key: &KeyRecord) -> Result<bool, Error>;

    /// Removes a key, but not its sessions. Returns whether there was one.
    async fn revoke_key(&self, name: &str) -> Result<bool, Error>;

    /// Counts a request of a key within the current minute of all replicas. Returns `None` if each process
    /// counts by itself.
    async fn count_request(&self, key: &str, limits: Limits) -> Result<Option<Counts>, Error>;

    /// Counts the tokens of an answer to a key, if replicas share the counts.
    async fn count_tokens(&self, key: &str, tokens: u64) -> Result<(), Error>;
}

/// The part of a store that belongs to one client.
#[async_trait]
pub(super) trait ClientStore: Send + Sync {
    /// Returns the session with this id for a turn: a new one if there is none.
    async fn load(&self, id: &SessionId) -> Result<Loaded, Error>;

    /// Adds the messages of a turn to the stored session, or puts them in the place of others. When it returns, the
    /// turn survives a power cut, and is stored once, however often this was tried. Returns warnings for the log.
    ///
    /// # Errors
    /// [`Fault::Deleted`](weft_agent::Fault::Deleted) if the session was deleted since it was loaded, or changed if the
    /// turn takes the place of messages.
    async fn append(&self, turn: FinishedTurn) -> Result<Vec<String>, Error>;

    /// Returns the session with this id; `None` if there is none.
    async fn read(&self, id: &SessionId) -> Result<Option<Session>, Error>;

    /// Returns the newest sessions, at most [`LISTED`].
    async fn list(&self) -> Result<Vec<Summary>, Error>;

    /// Returns the newest sessions that hold the words, at most [`LISTED`], each with an excerpt.
    async fn search(&self, words: &Search) -> Result<Vec<Summary>, Error>;

    /// Returns the ids of all sessions.
    async fn ids(&self) -> Result<Vec<SessionId>, Error>;

    /// Returns the title that a user gave the session, if it has one.
    async fn title(&self, session: &Session) -> Result<Option<String>, Error>;

    /// Gives a session a title, or its first one if that is empty, and removes all messages after the first
    /// `messages`. Returns whether there is such a session. A turn that began before messages were removed is not
    /// stored.
    async fn change(
        &self,
        id: &SessionId,
        title: Option<String>,
        messages: Option<usize>,
    ) -> Result<bool, Error>;

    /// Removes the session with this id, and returns whether there was one.
    async fn remove(&self, id: &SessionId) -> Result<bool, Error>;

    /// Keeps a response for later requests.
    async fn keep_response(&self, id: &str, content: Vec<u8>) -> Result<(), Error>;

    /// Returns a kept response; `None` if there is none.
    async fn response(&self, id: &str) -> Result<Option<Vec<u8>>, Error>;

    /// Removes a kept response, and returns whether there was one.
    async fn remove_response(&self, id: &str) -> Result<bool, Error>;
}

/// A session as a turn has read it.
#[derive(Debug)]
pub(super) struct Loaded {
    /// The session.
    pub(super) session: Session,
    /// Number of the stored conversation, where there are numbers: a session that was deleted and begun again
    /// has another one.
    pub(super) conversation: Option<i64>,
}

/// A turn that is to be stored.
#[derive(Debug)]
pub(super) struct FinishedTurn {
    /// Identifier of the turn, by which a repetition is recognised.
    pub(super) id: String,
    /// The session with the messages of the turn at its end.
    pub(super) session: Session,
    /// Number of messages before the turn.
    pub(super) known: usize,
    /// As in [`Loaded`].
    pub(super) conversation: Option<i64>,
    /// Number of messages of the stored session, if the turn takes the place of those after the `known` ones.
    pub(super) replaces: Option<usize>,
}

/// The history that a turn was asked with.
#[derive(Debug)]
pub(super) struct History {
    known: usize,
    conversation: Option<i64>,
    replaces: Option<usize>,
}

impl Loaded {
    /// Returns the session, and the history for the turn that continues it. With `keep` that turn continues its first
    /// messages, and takes the place of the others when it is stored.
    pub(super) fn begin(mut self, keep: Option<usize>) -> (Session, History) {
        let length = self.session.messages.len();
        self.session.messages.truncate(keep.unwrap_or(length));
        let history = History {
            known: self.session.messages.len(),
            conversation: self.conversation,
            replaces: keep.filter(|keep| *keep < length).map(|_| length),
        };
        (self.session, history)
    }
}

impl History {
    /// Returns whether the turn takes the place of others.
    pub(super) fn replaces(&self) -> bool {
        self.replaces.is_some()
    }

    /// Returns the turn that `session` has more than this history.
    pub(super) fn finish(self, session: Session) -> FinishedTurn {
        FinishedTurn {
            id: id::random(),
            session,
            known: self.known,
            conversation: self.conversation,
            replaces: self.replaces,
        }
    }
}

/// An entry of the list of sessions, or of the result of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Summary {
    pub(super) id: SessionId,
    pub(super) updated: SystemTime,
    pub(super) title: String,
    pub(super) messages: usize,
    /// The text around the words of a search.
    pub(super) excerpt: Option<String>,
}

impl Summary {
    pub(super) fn write(&self, writer: &mut Writer) {
        writer.object(|session| {
            session.text_member("id", self.id.as_str());
            session.text_member("object", "session");
            session.text_member("title", &self.title);
            session.literal_member("messages", &self.messages.to_string());
            session.literal_member("updated", &time::unix(self.updated).to_string());
            if let Some(excerpt) = &self.excerpt {
                session.text_member("excerpt", excerpt);
            }
        });
    }
}

/// Returns the title of a conversation: the beginning of its first message of a user.
fn title_of(messages: &[Message]) -> String {
    let first = messages.iter().find(|message| message.role == Role::User);
    first.map_or_else(String::new, |message| title(&message.content))
}

/// Returns the title that the first message gives: the beginning of its first line.
fn title(first: &str) -> String {
    let line = first.trim().lines().next().unwrap_or_default();
    line.chars().take(TITLE).collect()
}
