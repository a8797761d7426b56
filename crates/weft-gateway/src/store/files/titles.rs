//! The titles that users gave their sessions, `titles/<id>` in the home directory of the client.

use std::collections::BTreeSet;

use clawft_store::Sessions;
use clawft_types::SessionId;
use weft_agent::Error;

use crate::store;

/// The directory of titles.
const DIRECTORY: &str = "titles";

/// Returns the ids of the sessions that have a title.
pub(super) fn list(sessions: &Sessions) -> Result<BTreeSet<SessionId>, Error> {
    let names = match sessions.fs().list_dir(DIRECTORY) {
        Err(error) if error.is_not_found() => Vec::new(),
        names => names?,
    };
    Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
}

/// Returns the title of a session, if it has one.
pub(super) fn read(sessions: &Sessions, id: &SessionId) -> Option<String> {
    let title = String::from_utf8(sessions.fs().read(&path(id)).ok()?).ok()?;
    Some(store::title(&title)).filter(|title| !title.is_empty())
}

/// Stores the title of a session. An empty one removes it.
pub(super) fn write(sessions: &Sessions, id: &SessionId, title: &str) -> Result<(), Error> {
    match store::title(title) {
        title if title.is_empty() => remove(sessions, id),
        title => Ok(sessions.fs().write(&path(id), title.as_bytes())?),
    }
}

/// Removes the title of a session, if it has one.
pub(super) fn remove(sessions: &Sessions, id: &SessionId) -> Result<(), Error> {
    match sessions.fs().remove_file(&path(id)) {
        Err(error) if error.is_not_found() => Ok(()),
        removed => Ok(removed?),
    }
}

fn path(id: &SessionId) -> String {
    [DIRECTORY, "/", id.as_str()].concat()
}
