//! The load of the machine, which extends limits of time that hold on an idle one.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use rustix::time::{ClockId, clock_gettime};

/// The processor time of the measurement.
const MEASURED: Duration = Duration::from_millis(50);

/// Returns how many times as long as on an idle machine a computation takes: at least 1. It is the larger of two
/// values: measured now, and the last minute's number of running programs for each processor.
pub fn slowdown() -> f64 {
    measured().max(last_minute()).max(1.0)
}

fn measured() -> f64 {
    let processor = || Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default();
    let start = processor();
    let begun = Instant::now();
    while processor().saturating_sub(start) < MEASURED {}
    let used = processor().saturating_sub(start);
    begun.elapsed().as_secs_f64() / used.as_secs_f64()
}

/// Returns the load of the last minute for each processor; 0 where Linux does not report it.
fn last_minute() -> f64 {
    let load = fs::read_to_string("/proc/loadavg").ok();
    let load: Option<f64> = load.and_then(|text| text.split(' ').next()?.parse().ok());
    let processors = thread::available_parallelism().map_or(1, |count| count.get());
    load.unwrap_or_default() / processors as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_computation_never_takes_less() {
        assert!(slowdown() >= 1.0);
        assert!(measured() > 0.9, "{}", measured());
    }
}
