//! The keys in memory, read again when their file has changed.

use super::file::{KeyRecord, KeyStore, digest, hexadecimal, now};
use super::limits::{Limits, Spent};
use crate::api_error::ApiError;
use crate::log;
use crate::tenant::Tenant;
use axum::http::HeaderMap;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use weft_agent::{Agent, Error, Home};

/// The time between two looks at the file.
pub(crate) const LOOK: Duration = Duration::from_secs(2);

/// The longest time that a request waits for such a look. On a slow disk the old keys count meanwhile.
const WAIT: Duration = Duration::from_millis(500);

/// A key in use.
pub(crate) struct ClientKey {
    pub(crate) record: KeyRecord,
    /// The requests and tokens in the current minute.
    pub(crate) spent: Arc<Spent>,
    /// The sessions of the key.
    pub(crate) tenant: Arc<Tenant>,
}

/// All keys, by their digests.
pub(crate) struct Keys {
    store: KeyStore,
    agent: Agent,
    home: Home,
    began: Instant,
    /// The milliseconds from `began` to the last look.
    looked: AtomicU64,
    current: RwLock<Arc<Current>>,
}

#[derive(Default)]
struct Current {
    modified: Option<SystemTime>,
    keys: HashMap<String, Arc<ClientKey>>,
}

impl ClientKey {
    fn limits(&self) -> Limits {
        Limits {
            requests: self.record.requests_per_minute,
            tokens: self.record.tokens_per_minute,
        }
    }

    /// Counts a request.
    ///
    /// # Errors
    /// 429 if a limit is reached.
    pub(crate) fn count_request(&self) -> Result<(), ApiError> {
        self.spent.request(self.limits(), Instant::now())
    }

    /// Sets the headers that tell what is left.
    pub(crate) fn write_limits(&self, headers: &mut HeaderMap) {
        self.spent.write(self.limits(), headers, Instant::now());
    }
}

impl Keys {
    /// Reads the keys of `home`.
    ///
    /// # Errors
    /// If their file cannot be read or is invalid.
    pub(crate) fn read(home: &Home, agent: &Agent) -> Result<Keys, Error> {
        let keys = Keys {
            store: KeyStore::new(home),
            agent: agent.clone(),
            home: home.clone(),
            began: Instant::now(),
            looked: AtomicU64::new(0),
            current: RwLock::default(),
        };
        let current = keys.load()?;
        keys.replace(current);
        Ok(keys)
    }

    /// Returns whether there are any.
    pub(crate) fn is_empty(&self) -> bool {
        self.current().keys.is_empty()
    }

    /// Returns the key that `offered` is, unless it has expired.
    pub(crate) fn find(&self, offered: &str) -> Option<Arc<ClientKey>> {
        let current = self.current();
        if current.keys.is_empty() {
            return None;
        }
        // Which digest is looked up tells nothing about the keys, so the time need not be constant.
        let key = current.keys.get(&hexadecimal(&digest(offered)))?;
        (!key.record.is_expired(now())).then(|| Arc::clone(key))
    }

    /// Reads the file again if it has changed, at most once in [`LOOK`].
    pub(crate) async fn refresh(self: &Arc<Keys>) {
        let since = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let looked = self.looked.load(Ordering::Relaxed);
        let due = looked.saturating_add(u64::try_from(LOOK.as_millis()).unwrap_or(u64::MAX));
        let taken = since >= due
            && self
                .looked
                .compare_exchange(looked, since, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        if taken {
            let keys = Arc::clone(self);
            let _ = timeout(WAIT, spawn_blocking(move || keys.look())).await;
        }
    }

    fn look(&self) {
        if self.modified() == self.current().modified {
            return;
        }
        match self.load() {
            Ok(current) => self.replace(current),
            Err(error) => log::warn(&format!("the keys are not read again: {error}")),
        }
    }

    fn modified(&self) -> Option<SystemTime> {
        std::fs::metadata(self.store.path())
            .and_then(|found| found.modified())
            .ok()
    }

    /// Reads the file. A key that was known keeps its counts and its running turns.
    fn load(&self) -> Result<Current, Error> {
        let modified = self.modified();
        let known = self.current();
        let mut keys = HashMap::new();
        for record in self.store.list()? {
            let old = known.keys.get(&record.digest);
            let tenant = match old {
                Some(old) => Arc::clone(&old.tenant),
                None => Arc::new(Tenant::of_key(&self.agent, &self.home, &record.name)?),
            };
            let spent = old.map(|old| Arc::clone(&old.spent)).unwrap_or_default();
            let key = ClientKey {
                spent,
                tenant,
                record,
            };
            keys.insert(key.record.digest.clone(), Arc::new(key));
        }
        Ok(Current { modified, keys })
    }

    fn current(&self) -> Arc<Current> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn replace(&self, current: Current) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(current);
    }
}
