//! The limits of a key: requests and tokens in a minute.

use crate::api_error::ApiError;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The time that the limits are about.
const MINUTE: Duration = Duration::from_secs(60);

/// The requests and tokens of a key in the current minute.
#[derive(Debug, Default)]
pub(crate) struct Spent(Mutex<Counts>);

#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    since: Option<Instant>,
    requests: u64,
    tokens: u64,
}

/// The limits of a key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) requests: Option<u32>,
    pub(super) tokens: Option<u32>,
}

impl Counts {
    /// Begins another minute if the current one is over. Returns the rest of it.
    fn roll(&mut self, now: Instant) -> Duration {
        let since = match self.since {
            Some(since) if now.duration_since(since) < MINUTE => since,
            _ => {
                *self = Counts {
                    since: Some(now),
                    ..Counts::default()
                };
                now
            }
        };
        MINUTE.saturating_sub(now.duration_since(since))
    }
}

impl Spent {
    /// Counts a request.
    ///
    /// # Errors
    /// 429 with the seconds to wait, if a limit is reached.
    pub(super) fn request(&self, limits: Limits, now: Instant) -> Result<(), ApiError> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = counts.roll(now);
        let reached = |limit: Option<u32>, count| limit.is_some_and(|limit| count >= u64::from(limit));
        let what = if reached(limits.requests, counts.requests) {
            "requests"
        } else if reached(limits.tokens, counts.tokens) {
            "tokens"
        } else {
            counts.requests += 1;
            return Ok(());
        };
        let message = format!("the limit of {what} per minute of this key is reached, try again later");
        let error = ApiError::new(StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded", message);
        Err(error.retry_after(rest.as_secs().saturating_add(1)))
    }

    /// Counts the tokens of an answer.
    pub(crate) fn tokens(&self, tokens: u64) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.roll(Instant::now());
        counts.tokens = counts.tokens.saturating_add(tokens);
    }

    /// Sets the headers that tell what is left. They replace those of the provider, whose limits are not the
    /// client's.
    pub(super) fn write(&self, limits: Limits, headers: &mut HeaderMap, now: Instant) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
    use super::*;

    const LIMITS: Limits = Limits {
        requests: Some(2),
        tokens: Some(10),
    };

    #[test]
    fn refuses_until_the_minute_is_over() {
        let (spent, now) = (Spent::default(), Instant::now());
        spent.request(LIMITS, now).unwrap();
        spent.request(LIMITS, now).unwrap();
        let later = now + Duration::from_secs(20);
        let error = spent.request(LIMITS, later).unwrap_err();
        assert_eq!((error.status.as_u16(), error.retry_after), (429, Some(41)));
        assert!(error.message.contains("requests"));
        spent.request(LIMITS, now + MINUTE).unwrap();
    }

    #[test]
    fn tokens_of_answers_count_for_the_next_request() {
        let (spent, now) = (Spent::default(), Instant::now());
        spent.request(LIMITS, now).unwrap();
        spent.tokens(11);
        let error = spent.request(LIMITS, now).unwrap_err();
        assert!(error.message.contains("tokens"), "{}", error.message);
        let mut headers = HeaderMap::new();
        headers.insert("x-ratelimit-limit-tokens", HeaderValue::from_static("999"));
        spent.write(LIMITS, &mut headers, now);
        assert_eq!(headers["x-ratelimit-limit-tokens"], "10");
        assert_eq!(headers["x-ratelimit-remaining-tokens"], "0");
        assert_eq!(headers["x-ratelimit-remaining-requests"], "1");
        assert_eq!(headers["x-ratelimit-reset-requests"], "60s");
    }

    #[test]
    fn nothing_is_counted_without_limits() {
        let none = Limits {
            requests: None,
            tokens: None,
        };
        let (spent, now) = (Spent::default(), Instant::now());
        for _ in 0..1000 {
            spent.request(none, now).unwrap();
        }
        let mut headers = HeaderMap::new();
        spent.write(none, &mut headers, now);
        assert!(headers.is_empty());
    }
}
