//! The session of a conversation: a new one, the last one, or the one that the user names.

use std::{
    fs,
    time::{SystemTime, UNIX_EPOCH},
};

use clawft_store::{Sessions, random};
use clawft_types::SessionId;
use weft_agent::{Error, Home};

/// Returns the session with the id `named`, else with `resume` the last used one, else a new one.
///
/// # Errors
/// If there is no session to resume, or the sessions cannot be listed.
pub(super) fn choose(home: &Home, named: Option<&SessionId>, resume: bool) -> Result<SessionId, Error> {
    match named {
        Some(id) => Ok(id.clone()),
        None if resume => last(&home.sessions()?),
        None => fresh(SystemTime::now()),
    }
}

/// Returns an id that no session has: `2026-11-26-231502-9f3a`, the time in UTC and a random number.
pub(super) fn fresh(now: SystemTime) -> Result<SessionId, Error> {
    let now = now.max(UNIX_EPOCH);
    let time: String = humantime::format_rfc3339_seconds(now)
        .to_string()
        .chars()
        .filter_map(|c| match c {
            'T' => Some('-'),
            ':' | 'Z' => None,
            c => Some(c),
        })
        .collect();
    let number = random::number() & 0xffff;
    format!("{time}-{number:04x}")
        .parse()
        .map_err(|error: clawft_types::SessionIdError| Error::other(error.to_string()))
}

/// Returns the session whose file was written last.
fn last(sessions: &Sessions) -> Result<SessionId, Error> {
    let mut newest: Option<(SystemTime, SessionId)> = None;
    for id in sessions.list()? {
        let written = fs::metadata(sessions.path(&id)?).and_then(|file| file.modified());
        let written = written.unwrap_or(UNIX_EPOCH);
        if newest.as_ref().is_none_or(|(known, _)| *known < written) {
            newest = Some((written, id));
        }
    }
    newest.map(|(_, id)| id).ok_or_else(|| {
        Error::other("there is no conversation to continue: leave out `--continue` to begin one")
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn new_sessions_are_named_by_their_time() {
        let now = UNIX_EPOCH + Duration::from_secs(1_763_819_101);
        let id = fresh(now).unwrap();
        assert!(id.as_str().starts_with("2025-11-22-134501-"), "{id}");
        assert_eq!(id.as_str().len(), 22);
    }
}
