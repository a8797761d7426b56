//! The store of one process: files below the home directory, those of a key in a directory of its own.

mod keys;
mod list;
mod responses;
mod scan;
mod search;
mod titles;

use std::sync::Arc;

use async_trait::async_trait;
use clawft_store::{FileSystem, Sessions};
use clawft_types::{Session, SessionId};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
};
use tokio_util::sync::CancellationToken;
use weft_agent::{Error, Home};

use super::{ClientStore, FinishedTurn, Loaded, Store, Summary};
use crate::{
    key_limits::{Counts, Limits},
    key_record::{KeyRecord, check_name},
    search::Search,
};
use keys::KeyFile;
use list::KnownSessions;
use search::Searches;

/// The directory with a directory for each key.
pub(crate) const KEYS: &str = "keys";

/// The number of threads that may wait for files at once. It is below [`MAX_BLOCKING`](crate::MAX_BLOCKING),
/// so that threads are left for the resolver of host names and for parsing.
const AT_ONCE: usize = 32;

/// The file that is written to test whether sessions can be stored. Its name does not have the ending of a
/// session.
const PROBE: &str = "sessions/.ready";

/// Its size in bytes.
pub(crate) const PROBE_BYTES: usize = 4096;

/// The threads that may wait for files.
#[derive(Clone)]
struct FileSlots(Arc<Semaphore>);

impl FileSlots {
    fn new() -> FileSlots {
        FileSlots(Arc::new(Semaphore::new(AT_ONCE)))
    }

    /// Waits for the permit for a thread to wait for files.
    async fn acquire(&self) -> Option<OwnedSemaphorePermit> {
        // This fails only if the semaphore is closed, which never happens.
        Arc::clone(&self.0).acquire_owned().await.ok()
    }

    /// Runs blocking work on another thread, which holds its permit until the work is done.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let permit = self.acquire().await;
        let done = spawn_blocking(move || {
            let done = work();
            drop(permit);
            done
        });
        done.await
            .map_err(|_| Error::other("a file operation was aborted"))?
    }
}

/// The files of a home directory.
pub(crate) struct FileStore {
    home: Home,
    keys: KeyFile,
    slots: FileSlots,
}

impl FileStore {
    /// Returns the store in `home`. Reads nothing yet.
    pub(crate) fn new(home: &Home) -> FileStore {
        FileStore {
            home: home.clone(),
            keys: KeyFile::new(home),
            slots: FileSlots::new(),
        }
    }
}

#[async_trait]
impl Store for FileStore {
    fn client(&self, name: Option<&str>) -> Result<Arc<dyn ClientStore>, Error> {
        let mut home = self.home.clone();
        if let Some(name) = name {
            home.directory = home.directory.join(KEYS).join(name);
        }
        Ok(Arc::new(ClientFiles {
            sessions: home.sessions()?,
            home,
            known: KnownSessions::default(),
            searches: Searches::default(),
            slots: self.slots.clone(),
        }))
    }

    async fn clients(&self) -> Result<Vec<String>, Error> {
        let sessions = self.home.sessions()?;
        let names = self.slots.run(move || match sessions.fs().list_dir(KEYS) {
            Err(error) if error.is_not_found() => Ok(Vec::new()),
            names => Ok(names?),
        });
        let mut names = names.await?;
        names.retain(|name| check_name(name).is_ok());
        names.sort_unstable();
        Ok(names)
    }

    async fn check(&self) -> Result<(), Error> {
        // On a thread of its own, so that it does not wait for threads that wait for a session's lock.
        let home = self.home.clone();
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let check = move || {
            let checked = home
                .make()
                .and_then(|()| home.sessions())
                .and_then(|sessions| try_to_write(sessions.fs()));
            let _ = sender.send(checked);
        };
        let thread = std::thread::Builder::new().name("ready".to_owned()).spawn(check);
        thread.map_err(|error| Error::other(format!("could not start a thread: {error}")))?;
        receiver
            .await
            .map_err(|_| Error::other("a file operation was aborted"))?
    }

    async fn keys(&self, known: Option<u64>) -> Result<Option<(u64, Vec<KeyRecord>)>, Error> {
        let keys = self.keys.clone();
        let read = spawn_blocking(move || {
            let version = keys.version();
            match known == Some(version) {
                true => Ok(None),
                false => Ok(Some((version, keys.list()?))),
            }
        });
        read.await
            .map_err(|_| Error::other("a file operation was aborted"))?
    }

    async fn add_key(&self, key: &KeyRecord) -> Result<bool, Error> {
        let keys = self.keys.clone();
        let key = key.clone();
        self.slots.run(move || keys.add(key)).await
    }

    async fn revoke_key(&self, name: &str) -> Result<bool, Error> {
        let keys = self.keys.clone();
        let name = name.to_owned();
        self.slots.run(move || keys.revoke(&name)).await
    }

