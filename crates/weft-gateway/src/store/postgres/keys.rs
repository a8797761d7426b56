//! Keys and their counts as rows.

use std::time::{Duration, Instant};

use clawft_types::json::{self, Node, Writer};
use tokio_postgres::types::Type;
use weft_agent::Error;

use super::connection::{Connections, Value};
use crate::{
    key_limits::{Counts, Limits, MINUTE},
    key_record::KeyRecord,
};

const VERSION: &str = "SELECT keys FROM weft_state";

const LIST: &str = "SELECT record FROM weft_keys ORDER BY name";

const ADD: &str = "\
    WITH added AS (INSERT INTO weft_keys (name, record) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING RETURNING name),
        changed AS (UPDATE weft_state SET keys = keys + 1 WHERE EXISTS (SELECT FROM added))
    SELECT name FROM added";

const FIND: &str = "SELECT record FROM weft_keys WHERE name = $1";

const REVOKE: &str = "\
    WITH revoked AS (DELETE FROM weft_keys WHERE name = $1 RETURNING name),
        forgotten AS (DELETE FROM weft_spent WHERE key = $1),
        changed AS (UPDATE weft_state SET keys = keys + 1 WHERE EXISTS (SELECT FROM revoked))
    SELECT name FROM revoked";

/// Counts a request unless a limit is reached, and begins another minute if the last one is over. All by the
/// clock of the database.
const COUNT_REQUEST: &str = "\
    INSERT INTO weft_spent AS s (key, since, requests, tokens, refused)
        VALUES ($1, clock_timestamp(), CASE WHEN $2 = 0 THEN 0 ELSE 1 END, 0, $2 = 0 OR $3 = 0)
    ON CONFLICT (key) DO UPDATE SET (since, requests, tokens, refused) = (
        SELECT m.since, m.requests + CASE WHEN m.requests >= $2 OR m.tokens >= $3 THEN 0 ELSE 1 END, m.tokens,
            m.requests >= $2 OR m.tokens >= $3
        FROM (SELECT CASE WHEN f.running THEN s.since ELSE clock_timestamp() END AS since,
                CASE WHEN f.running THEN s.requests ELSE 0 END AS requests,
                CASE WHEN f.running THEN s.tokens ELSE 0 END AS tokens
            FROM (SELECT s.since > clock_timestamp() - $4 * interval '1 second' AS running) f) m)
    RETURNING requests, tokens, refused, extract(epoch FROM clock_timestamp() - since)::float8";

const COUNT_TOKENS: &str = "UPDATE weft_spent SET tokens = tokens + $2 WHERE key = $1";

/// Returns the keys, unless they are still those of the version `known`.
pub(super) async fn list(
    connections: &Connections,
    known: Option<u64>,
) -> Result<Option<(u64, Vec<KeyRecord>)>, Error> {
    let rows = connections.query_once(VERSION, &[]).await?;
    let version: i64 = match rows.first() {
        Some(row) => row.try_get(0).map_err(|error| unreadable(&error))?,
        None => 0,
    };
    let version = u64::try_from(version).unwrap_or_default();
    if known == Some(version) {
        return Ok(None);
    }
    let rows = connections.query(LIST, &[]).await?;
    let records = rows.iter().map(|row| {
        let text: &str = row.try_get(0).map_err(|error| unreadable(&error))?;
        parse(text)
    });
    Ok(Some((version, records.collect::<Result<_, _>>()?)))
}

/// Adds a key. Returns false if there is another one of its name.
pub(super) async fn add(connections: &Connections, key: &KeyRecord) -> Result<bool, Error> {
    let record = written(key)?;
    let values: [Value<'_>; 2] = [(&key.name, Type::TEXT), (&record, Type::TEXT)];
    if !connections.query(ADD, &values).await?.is_empty() {
        return Ok(true);
    }
    // An earlier attempt may have stored it, before its connection was lost.
    let rows = connections.query(FIND, &[(&key.name, Type::TEXT)]).await?;
    Ok(rows
        .first()
        .is_some_and(|row| row.try_get::<_, &str>(0).is_ok_and(|found| found == record)))
}

/// Removes a key, and returns whether there was one.
pub(super) async fn revoke(connections: &Connections, name: &str) -> Result<bool, Error> {
    Ok(!connections
        .query(REVOKE, &[(&name, Type::TEXT)])
        .await?
        .is_empty())
}

/// Counts a request of a key.
pub(super) async fn count_request(
    connections: &Connections,
    key: &str,
    limits: Limits,
) -> Result<Counts, Error> {
    let bound = |limit: Option<u32>| limit.map_or(i64::MAX, i64::from);
    let (requests, tokens) = (bound(limits.requests), bound(limits.tokens));
    let minute = MINUTE.as_secs_f64();
    let values: [Value<'_>; 4] = [
        (&key, Type::TEXT),
        (&requests, Type::INT8),
        (&tokens, Type::INT8),
        (&minute, Type::FLOAT8),
    ];
    // Sent again after a lost connection: one request too many may be counted, and none too few.
    let rows = connections.query(COUNT_REQUEST, &values).await?;
    let row = rows
        .first()
        .ok_or_else(|| Error::other("the store did not count"))?;
    let read = || {
        let age: f64 = row.try_get(3)?;
        let age = Duration::try_from_secs_f64(age).unwrap_or_default().min(MINUTE);
        Ok(Counts {
            since: Instant::now().checked_sub(age),
            requests: u64::try_from(row.try_get::<_, i64>(0)?).unwrap_or_default(),
            tokens: u64::try_from(row.try_get::<_, i64>(1)?).unwrap_or_default(),
            refused: row.try_get(2)?,
        })
    };
    read().map_err(|error| unreadable(&error))
}

/// Counts the tokens of an answer.
pub(super) async fn count_tokens(connections: &Connections, key: &str, tokens: u64) -> Result<(), Error> {
    let tokens = i64::try_from(tokens).unwrap_or(i64::MAX);
    let values: [Value<'_>; 2] = [(&key, Type::TEXT), (&tokens, Type::INT8)];
    connections.query(COUNT_TOKENS, &values).await?;
    Ok(())
}

fn written(key: &KeyRecord) -> Result<String, Error> {
    let mut writer = Writer::default();
    key.write(&mut writer, true);
    String::from_utf8(writer.into_bytes()).map_err(|_| Error::other("a key is not UTF-8"))
}

fn parse(text: &str) -> Result<KeyRecord, Error> {
    let tree = json::parse(text.as_bytes());
    let read = tree.and_then(|tree| KeyRecord::read(Node::root(&tree)));
    read.map_err(|error| Error::other(format!("a key in the store cannot be read: {error}")))
}

fn unreadable(error: &tokio_postgres::Error) -> Error {
    Error::other(format!("a row of the store cannot be read: {error}"))
}
