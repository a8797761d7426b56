//! Sessions and kept responses as rows.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use clawft_types::{Message, Session, SessionId};
use tokio::task::spawn_blocking;
use tokio_postgres::{Row, types::Type};
use weft_agent::{Error, Fault};

use super::connection::{Connections, Value};
use crate::{
    id::random,
    search::{Search, plain_part},
    store::{ClientStore, FinishedTurn, LISTED, Loaded, MOST_RESPONSES, Summary, title, title_of},
};

/// The largest session, in bytes, that is parsed on the current thread.
const SMALL: usize = 64 * 1024;

/// The number of attempts to remove messages from a session in which turns are stored meanwhile.
const TRUNCATIONS: usize = 10;

/// The number of sessions that a search looks into at once.
const CANDIDATES_AT_ONCE: i64 = 200;

const LOAD: &str = "SELECT s.serial, t.body FROM weft_sessions s LEFT JOIN weft_turns t ON t.session = s.serial \
                    WHERE s.client = $1 AND s.id = $2 ORDER BY t.number";

/// Begins a session, or adds a turn to the one that another replica has begun meanwhile.
const BEGIN: &str = "\
    WITH s AS (INSERT INTO weft_sessions (client, id, title, turns, messages) VALUES ($1, $2, $3, 1, $4)
        ON CONFLICT (client, id) DO UPDATE SET turns = weft_sessions.turns + 1,
            messages = weft_sessions.messages + excluded.messages, updated = now()
        RETURNING serial, turns)
    INSERT INTO weft_turns (session, number, turn, body) SELECT serial, turns, $5, $6 FROM s RETURNING number";

/// Adds a turn to the session that it was asked with. The row of the session keeps the turns in order.
const CONTINUE: &str = "\
    WITH s AS (UPDATE weft_sessions SET turns = turns + 1, messages = messages + $2, updated = now()
        WHERE serial = $1 RETURNING serial, turns)
    INSERT INTO weft_turns (session, number, turn, body) SELECT serial, turns, $3, $4 FROM s RETURNING number";

const LIST: &str = "SELECT id, title, messages, extract(epoch FROM updated)::float8 FROM weft_sessions \
                    WHERE client = $1 ORDER BY updated DESC LIMIT $2";

/// Finds sessions that may hold the words of a search, as patterns.
const CANDIDATES: &str = "\
    SELECT s.id, s.title, s.messages, extract(epoch FROM s.updated)::float8 FROM weft_sessions s
    WHERE s.client = $1 AND NOT EXISTS (SELECT 1 FROM unnest($2::text[]) AS word WHERE s.title NOT ILIKE word
        AND NOT EXISTS (SELECT 1 FROM weft_turns t WHERE t.session = s.serial
            AND (t.body ILIKE word OR t.body LIKE '%\\\\u%' OR t.body LIKE '%İ%')))
    ORDER BY s.updated DESC, s.serial DESC LIMIT $3 OFFSET $4";

const IDS: &str = "SELECT id FROM weft_sessions WHERE client = $1 ORDER BY id";

const CLIENTS: &str = "SELECT DISTINCT client FROM weft_sessions WHERE client <> '' ORDER BY client";

const TITLE: &str = "SELECT title FROM weft_sessions WHERE client = $1 AND id = $2 AND titled";

const RENAME: &str =
    "UPDATE weft_sessions SET title = $3, titled = $4 WHERE client = $1 AND id = $2 RETURNING serial";

/// Begins the session again with its first messages, under another serial: turns that began before do not find it.
/// A turn that was stored meanwhile keeps it from that.
const TRUNCATE: &str = "\
    WITH old AS (DELETE FROM weft_sessions WHERE serial = $1 AND turns = $2 RETURNING client, id, title, titled),
        s AS (INSERT INTO weft_sessions (client, id, title, titled, turns, messages)
            SELECT client, id, CASE WHEN titled THEN title ELSE $6 END, titled, 1, $3 FROM old RETURNING serial)
    INSERT INTO weft_turns (session, number, turn, body) SELECT serial, 1, $4, $5 FROM s RETURNING number";

/// Does the same with all messages of a turn that takes the place of others, if the session has as many as when the
/// turn began.
const REPLACE: &str = "\
    WITH old AS (DELETE FROM weft_sessions WHERE serial = $1 AND messages = $2 RETURNING client, id, title, titled),
        s AS (INSERT INTO weft_sessions (client, id, title, titled, turns, messages)
            SELECT client, id, CASE WHEN titled THEN title ELSE $6 END, titled, 1, $3 FROM old RETURNING serial)
    INSERT INTO weft_turns (session, number, turn, body) SELECT serial, 1, $4, $5 FROM s RETURNING number";