    async fn count_request(&self, _key: &str, _limits: Limits) -> Result<Option<Counts>, Error> {
        Ok(None)
    }

    async fn count_tokens(&self, _key: &str, _tokens: u64) -> Result<(), Error> {
        Ok(())
    }
}

/// The files of one client.
struct ClientFiles {
    home: Home,
    sessions: Sessions,
    known: KnownSessions,
    searches: Searches,
    slots: FileSlots,
}

impl ClientFiles {
    /// Runs `work` on another thread.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Sessions) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let sessions = self.sessions.clone();
        self.slots.run(move || work(&sessions)).await
    }
}

#[async_trait]
impl ClientStore for ClientFiles {
    async fn load(&self, id: &SessionId) -> Result<Loaded, Error> {
        let sessions = self.sessions.clone();
        let id = id.clone();
        // Without a permit: turns that wait for a slow disk to store do not keep others from beginning.
        let read = spawn_blocking(move || sessions.load(id));
        let session = read
            .await
            .map_err(|_| Error::other("a file operation was aborted"))??;
        Ok(Loaded {
            session,
            conversation: None,
        })
    }

    async fn append(&self, turn: FinishedTurn) -> Result<Vec<String>, Error> {
        let home = self.home.clone();
        self.run(move |sessions| {
            let mut warnings = Vec::new();
            home.make()?;
            match turn.replaces {
                Some(length) => sessions.replace(&turn.session, turn.known, length)?,
                None => sessions.store(&turn.session, turn.known, &mut |text| {
                    warnings.push(text.to_owned())
                })?,
            }
            Ok(warnings)
        })
        .await
    }

    async fn read(&self, id: &SessionId) -> Result<Option<Session>, Error> {
        let id = id.clone();
        self.run(move |sessions| Ok(sessions.read(&id)?)).await
    }

    async fn list(&self) -> Result<Vec<Summary>, Error> {
        let gone = CancellationToken::new();
        let _stop = gone.clone().drop_guard();
        let permit = self.known.permit().await;
        self.run(move |sessions| permit.summaries(sessions, &|| !gone.is_cancelled()))
            .await
    }

    async fn search(&self, words: &Search) -> Result<Vec<Summary>, Error> {
        let gone = CancellationToken::new();
        let _stop = gone.clone().drop_guard();
        let permit = self.searches.permit().await;
        let words = words.clone();
        self.run(move |sessions| {
            let found = search::search(sessions, &words, &|| !gone.is_cancelled());
            drop(permit);
            found
        })
        .await
    }

    async fn ids(&self) -> Result<Vec<SessionId>, Error> {
        self.run(|sessions| Ok(sessions.list()?)).await
    }

    async fn title(&self, session: &Session) -> Result<Option<String>, Error> {
        let id = session.id.clone();
        self.run(move |sessions| Ok(titles::read(sessions, &id))).await
    }

    async fn change(
        &self,
        id: &SessionId,
        title: Option<String>,
        messages: Option<usize>,
    ) -> Result<bool, Error> {
        let id = id.clone();
        self.run(move |sessions| {
            let found = match messages {
                Some(messages) => sessions.truncate(&id, messages)?,
                None => sessions.read(&id)?.is_some(),
            };
            if let Some(title) = title.filter(|_| found) {
                titles::write(sessions, &id, &title)?;
            }
            Ok(found)
        })
        .await
    }

    async fn remove(&self, id: &SessionId) -> Result<bool, Error> {
        let id = id.clone();
        self.run(move |sessions| {
            titles::remove(sessions, &id)?;
            Ok(sessions.remove(&id)?)
        })
        .await
    }

    async fn keep_response(&self, id: &str, content: Vec<u8>) -> Result<(), Error> {
        let id = id.to_owned();
        self.run(move |sessions| responses::keep(sessions.fs(), &id, &content))
            .await
    }

    async fn response(&self, id: &str) -> Result<Option<Vec<u8>>, Error> {
        let id = id.to_owned();
        self.run(move |sessions| responses::read(sessions.fs(), &id))
            .await
    }

    async fn remove_response(&self, id: &str) -> Result<bool, Error> {
        let id = id.to_owned();
        self.run(move |sessions| responses::remove(sessions.fs(), &id))
            .await
    }
}

/// Writes a file in the same way as a session and removes it, because permissions do not show full or
/// read-only disks. Two probes at once are as independent as two turns that are stored.
fn try_to_write(fs: &FileSystem) -> Result<(), Error> {
    // Random bytes: some file systems store zeros without using space.
    let mut bytes = [0x5a; PROBE_BYTES];
    let _ = getrandom::fill(&mut bytes);
    fs.write(PROBE, &bytes)?;
    match fs.remove_file(PROBE) {
        Err(error) if error.is_not_found() => Ok(()),
        removed => Ok(removed?),
    }
}

#[cfg(test)]
mod tests;
