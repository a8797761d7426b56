//! Times in the formats of logs and of OpenAI's API.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Returns the seconds since 1970.
pub(super) fn unix(time: SystemTime) -> u64 {
    since_1970(time).as_secs()
}

/// Returns `2025-11-22T13:45:01.250Z`.
pub(super) fn rfc3339(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(UNIX_EPOCH + since_1970(time)).to_string()
}

fn since_1970(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_dates_around_leap_days() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399, "2000-02-28T23:59:59.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (1_763_819_101, "2025-11-22T13:45:01.000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(rfc3339(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
        assert_eq!(
            rfc3339(UNIX_EPOCH + Duration::from_millis(7)),
            "1970-01-01T00:00:00.007Z"
        );
        assert_eq!(unix(UNIX_EPOCH - Duration::from_secs(1)), 0);
    }
}