const REMOVE: &str = "DELETE FROM weft_sessions WHERE client = $1 AND id = $2 RETURNING serial";

/// Keeps a response, and removes those that are too many.
const KEEP: &str = "\
    WITH old AS (DELETE FROM weft_responses WHERE client = $1 AND serial <= (
        SELECT serial FROM weft_responses WHERE client = $1 ORDER BY serial DESC OFFSET $4 LIMIT 1))
    INSERT INTO weft_responses (client, id, body) VALUES ($1, $2, $3) ON CONFLICT (client, id) DO NOTHING";

const RESPONSE: &str = "SELECT body FROM weft_responses WHERE client = $1 AND id = $2";

const REMOVE_RESPONSE: &str = "DELETE FROM weft_responses WHERE client = $1 AND id = $2 RETURNING serial";

/// The rows of one client.
pub(super) struct ClientRows {
    connections: Connections,
    /// Name of the key, or nothing.
    client: String,
}

impl ClientRows {
    /// Returns the rows of the key `name`, or of whoever has no key.
    pub(super) fn new(connections: &Connections, name: Option<&str>) -> ClientRows {
        ClientRows {
            connections: connections.clone(),
            client: name.unwrap_or_default().to_owned(),
        }
    }

    /// Returns the rows of a statement about the entry `id`.
    async fn query(&self, statement: &str, id: &str) -> Result<Vec<Row>, Error> {
        let values: [Value<'_>; 2] = [(&self.client, Type::TEXT), (&id, Type::TEXT)];
        self.connections.query(statement, &values).await
    }

    /// Returns the session, its serial, and the number of its turns.
    async fn find(&self, id: &SessionId) -> Result<Option<(Session, i64, i32)>, Error> {
        let rows = self.query(LOAD, id.as_str()).await?;
        let Some(serial) = rows
            .first()
            .map(|row| row.try_get(0))
            .transpose()
            .map_err(unreadable)?
        else {
            return Ok(None);
        };
        let bodies = rows.iter().map(|row| row.try_get::<_, Option<String>>(1));
        let bodies: Vec<Option<String>> = bodies.collect::<Result<_, _>>().map_err(unreadable)?;
        let bodies: Vec<String> = bodies.into_iter().flatten().collect();
        let turns = i32::try_from(bodies.len()).unwrap_or(i32::MAX);
        let id = id.clone();
        let length: usize = bodies.iter().map(String::len).sum();
        let session = match length <= SMALL {
            true => join(id, bodies),
            false => spawn_blocking(move || join(id, bodies))
                .await
                .map_err(|_| Error::other("a session could not be read"))?,
        };
        Ok(Some((session?, serial, turns)))
    }

    /// Removes all messages after the first `keep`. Returns whether there is such a session.
    async fn truncate(&self, id: &SessionId, keep: usize) -> Result<bool, Error> {
        for _ in 0..TRUNCATIONS {
            let Some((mut session, serial, turns)) = self.find(id).await? else {
                return Ok(false);
            };
            if session.messages.len() <= keep {
                return Ok(true);
            }
            session.messages.truncate(keep);
            let count = i32::try_from(keep).unwrap_or(i32::MAX);
            let turn = random();
            let body = written(&session)?;
            let title = derived_title(&session.messages);
            let values: [Value<'_>; 6] = [
                (&serial, Type::INT8),
                (&turns, Type::INT4),
                (&count, Type::INT4),
                (&turn, Type::TEXT),
                (&body, Type::TEXT),
                (&title, Type::TEXT),
            ];
            match self.connections.store(TRUNCATE, &values).await? {
                Some(rows) if rows.is_empty() => {}
                _ => return Ok(true),
            }
        }
        Err(Error::other("turns are stored in the session all the time"))
    }

    /// Stores a turn in place of the messages after those that it continues.
    async fn replace(&self, turn: FinishedTurn, length: usize) -> Result<Vec<String>, Error> {
        let Some(serial) = turn.conversation else {
            return Err(Fault::Deleted.into());
        };
        let number = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        let length = number(length);
        let count = number(turn.session.messages.len());
        let body = written(&turn.session)?;
        let title = derived_title(&turn.session.messages);
        let values: [Value<'_>; 6] = [
            (&serial, Type::INT8),
            (&length, Type::INT4),
            (&count, Type::INT4),
            (&turn.id, Type::TEXT),
            (&body, Type::TEXT),
            (&title, Type::TEXT),
        ];
        match self.connections.store(REPLACE, &values).await? {
            Some(rows) if rows.is_empty() => Err(Fault::Deleted.into()),
            _ => Ok(Vec::new()),
        }
    }

    /// Gives a session a title, or its first one if that is empty. Returns whether there is such a session.
    async fn rename(&self, id: &SessionId, wanted: &str) -> Result<bool, Error> {
        let mut title = title(wanted).replace('\0', "");
        let is_given = !title.is_empty();
        if !is_given {
            let Some((session, ..)) = self.find(id).await? else {
                return Ok(false);
            };
            title = derived_title(&session.messages);
        }
        let name = id.as_str();
        let values: [Value<'_>; 4] = [
            (&self.client, Type::TEXT),
            (&name, Type::TEXT),
            (&title, Type::TEXT),
            (&is_given, Type::BOOL),
        ];
        Ok(!self.connections.query(RENAME, &values).await?.is_empty())
    }
}

#[async_trait]
impl ClientStore for ClientRows {
    async fn load(&self, id: &SessionId) -> Result<Loaded, Error> {
        let found = self.find(id).await?;
        let (session, conversation) = match found {
            Some((session, serial, _)) => (session, Some(serial)),
            None => (Session::new(id.clone()), None),
        };
        Ok(Loaded {
            session,
            conversation,
        })
    }

