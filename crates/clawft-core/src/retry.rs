//! Decisions about retries: whether, and when.

use core::time::Duration;

use clawft_types::failure::seconds;

use crate::{
    date,
    error::TurnError,
    http::TransportError,
    response_head::{Headers, header},
};

const FIRST_WAIT_MS: u64 = 500;

/// The longest wait. If a provider asks for more, the error is reported at once.
const MAX_WAIT_MS: u64 = 60_000;

/// Returns whether the same request may succeed a little later. Cloudflare reports the failures of a server
/// behind it with 520 to 524, Anthropic reports overload with 529.
pub fn worthwhile(status: u16) -> bool {
    matches!(status, 408 | 409 | 425 | 429 | 500..=599)
}

/// Returns whether a request that failed with this error may be sent again, and the time that the provider
/// asks to wait before.
pub(crate) fn invited(error: &TurnError) -> Option<Option<Duration>> {
    match error {
        TurnError::Transport {
            error: TransportError::Unavailable(_),
            ..
        }
        | TurnError::NoText { .. } => Some(None),
        TurnError::Provider {
            status, retry_after, ..
        } if worthwhile(*status) => Some(*retry_after),
        _ => None,
    }
}

/// Returns the wait before retry number `retry` (the first is 0): twice as long each time, and at least the
/// time `retry_after` that the provider asks for. Adds up to half of the wait in proportion to `jitter`.
/// `None` if the wait is too long.
pub fn wait(retry: u32, retry_after: Option<Duration>, jitter: u32) -> Option<Duration> {
    let backoff = (FIRST_WAIT_MS << retry.min(16)).min(MAX_WAIT_MS);
    let asked = u64::try_from(retry_after.unwrap_or_default().as_millis()).unwrap_or(u64::MAX);
    if asked > MAX_WAIT_MS {
        return None;
    }
    // Each retry uses other bits of the same random number.
    let share = u64::from(jitter.rotate_left(retry % 4 * 8) >> 16);
    let added = (backoff / 2 * share) >> 16;
    Some(Duration::from_millis(
        (backoff.max(asked) + added).min(MAX_WAIT_MS),
    ))
}

/// Returns the time in a `retry-after-ms` or `retry-after` header. A date is compared with the response's own
/// date, so no clock is needed.
pub fn retry_after(headers: Headers<'_>) -> Option<Duration> {
    let millis = header(headers, "retry-after-ms").and_then(seconds);
    if let Some(millis) = millis {
        return Some(millis / 1000);
    }
    let value = header(headers, "retry-after")?;
    let until = || Some(date::seconds(value)?.saturating_sub(date::seconds(header(headers, "date")?)?));
    seconds(value).or_else(|| until().map(Duration::from_secs))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(count: u64) -> Option<Duration> {
        Some(Duration::from_secs(count))
    }

    #[test]
    fn wait_doubles_up_to_the_limit() {
        let millis = |retry| wait(retry, None, 0).unwrap().as_millis();
        assert_eq!(
            [0, 1, 2, 6, 7, 100, u32::MAX].map(millis),
            [500, 1000, 2000, 32_000, 60_000, 60_000, 60_000]
        );
    }

    #[test]
    fn jitter_adds_at_most_half() {
        let most = wait(0, None, u32::MAX).unwrap().as_millis();
        assert!((700..=750).contains(&most), "{most}");
    }

    #[test]
    fn each_retry_uses_other_jitter_bits() {
        let added = |retry, jitter| wait(retry, None, jitter).unwrap().as_millis() - (500 << retry);
        assert_eq!(
            [0, 1, 2, 3].map(|retry| added(retry, 0x0000_ff00)),
            [0, 1, 996, 0]
        );
        assert_eq!(
            [0, 1, 2, 3].map(|retry| added(retry, 0xff00_0000)),
            [249, 0, 0, 7]
        );
    }

    #[test]
    fn waits_longer_if_the_provider_asks() {
        assert_eq!(wait(0, secs(7), 0), Some(Duration::from_secs(7)));
        assert_eq!(wait(5, secs(1), 0), Some(Duration::from_secs(16)));
        assert_eq!(wait(0, secs(60), 0), Some(Duration::from_secs(60)));
        assert_eq!(wait(0, secs(61), 0), None);
        assert_eq!(wait(0, secs(u64::MAX), 0), None);
    }

    #[test]
    fn reads_retry_after_in_seconds() {
        let read = |value: &str| retry_after(&[("Retry-After".to_owned(), value.to_owned())]);
        assert_eq!(read(" 3 "), secs(3));
        assert_eq!(read("1.5"), Some(Duration::from_millis(1500)));
        for odd in ["", "-1", "1.5.0", "Wed, 21 Oct 2015 07:28:00 GMT"] {
            assert_eq!(read(odd), None);
        }
        let endless = read("99999999999999999999999");
        assert_eq!(wait(0, endless, 0), None, "too long to be waited for");
        assert_eq!(retry_after(&[]), None);
    }

    #[test]
    fn prefers_retry_after_in_milliseconds() {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let read =
            |millis: &str| retry_after(&[header("retry-after", "3"), header("retry-after-ms", millis)]);
        assert_eq!(read("1250"), Some(Duration::from_millis(1250)));
        assert_eq!(read("soon"), secs(3));
    }

    #[test]
    fn retries_what_may_pass() {
        let again: Vec<u16> = (0..=999).filter(|status| worthwhile(*status)).collect();
        assert_eq!(
            again,
            [408, 409, 425, 429]
                .into_iter()
                .chain(500..=599)
                .collect::<Vec<_>>()
        );
    }

    #[test]
    fn reads_retry_after_as_a_date() {
        let read = |date: &str| {
            let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            retry_after(&[
                header("date", date),
                header("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT"),
            ])
        };
        assert_eq!(read("Wed, 21 Oct 2015 07:27:48 GMT"), secs(12));
        assert_eq!(
            read("Wed, 21 Oct 2015 08:00:00 GMT"),
            secs(0),
            "the time has come"
        );
        assert_eq!(read("yesterday"), None);
    }
}
