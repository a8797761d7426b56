//! The values of many runs and their statistics: the median, the spread of the runs, and the difference to another
//! sample that ran alternately.

use serde::{Deserialize, Serialize};

/// A value for each run, in the order of the runs; at least one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sample {
    runs: Vec<f64>,
    /// The value of the fastest run; for a difference, that of the fastest run of each side.
    quickest: f64,
}

/// The spread of the runs: the smallest and the largest value, and the middle half of them between `q1` and `q3`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Spread {
    pub(super) runs: usize,
    pub(super) min: f64,
    pub(super) q1: f64,
    pub(super) q3: f64,
    pub(super) max: f64,
    /// The value of the fastest run; for a difference or a ratio, that of the fastest run of each side. Other work
    /// of the machine makes runs longer and never shorter, so this value is reliable even on a busy machine.
    pub(super) quickest: f64,
}

impl Sample {
    /// Makes a sample of `values`, in the order of the runs.
    ///
    /// # Panics
    /// Panics if there are none.
    pub(super) fn new(values: Vec<f64>) -> Self {
        assert!(!values.is_empty(), "there are no runs");
        let quickest = values.iter().copied().fold(f64::INFINITY, f64::min);
        Self {
            runs: values,
            quickest,
        }
    }

    /// Returns the median.
    pub(super) fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    pub(super) fn spread(&self) -> Spread {
        let [min, q1, q3, max] = [0.0, 0.25, 0.75, 1.0].map(|part| self.quantile(part));
        Spread {
            runs: self.runs.len(),
            min,
            q1,
            q3,
            max,
            quickest: self.quickest,
        }
    }

    /// Returns for each run how much more this is than `other`. Both ran alternately, so a disturbance affects
    /// neighbouring runs of both, and cancels out.
    pub(super) fn minus(&self, other: &Self) -> Self {
        self.with(other, |one, other| one - other)
    }

    /// Returns for each run the ratio of this to `other`.
    pub(super) fn over(&self, other: &Self) -> Self {
        self.with(other, |one, other| one / other)
    }

    /// Applies `change` to every value.
    pub(super) fn map(&self, change: impl Fn(f64) -> f64) -> Self {
        Self {
            runs: self.runs.iter().copied().map(&change).collect(),
            quickest: change(self.quickest),
        }
    }

    fn with(&self, other: &Self, join: impl Fn(f64, f64) -> f64) -> Self {
        assert_eq!(self.runs.len(), other.runs.len(), "they did not take turns");
        let runs = self
            .runs
            .iter()
            .zip(&other.runs)
            .map(|(one, other)| join(*one, *other))
            .collect();
        Self {
            runs,
            quickest: join(self.quickest, other.quickest),
        }
    }

    /// Returns the value below which this part of the runs is, interpolated between two runs.
    fn quantile(&self, part: f64) -> f64 {
        let mut sorted = self.runs.clone();
        sorted.sort_by(f64::total_cmp);
        let place = part * (sorted.len() - 1) as f64;
        let below = sorted[place.floor() as usize];
        let above = sorted[place.ceil() as usize];
        below + (above - below) * place.fract()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpolates_median_and_quarters() {
        let sample = Sample::new(vec![4.0, 1.0, 3.0, 2.0]);
        assert_eq!(sample.median(), 2.5);
        assert_eq!(
            sample.spread(),
            Spread {
                runs: 4,
                min: 1.0,
                q1: 1.75,
                q3: 3.25,
                max: 4.0,
                quickest: 1.0
            }
        );
        assert_eq!(Sample::new(vec![7.0]).median(), 7.0);
    }

    #[test]
    fn subtracts_run_by_run() {
        let (one, other) = (
            Sample::new(vec![10.0, 30.0, 21.0]),
            Sample::new(vec![9.0, 29.0, 8.0]),
        );
        let difference = one.minus(&other);
        assert_eq!(difference.runs, [1.0, 1.0, 13.0]);
        assert_eq!((difference.median(), difference.spread().quickest), (1.0, 2.0));
        assert_eq!(one.over(&one).median(), 1.0);
    }
}