    async fn append(&self, turn: FinishedTurn) -> Result<Vec<String>, Error> {
        if let Some(length) = turn.replaces {
            return self.replace(turn, length).await;
        }
        let messages = turn.session.messages.get(turn.known..).unwrap_or_default();
        let count = i32::try_from(messages.len()).unwrap_or(i32::MAX);
        let title = derived_title(messages);
        let id = turn.session.id.clone();
        let added = Session {
            id: id.clone(),
            messages: messages.to_vec(),
        };
        let body = written(&added)?;
        let id = id.as_str();
        let stored = match &turn.conversation {
            Some(serial) => {
                let values: [Value<'_>; 4] = [
                    (serial, Type::INT8),
                    (&count, Type::INT4),
                    (&turn.id, Type::TEXT),
                    (&body, Type::TEXT),
                ];
                self.connections.store(CONTINUE, &values).await?
            }
            None => {
                let values: [Value<'_>; 6] = [
                    (&self.client, Type::TEXT),
                    (&id, Type::TEXT),
                    (&title, Type::TEXT),
                    (&count, Type::INT4),
                    (&turn.id, Type::TEXT),
                    (&body, Type::TEXT),
                ];
                self.connections.store(BEGIN, &values).await?
            }
        };
        match stored {
            Some(rows) if rows.is_empty() => Err(Fault::Deleted.into()),
            _ => Ok(Vec::new()),
        }
    }

    async fn read(&self, id: &SessionId) -> Result<Option<Session>, Error> {
        Ok(self.find(id).await?.map(|(session, ..)| session))
    }

