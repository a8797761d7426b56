//! Time: how long something takes, waiting, and a number that no other process has.

use std::time::Duration;

#[cfg(all(target_os = "wasi", target_env = "p2"))]
pub use bindings::{Stopwatch, sleep, unique};
#[cfg(all(target_os = "wasi", target_env = "p1"))]
pub use preview1::{Stopwatch, sleep, unique};
#[cfg(not(target_os = "wasi"))]
pub use standard::{Stopwatch, sleep, unique};

/// Straight from the host: by way of libc and std it would be three kilobytes more.
#[cfg(all(target_os = "wasi", target_env = "p2"))]
mod bindings {
    use super::Duration;
    use wasip2::clocks::{monotonic_clock, wall_clock};

    /// Measures from its making.
    #[derive(Clone, Copy)]
    pub struct Stopwatch(u64);

    impl Stopwatch {
        /// Begins to measure.
        pub fn start() -> Self {
            Self(monotonic_clock::now())
        }

        /// The time since then.
        pub fn elapsed(&self) -> Duration {
            Duration::from_nanos(monotonic_clock::now().saturating_sub(self.0))
        }
    }

    /// Does nothing for that long.
    pub fn sleep(time: Duration) {
        monotonic_clock::subscribe_duration(super::nanoseconds(time)).block();
    }

    /// Nanoseconds since 1970. The host's other clock may begin with the process.
    pub fn unique() -> u64 {
        let now = wall_clock::now();
        now.seconds.wrapping_mul(1_000_000_000).wrapping_add(u64::from(now.nanoseconds))
    }
}

#[cfg(all(target_os = "wasi", target_env = "p1"))]
mod preview1 {
    use super::Duration;
    use std::mem::MaybeUninit;
    use wasip1::{
        CLOCKID_MONOTONIC, CLOCKID_REALTIME, Clockid, EVENTTYPE_CLOCK, Event, Subscription,
        SubscriptionClock, SubscriptionU, SubscriptionUU,
    };

    /// Measures from its making.
    #[derive(Clone, Copy)]
    pub struct Stopwatch(u64);

    impl Stopwatch {
        /// Begins to measure.
        pub fn start() -> Self {
            Self(now(CLOCKID_MONOTONIC))
        }

        /// The time since then.
        pub fn elapsed(&self) -> Duration {
            Duration::from_nanos(now(CLOCKID_MONOTONIC).saturating_sub(self.0))
        }
    }

    /// Does nothing for that long.
    pub fn sleep(time: Duration) {
        let clock = SubscriptionClock {
            id: CLOCKID_MONOTONIC,
            timeout: super::nanoseconds(time),
            precision: 0,
            flags: 0,
        };
        let u = SubscriptionU { tag: EVENTTYPE_CLOCK.raw(), u: SubscriptionUU { clock } };
        let mut event = MaybeUninit::<Event>::uninit();
        // SAFETY: the host reads one subscription and writes at most one event.
        let _ = unsafe { wasip1::poll_oneoff(&Subscription { userdata: 0, u }, event.as_mut_ptr(), 1) };
    }

    /// Nanoseconds since 1970.
    pub fn unique() -> u64 {
        now(CLOCKID_REALTIME)
    }

    /// A host without that clock has no other to ask.
    fn now(clock: Clockid) -> u64 {
        // SAFETY: no memory is involved but what the function returns.
        unsafe { wasip1::clock_time_get(clock, 1) }.unwrap_or_default()
    }
}

#[cfg(not(target_os = "wasi"))]
mod standard {
    use super::Duration;
    use std::time::{Instant, SystemTime, UNIX_EPOCH};

    /// Measures from its making.
    #[derive(Clone, Copy)]
    pub struct Stopwatch(Instant);

    impl Stopwatch {
        /// Begins to measure.
        pub fn start() -> Self {
            Self(Instant::now())
        }

        /// The time since then.
        pub fn elapsed(&self) -> Duration {
            self.0.elapsed()
        }
    }

    /// Does nothing for that long.
    pub fn sleep(time: Duration) {
        std::thread::sleep(time);
    }

    /// Nanoseconds since 1970.
    pub fn unique() -> u64 {
        super::nanoseconds(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
    }
}

/// As the host's clocks count; centuries are cut to what they can count.
pub fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
