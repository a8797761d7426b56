//! Retries: a bounded number, with increasing pauses or the ones that the registry asks for.

use std::time::Duration;

use devkit::ui;

use super::failure::Failure;

/// The pauses between attempts, in milliseconds.
const PAUSES: [u64; 5] = [500, 1_000, 2_000, 4_000, 8_000];

/// The longest pause that a registry may ask for.
const LONGEST: Duration = Duration::from_secs(120);

/// Repeats `attempt` until it succeeds, fails permanently, or the retries are used up. Connections that fail are not
/// retried before the registry has been `reached`. If the last connection broke, the failure is the last refusal, which
/// says more: a registry that refuses an upload before it has read it may close the connection too early.
pub(super) async fn run<T>(
    registry: &str,
    reached: impl Fn() -> bool,
    attempt: impl AsyncFn() -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut refused = None;
    for pause in PAUSES.map(Duration::from_millis) {
        let failure = match attempt().await {
            Err(failure) if failure.may_pass() => failure,
            settled => return settled,
        };
        let pause = failure.retry_after().unwrap_or(pause);
        if pause > LONGEST || (matches!(failure, Failure::Unreachable(_)) && !reached()) {
            return Err(failure);
        }
        ui::status(
            "Waiting",
            &format!(
                "{:.1} s for `{registry}`: {}",
                pause.as_secs_f32(),
                failure.brief()
            ),
        );
        tokio::time::sleep(pause).await;
        refused = failure.refusal().is_some().then_some(failure).or(refused);
    }
    let last = attempt().await;
    last.map_err(|last| match last {
        Failure::Broken(_) => refused.unwrap_or(last),
        _ => last,
    })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use reqwest::StatusCode;
    use tokio::runtime;

    use super::*;
    use crate::registry::failure::{Purpose, Refusal};

    fn refused(status: u16, retry_after: u64) -> Failure {
        let status = StatusCode::from_u16(status).unwrap();
        let mut refusal = Refusal::new(status, &Default::default(), b"", Purpose::Send);
        refusal.retry_after = Some(Duration::from_secs(retry_after));
        Failure::Refused(Box::new(refusal))
    }

    /// Returns the number of attempts, if the first `bad` fail with `failure`, and whether the last succeeded.
    fn attempts(bad: u32, failure: impl Fn() -> Failure, reached: bool) -> (u32, bool) {
        let count = Cell::new(0);
        let attempt = async || {
            count.set(count.get() + 1);
            if count.get() > bad { Ok(()) } else { Err(failure()) }
        };
        let runtime = runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let done = runtime.block_on(run("registry", || reached, attempt));
        (count.get(), done.is_ok())
    }

    #[test]
    fn tries_again_until_it_succeeds() {
        assert_eq!(attempts(2, || refused(429, 0), true), (3, true));
        assert_eq!(
            attempts(1, || Failure::Broken("reset".to_owned()), false),
            (2, true)
        );
    }

    #[test]
    fn gives_up_after_a_bounded_number_of_attempts() {
        assert_eq!(attempts(99, || refused(503, 0), true), (6, false));
    }

    #[test]
    fn refusal_says_more_than_a_broken_connection() {
        let count = Cell::new(0);
        let attempt = async || -> Result<(), Failure> {
            count.set(count.get() + 1);
            Err(if count.get() <= PAUSES.len() {
                refused(500, 0)
            } else {
                Failure::Broken("reset".to_owned())
            })
        };
        let runtime = runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let failure = runtime.block_on(run("registry", || true, attempt)).unwrap_err();
        assert!(failure.refusal().is_some(), "{failure:?}");
    }

    #[test]
    fn tries_once_if_waiting_is_no_use() {
        assert_eq!(attempts(99, || refused(400, 0), true), (1, false));
        assert_eq!(attempts(99, || refused(429, 3_600), true), (1, false));
        assert_eq!(
            attempts(99, || Failure::Unreachable(String::new()), false),
            (1, false)
        );
    }
}