    async fn list(&self) -> Result<Vec<Summary>, Error> {
        let most = i64::try_from(LISTED).unwrap_or(i64::MAX);
        let values: [Value<'_>; 2] = [(&self.client, Type::TEXT), (&most, Type::INT8)];
        let rows = self.connections.query(LIST, &values).await?;
        rows.iter().map(summary).collect()
    }

    async fn search(&self, words: &Search) -> Result<Vec<Summary>, Error> {
        let patterns: Vec<String> = words
            .words()
            .iter()
            .map(|word| format!("%{}%", plain_part(word)))
            .collect();
        let mut found = Vec::new();
        let mut seen = 0_i64;
        loop {
            let values: [Value<'_>; 4] = [
                (&self.client, Type::TEXT),
                (&patterns, Type::TEXT_ARRAY),
                (&CANDIDATES_AT_ONCE, Type::INT8),
                (&seen, Type::INT8),
            ];
            let rows = self.connections.query(CANDIDATES, &values).await?;
            for row in &rows {
                let candidate = summary(row)?;
                let Some((session, ..)) = self.find(&candidate.id).await? else {
                    continue;
                };
                let excerpt = words.excerpt(&candidate.title, &session.messages);
                found.extend(excerpt.map(|excerpt| Summary {
                    excerpt: Some(excerpt),
                    ..candidate
                }));
                if found.len() >= LISTED {
                    return Ok(found);
                }
            }
            seen += CANDIDATES_AT_ONCE;
            if i64::try_from(rows.len()).unwrap_or(i64::MAX) < CANDIDATES_AT_ONCE {
                return Ok(found);
            }
        }
    }

    async fn ids(&self) -> Result<Vec<SessionId>, Error> {
        let rows = self.connections.query(IDS, &[(&self.client, Type::TEXT)]).await?;
        let id = |row: &Row| parse_id(row.try_get(0).map_err(unreadable)?);
        rows.iter().map(id).collect()
    }

    async fn title(&self, session: &Session) -> Result<Option<String>, Error> {
        let rows = self.query(TITLE, session.id.as_str()).await?;
        rows.first()
            .map(|row| row.try_get(0))
            .transpose()
            .map_err(unreadable)
    }

    async fn change(
        &self,
        id: &SessionId,
        title: Option<String>,
        messages: Option<usize>,
    ) -> Result<bool, Error> {
        let found = match messages {
            Some(messages) => self.truncate(id, messages).await?,
            None => true,
        };
        match title {
            Some(title) if found => self.rename(id, &title).await,
            None if messages.is_none() => Ok(self.find(id).await?.is_some()),
            _ => Ok(found),
        }
    }

    async fn remove(&self, id: &SessionId) -> Result<bool, Error> {
        Ok(!self.query(REMOVE, id.as_str()).await?.is_empty())
    }

    async fn keep_response(&self, id: &str, content: Vec<u8>) -> Result<(), Error> {
        let others = i64::try_from(MOST_RESPONSES).unwrap_or(i64::MAX) - 1;
        let values: [Value<'_>; 4] = [
            (&self.client, Type::TEXT),
            (&id, Type::TEXT),
            (&content, Type::BYTEA),
            (&others, Type::INT8),
        ];
        self.connections.query(KEEP, &values).await?;
        Ok(())
    }

    async fn response(&self, id: &str) -> Result<Option<Vec<u8>>, Error> {
        let rows = self.query(RESPONSE, id).await?;
        rows.first()
            .map(|row| row.try_get(0))
            .transpose()
            .map_err(unreadable)
    }

    async fn remove_response(&self, id: &str) -> Result<bool, Error> {
        Ok(!self.query(REMOVE_RESPONSE, id).await?.is_empty())
    }
}

/// Returns the title that messages give. Postgres stores no NUL in a text.
fn derived_title(messages: &[Message]) -> String {
    title_of(messages).replace('\0', "")
}

/// Returns a session in the format of its file.
fn written(session: &Session) -> Result<String, Error> {
    String::from_utf8(session.to_json()).map_err(|_| Error::other("a session is not UTF-8"))
}

/// Returns the session of these turns, each in the format of a session's file.
fn join(id: SessionId, bodies: Vec<String>) -> Result<Session, Error> {
    let mut session = Session::new(id);
    for body in bodies {
        let turn = Session::parse_owned(body.into_bytes()).map_err(|error| Fault::Session {
            path: format!("the session `{}` in the store", session.id),
            error,
        })?;
        session.messages.extend(turn.messages);
    }
    Ok(session)
}

fn summary(row: &Row) -> Result<Summary, Error> {
    let messages: i32 = row.try_get(2).map_err(unreadable)?;
    let updated: f64 = row.try_get(3).map_err(unreadable)?;
    let since = Duration::try_from_secs_f64(updated).unwrap_or_default();
    Ok(Summary {
        id: parse_id(row.try_get(0).map_err(unreadable)?)?,
        title: row.try_get(1).map_err(unreadable)?,
        messages: usize::try_from(messages).unwrap_or_default(),
        updated: SystemTime::UNIX_EPOCH + since,
        excerpt: None,
    })
}

fn parse_id(id: &str) -> Result<SessionId, Error> {
    id.parse().map_err(|error| Error::other(format!("{error}")))
}

/// Returns the names of the keys that have sessions.
pub(super) async fn clients(connections: &Connections) -> Result<Vec<String>, Error> {
    let rows = connections.query(CLIENTS, &[]).await?;
    rows.iter()
        .map(|row| row.try_get(0).map_err(unreadable))
        .collect()
}

fn unreadable(error: tokio_postgres::Error) -> Error {
    Error::other(format!("a row of the store cannot be read: {error}"))
}
