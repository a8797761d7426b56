//! Time: how long something takes, waiting, and a number that no other process has.

use std::time::Duration;

#[cfg(all(target_os = "wasi", target_env = "p2"))]
pub(crate) use bindings::{Stopwatch, sleep, unique};
#[cfg(not(all(target_os = "wasi", target_env = "p2")))]
pub(crate) use standard::{Stopwatch, sleep, unique};

/// Straight from the host: by way of libc and std it would be three kilobytes more.
#[cfg(all(target_os = "wasi", target_env = "p2"))]
mod bindings {
    use super::Duration;
    use wasip2::clocks::{monotonic_clock, wall_clock};

    /// Measures from its making.
    #[derive(Clone, Copy)]
    pub(crate) struct Stopwatch(u64);

    impl Stopwatch {
        pub(crate) fn start() -> Self {
            Self(monotonic_clock::now())
        }

        pub(crate) fn elapsed(&self) -> Duration {
            Duration::from_nanos(monotonic_clock::now().saturating_sub(self.0))
        }
    }

    pub(crate) fn sleep(time: Duration) {
        monotonic_clock::subscribe_duration(super::nanoseconds(time)).block();
    }

    /// Nanoseconds since 1970. The host's other clock may begin with the process.
    pub(crate) fn unique() -> u64 {
        let now = wall_clock::now();
        now.seconds.wrapping_mul(1_000_000_000).wrapping_add(u64::from(now.nanoseconds))
    }
}

#[cfg(not(all(target_os = "wasi", target_env = "p2")))]
mod standard {
    use super::Duration;
    use std::time::{Instant, SystemTime, UNIX_EPOCH};

    /// Measures from its making.
    #[derive(Clone, Copy)]
    pub(crate) struct Stopwatch(Instant);

    impl Stopwatch {
        pub(crate) fn start() -> Self {
            Self(Instant::now())
        }

        pub(crate) fn elapsed(&self) -> Duration {
            self.0.elapsed()
        }
    }

    pub(crate) fn sleep(time: Duration) {
        std::thread::sleep(time);
    }

    /// Nanoseconds since 1970.
    pub(crate) fn unique() -> u64 {
        super::nanoseconds(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
    }
}

/// As the host's clocks count; centuries are cut to what they can count.
pub(crate) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
