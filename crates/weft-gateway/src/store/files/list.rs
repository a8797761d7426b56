//! The list of sessions. One list is made at a time, and a session's file is read once while it is unchanged:
//! requests for many lists of long sessions do not keep the disk busy.

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    fs::{self, File},
    sync::Arc,
    time::SystemTime,
};

use clawft_store::Sessions;
use clawft_types::SessionId;
use tokio::sync::{Mutex, OwnedMutexGuard};
use weft_agent::Error;

use super::{
    scan::{Outline, scan},
    titles,
};
use crate::store::{LISTED, Summary, title_of};

/// The largest file, in bytes, that is read as a whole.
const SMALL: u64 = 64 * 1024;

/// The data of the sessions that were listed last.
#[derive(Clone, Default)]
pub(super) struct KnownSessions(Arc<Mutex<BTreeMap<SessionId, Known>>>);

/// The permit to make a list.
pub(super) struct ListPermit(OwnedMutexGuard<BTreeMap<SessionId, Known>>);

/// The content of a file at the time of `stamp`; `None` if it is not a session.
#[derive(Clone)]
struct Known {
    stamp: Stamp,
    outline: Option<Outline>,
}

/// The metadata that shows whether a file has changed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) updated: SystemTime,
    length: u64,
}

impl KnownSessions {
    /// Waits for the permit to make a list.
    pub(super) async fn permit(&self) -> ListPermit {
        ListPermit(Arc::clone(&self.0).lock_owned().await)
    }
}

impl ListPermit {
    /// Returns the newest sessions, or some of them if the list is no longer `wanted`. A session that cannot
    /// be read is omitted.
    pub(super) fn summaries(
        mut self,
        store: &Sessions,
        wanted: &dyn Fn() -> bool,
    ) -> Result<Vec<Summary>, Error> {
        let mut found = newest(store)?;
        found.truncate(LISTED);
        let mut before = std::mem::take(&mut *self.0);
        let mut list = Vec::new();
        let titles = titles::list(store)?;
        for (id, stamp) in found {
            let known = before.remove(&id).filter(|known| known.stamp == stamp);
            let outline = match known {
                Some(known) => known.outline,
                None if wanted() => outline(store, &id, stamp.length, wanted),
                None => continue,
            };
            if outline.is_some() || wanted() {
                self.0.insert(
                    id.clone(),
                    Known {
                        stamp,
                        outline: outline.clone(),
                    },
                );
            }
            list.extend(outline.map(|mut outline| {
                if titles.contains(&id) {
                    outline.title = titles::read(store, &id).unwrap_or(outline.title);
                }
                Summary {
                    id,
                    updated: stamp.updated,
                    title: outline.title,
                    messages: outline.messages,
                    excerpt: None,
                }
            }));
        }
        Ok(list)
    }
}

/// Returns all sessions, the newest first.
pub(super) fn newest(store: &Sessions) -> Result<Vec<(SessionId, Stamp)>, Error> {
    let ids = store.list()?.into_iter();
    let mut found: Vec<_> = ids
        .filter_map(|id| stamp(store, &id).map(|stamp| (id, stamp)))
        .collect();
    found.sort_by_key(|(_, stamp)| Reverse(stamp.updated));
    Ok(found)
}

fn stamp(store: &Sessions, id: &SessionId) -> Option<Stamp> {
    let found = fs::metadata(store.path(id).ok()?).ok()?;
    let updated = found.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    Some(Stamp {
        updated,
        length: found.len(),
    })
}

/// Reads a session, a long one in chunks.
fn outline(store: &Sessions, id: &SessionId, length: u64, wanted: &dyn Fn() -> bool) -> Option<Outline> {
    if length <= SMALL {
        return store.read(id).ok()?.map(|session| Outline {
            title: title_of(&session.messages),
            messages: session.messages.len(),
        });
    }
    let path = store.path(id).ok()?;
    // A file of another type may have no end, and a link may lead anywhere.
    fs::symlink_metadata(&path).ok().filter(fs::Metadata::is_file)?;
    scan(File::open(path).ok()?, wanted)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use weft_agent::Home;

    use super::*;

    fn long_session(id: &str, messages: usize) -> String {
        let message = format!(r#"{{"role":"user","content":"{}"}}"#, "a title ".repeat(2000));
        format!(
            r#"{{"version":1,"id":"{id}","messages":[{}]}}"#,
            vec![message.as_str(); messages].join(",")
        )
    }

    #[tokio::test]
    async fn reads_unchanged_file_once() {
        let directory = tempfile::tempdir().unwrap();
        let home = Home {
            directory: directory.path().to_owned(),
            config: directory.path().join("config.json"),
        };
        let store = home.sessions().unwrap();
        let known = KnownSessions::default();
        fs::create_dir(directory.path().join("sessions")).unwrap();
        let write = |id: &str, messages: usize| {
            fs::write(
                directory.path().join(format!("sessions/{id}.json")),
                long_session(id, messages),
            )
            .unwrap();
        };
        for (id, messages) in [("a", 5), ("b", 6), ("c", 7)] {
            write(id, messages);
        }
        let reads = Cell::new(0);
        let list = async |most: usize| {
            reads.set(0);
            let wanted = || {
                reads.set(reads.get() + 1);
                reads.get() <= most
            };
            let list = known.permit().await.summaries(&store, &wanted).unwrap();
            let mut counts: Vec<_> = list
                .into_iter()
                .map(|summary| (summary.id.to_string(), summary.messages))
                .collect();
            counts.sort();
            counts
        };
        assert!(list(3).await.len() < 3, "the client has gone meanwhile");
        let all = |b: usize| vec![("a".to_owned(), 5), ("b".to_owned(), b), ("c".to_owned(), 7)];
        assert_eq!(list(usize::MAX).await, all(6));
        list(usize::MAX).await;
        assert_eq!(reads.get(), 0, "they are known");
        write("b", 8);
        assert_eq!(list(usize::MAX).await, all(8));
        assert!((1..10).contains(&reads.get()), "one was read again");
    }
}
