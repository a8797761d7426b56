//! Measured times and their statistics.

use std::time::Duration;

use serde_json::{Value, json};

/// Times in the order of measurement.
#[derive(Debug, Default)]
pub(crate) struct Sample(Vec<Duration>);

impl Sample {
    pub(crate) fn add(&mut self, time: Duration) {
        self.0.push(time);
    }

    /// Returns the median and high percentiles, in microseconds.
    pub(crate) fn to_json(&self) -> Value {
        let mut sorted = self.0.clone();
        sorted.sort();
        let at = |share: usize| sorted.get((sorted.len() * share / 1000).min(sorted.len().saturating_sub(1)));
        let micros = |share| at(share).map_or(0.0, |time| time.as_secs_f64() * 1e6);
        json!({ "count": sorted.len(), "median_us": micros(500), "p90_us": micros(900), "p99_us": micros(990) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        let mut sample = Sample::default();
        (1..=99)
            .rev()
            .for_each(|micros| sample.add(Duration::from_micros(micros)));
        let summary = sample.to_json();
        assert_eq!(summary["median_us"], 50.0);
        assert_eq!(summary["p99_us"], 99.0);
        assert_eq!(Sample::default().to_json()["median_us"], 0.0);
    }
}
