//! The requests and tokens of a key in the current minute, compared with its limits.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::runtime::Handle;

use crate::{
    api_error::ApiError,
    failure,
    key_limits::{Counts, Limits},
    log,
    store::Store,
};

/// The requests and tokens of a key in the current minute: of this process, or of all replicas as far as the
/// store has told.
pub(crate) struct Spent {
    key: String,
    store: Arc<dyn Store>,
    counts: Mutex<Counts>,
    /// Whether replicas share the counts.
    shared: AtomicBool,
}

impl Spent {
    /// Returns the counts of the key `key`.
    pub(super) fn new(key: &str, store: Arc<dyn Store>) -> Spent {
        Spent {
            key: key.to_owned(),
            store,
            counts: Mutex::default(),
            shared: AtomicBool::new(false),
        }
    }

    /// Counts a request.
    ///
    /// # Errors
    /// 429 with the seconds to wait, if a limit is reached. 503 if replicas share the counts and cannot reach
    /// them.
    pub(super) async fn request(&self, limits: Limits, now: Instant) -> Result<(), ApiError> {
        let shared = match limits.are_none() {
            true => None,
            false => {
                let counted = self.store.count_request(&self.key, limits).await;
                counted.map_err(|error| failure::api_error(&error))?
            }
        };
        let mut counts = self.counts();
        if let Some(shared) = shared {
            *counts = shared;
            self.shared.store(true, Ordering::Relaxed);
        }
        let rest = counts.roll(now);
        let reached = |limit: Option<u32>, count| limit.is_some_and(|limit| count >= u64::from(limit));
        let full = shared.is_none_or(|shared| shared.refused);
        let what = if full && reached(limits.requests, counts.requests) {
            "requests"
        } else if full && reached(limits.tokens, counts.tokens) {
            "tokens"
        } else {
            counts.requests += u64::from(shared.is_none());
            return Ok(());
        };
        let message = format!("the limit of {what} per minute of this key is reached, try again later");
        let error = ApiError::new(StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded", message);
        Err(error.retry_after(rest.as_secs().saturating_add(1)))
    }

    /// Counts the tokens of an answer. Replicas learn of them a moment later.
    pub(crate) fn tokens(self: &Arc<Self>, tokens: u64) {
        {
            let mut counts = self.counts();
            counts.roll(Instant::now());
            counts.tokens = counts.tokens.saturating_add(tokens);
        }
        if !self.shared.load(Ordering::Relaxed) {
            return;
        }
        let spent = Arc::clone(self);
        let count = async move {
            if let Err(error) = spent.store.count_tokens(&spent.key, tokens).await {
                log::warn(&format!("the tokens of an answer are not counted: {error}"));
            }
        };
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(count);
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the headers that tell what is left. They replace those of the provider, whose limits are not the
    /// client's.
    pub(super) fn write(&self, limits: Limits, headers: &mut HeaderMap, now: Instant) {
        let mut counts = self.counts();
        let reset = format!("{}s", counts.roll(now).as_secs());
        for (kind, limit, count) in [
            ("requests", limits.requests, counts.requests),
            ("tokens", limits.tokens, counts.tokens),
        ] {
            let Some(limit) = limit else { continue };
            let left = u64::from(limit).saturating_sub(count);
            for (name, value) in [
                ("limit", limit.to_string()),
                ("remaining", left.to_string()),
                ("reset", reset.clone()),
            ] {
                let name = HeaderName::try_from(format!("x-ratelimit-{name}-{kind}"));
                if let (Ok(name), Ok(value)) = (name, HeaderValue::try_from(value)) {
                    headers.insert(name, value);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use weft_agent::Home;

    use super::*;
    use crate::{key_limits::MINUTE, store::FileStore};

    fn spent() -> Arc<Spent> {
        let home = Home {
            directory: "/nowhere".into(),
            config: "/nowhere/config.json".into(),
        };
        Arc::new(Spent::new("a", Arc::new(FileStore::new(&home))))
    }

    const LIMITS: Limits = Limits {
        requests: Some(2),
        tokens: Some(10),
    };

    #[tokio::test]
    async fn refuses_until_the_minute_is_over() {
        let spent = spent();
        let now = Instant::now();
        spent.request(LIMITS, now).await.unwrap();
        spent.request(LIMITS, now).await.unwrap();
        let later = now + Duration::from_secs(20);
        let error = spent.request(LIMITS, later).await.unwrap_err();
        assert_eq!((error.status.as_u16(), error.retry_after), (429, Some(41)));
        assert!(error.message.contains("requests"));
        spent.request(LIMITS, now + MINUTE).await.unwrap();
    }

    #[tokio::test]
    async fn tokens_of_answers_count_for_the_next_request() {
        let spent = spent();
        let now = Instant::now();
        spent.request(LIMITS, now).await.unwrap();
        spent.tokens(11);
        let error = spent.request(LIMITS, now).await.unwrap_err();
        assert!(error.message.contains("tokens"), "{}", error.message);
        let mut headers = HeaderMap::new();
        headers.insert("x-ratelimit-limit-tokens", HeaderValue::from_static("999"));
        spent.write(LIMITS, &mut headers, now);
        assert_eq!(headers["x-ratelimit-limit-tokens"], "10");
        assert_eq!(headers["x-ratelimit-remaining-tokens"], "0");
        assert_eq!(headers["x-ratelimit-remaining-requests"], "1");
        assert_eq!(headers["x-ratelimit-reset-requests"], "60s");
    }

    #[tokio::test]
    async fn nothing_is_counted_without_limits() {
        let none = Limits {
            requests: None,
            tokens: None,
        };
        let spent = spent();
        let now = Instant::now();
        for _ in 0..1000 {
            spent.request(none, now).await.unwrap();
        }
        let mut headers = HeaderMap::new();
        spent.write(none, &mut headers, now);
        assert!(headers.is_empty());
    }
}
