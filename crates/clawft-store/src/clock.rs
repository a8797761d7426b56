//! Measuring time, and waiting. Dates are not needed, because other processes have clocks of their own.

use std::time::Duration;

#[cfg(all(target_os = "wasi", target_env = "p2"))]
pub use bindings::{Stopwatch, sleep};
#[cfg(all(target_os = "wasi", target_env = "p1"))]
pub(crate) use preview1::now;
#[cfg(all(target_os = "wasi", target_env = "p1"))]
pub use preview1::{Stopwatch, sleep};
#[cfg(not(target_os = "wasi"))]
pub use standard::{Stopwatch, sleep};

/// Calls the host directly: libc and std in between would add three kilobytes.
#[cfg(all(target_os = "wasi", target_env = "p2"))]
mod bindings {
    use wasip2::clocks::monotonic_clock;

    use super::Duration;

    /// A stopwatch that runs from its creation.
    #[derive(Clone, Copy)]
    pub struct Stopwatch(u64);

    impl Stopwatch {
        /// Starts a stopwatch.
        pub fn start() -> Self {
            Self(monotonic_clock::now())
        }

        /// Returns the time since the start.
        pub fn elapsed(&self) -> Duration {
            Duration::from_nanos(self.nanoseconds())
        }

        /// Returns the time since the start in nanoseconds.
        pub(crate) fn nanoseconds(&self) -> u64 {
            monotonic_clock::now().saturating_sub(self.0)
        }
    }

    /// Waits for `time`.
    pub fn sleep(time: Duration) {
        monotonic_clock::subscribe_duration(super::nanoseconds(time)).block();
    }
}

#[cfg(all(target_os = "wasi", target_env = "p1"))]
mod preview1 {
    use std::mem::MaybeUninit;

    use wasip1::{
        CLOCKID_MONOTONIC, EVENTTYPE_CLOCK, Event, Subscription, SubscriptionClock, SubscriptionU,
        SubscriptionUU,
    };

    use super::Duration;

    /// A stopwatch that runs from its creation.
    #[derive(Clone, Copy)]
    pub struct Stopwatch(u64);

    impl Stopwatch {
        /// Starts a stopwatch.
        pub fn start() -> Self {
            Self(now())
        }

        /// Returns the time since the start.
        pub fn elapsed(&self) -> Duration {
            Duration::from_nanos(self.nanoseconds())
        }

        /// Returns the time since the start in nanoseconds.
        pub(crate) fn nanoseconds(&self) -> u64 {
            now().saturating_sub(self.0)
        }
    }

    /// Waits for `time`.
    pub fn sleep(time: Duration) {
        let clock = SubscriptionClock {
            id: CLOCKID_MONOTONIC,
            timeout: super::nanoseconds(time),
            precision: 0,
            flags: 0,
        };
        let u = SubscriptionU {
            tag: EVENTTYPE_CLOCK.raw(),
            u: SubscriptionUU { clock },
        };
        let mut event = MaybeUninit::<Event>::uninit();
        // SAFETY: the host reads one subscription and writes at most one event.
        let _ = unsafe { wasip1::poll_oneoff(&Subscription { userdata: 0, u }, event.as_mut_ptr(), 1) };
    }

    /// A host without that clock has no other one.
    pub(crate) fn now() -> u64 {
        // SAFETY: no memory is involved but the function's return value.
        unsafe { wasip1::clock_time_get(CLOCKID_MONOTONIC, 1) }.unwrap_or_default()
    }
}

#[cfg(not(target_os = "wasi"))]
mod standard {
    use std::time::Instant;

    use super::Duration;

    /// A stopwatch that runs from its creation.
    #[derive(Clone, Copy)]
    pub struct Stopwatch(Instant);

    impl Stopwatch {
        /// Starts a stopwatch.
        pub fn start() -> Self {
            Self(Instant::now())
        }

        /// Returns the time since the start.
        pub fn elapsed(&self) -> Duration {
            self.0.elapsed()
        }

        /// Returns the time since the start in nanoseconds.
        pub(crate) fn nanoseconds(&self) -> u64 {
            super::nanoseconds(self.elapsed())
        }
    }

    /// Waits for `time`.
    pub fn sleep(time: Duration) {
        std::thread::sleep(time);
    }
}

/// Returns `time` in the unit of the host's clocks, limited to their range.
pub fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Stopwatch, nanoseconds, sleep};

    #[test]
    fn stopwatch_measures_a_sleep() {
        let begun = Instant::now();
        let watch = Stopwatch::start();
        let time = Duration::from_millis(30);
        sleep(time);
        let elapsed = watch.elapsed();
        let counted = watch.nanoseconds();
        assert!(time <= elapsed && elapsed <= begun.elapsed(), "{elapsed:?}");
        assert!(nanoseconds(elapsed) <= counted && counted <= nanoseconds(begun.elapsed()));
    }

    #[test]
    fn limits_centuries_to_the_clocks_range() {
        assert_eq!(nanoseconds(Duration::from_millis(1)), 1_000_000);
        assert_eq!(nanoseconds(Duration::from_secs(u64::MAX)), u64::MAX);
    }
}
