//! The keys in memory, read again when they have changed in the store.

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::http::HeaderMap;
use tokio::time::timeout;
use weft_agent::{Agent, Error, Home};

use super::Spent;
use crate::{
    api_error::ApiError,
    key_limits::Limits,
    key_record::{KeyRecord, digest, hexadecimal, now},
    log,
    store::Store,
    tenant::Tenant,
};

/// The time between two looks at the store.
pub(crate) const LOOK: Duration = Duration::from_secs(2);

/// The longest time that a request waits for such a look. If it takes longer, the old keys count meanwhile.
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
    store: Arc<dyn Store>,
    agent: Agent,
    home: Home,
    began: Instant,
    /// The milliseconds from `began` to the last look.
    looked: AtomicU64,
    current: RwLock<Arc<Current>>,
}

#[derive(Default)]
struct Current {
    version: Option<u64>,
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
    /// 429 if a limit is reached, 503 if replicas share the counts and cannot reach them.
    pub(crate) async fn count_request(&self) -> Result<(), ApiError> {
        self.spent.request(self.limits(), Instant::now()).await
    }

    /// Sets the headers that tell what is left.
    pub(crate) fn write_limits(&self, headers: &mut HeaderMap) {
        self.spent.write(self.limits(), headers, Instant::now());
    }
}

impl Keys {
    /// Returns no keys yet, for those in `store`.
    pub(crate) fn new(store: Arc<dyn Store>, agent: &Agent, home: &Home) -> Keys {
        Keys {
            store,
            agent: agent.clone(),
            home: home.clone(),
            began: Instant::now(),
            looked: AtomicU64::new(0),
            current: RwLock::default(),
        }
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

    /// Reads the keys again if they have changed, at most once in [`LOOK`].
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
            let look = async move {
                if let Err(error) = keys.look().await {
                    log::warn(&format!("the keys are not read again: {error}"));
                }
            };
            // In a task of its own, so that it completes even if it takes longer.
            let _ = timeout(WAIT, tokio::spawn(look)).await;
        }
    }

    /// Reads the keys if they have changed. A key that was known keeps its counts and its running turns.
    ///
    /// # Errors
    /// If they cannot be read, or are invalid.
    pub(crate) async fn look(&self) -> Result<(), Error> {
        let known = self.current();
        let Some((version, records)) = self.store.keys(known.version).await? else {
            return Ok(());
        };
        let mut keys = HashMap::new();
        for record in records {
            let old = known.keys.get(&record.digest);
            let tenant = match old {
                Some(old) => Arc::clone(&old.tenant),
                None => {
                    let tenant = Tenant::of_key(&self.agent, &self.store, &self.home, &record.name)?;
                    Arc::new(tenant)
                }
            };
            let spent = match old {
                Some(old) => Arc::clone(&old.spent),
                None => Arc::new(Spent::new(&record.name, Arc::clone(&self.store))),
            };
            let key = ClientKey {
                spent,
                tenant,
                record,
            };
            keys.insert(key.record.digest.clone(), Arc::new(key));
        }
        let version = Some(version);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Current { version, keys });
        Ok(())
    }

    fn current(&self) -> Arc<Current> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}
