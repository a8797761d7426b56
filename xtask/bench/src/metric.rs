//! A measured value.

use serde::{Deserialize, Serialize};

use super::sample::{Sample, Spread};

/// A value with its name and unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Metric {
    /// Name without spaces; also its row in `xtask/data/bench.toml`.
    pub(super) name: String,
    /// Description for people.
    pub(super) what: String,
    /// Value; the median of several runs.
    pub(super) value: f64,
    /// Unit, such as `ms` or `MB`; never empty.
    pub(super) unit: String,
    /// Spread of the runs, if there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) spread: Option<Spread>,
    /// The value of the reference, in the same run and unit, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) without: Option<f64>,
    /// The maximum in `xtask/data/bench.toml` or `size-budget.toml` at the time of the measurement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) most: Option<f64>,
}

impl Metric {
    /// Makes a metric of a single value.
    pub(super) fn new(name: &str, what: &str, value: f64, unit: &str) -> Self {
        let [name, what, unit] = [name, what, unit].map(str::to_owned);
        Self {
            name,
            what,
            value,
            unit,
            spread: None,
            without: None,
            most: None,
        }
    }

    /// Makes a metric of the median of `sample`, with its spread.
    pub(super) fn of(name: &str, what: &str, sample: &Sample, unit: &str) -> Self {
        Self {
            spread: Some(sample.spread()),
            ..Self::new(name, what, sample.median(), unit)
        }
    }

    /// Sets the value of the reference.
    pub(super) fn with_reference(self, value: f64) -> Self {
        Self {
            without: Some(value),
            ..self
        }
    }

    /// Returns the ratio of the value to the reference.
    pub(super) fn ratio(&self) -> Option<f64> {
        self.without
            .filter(|without| *without > 0.0)
            .map(|without| self.value / without)
    }

    /// Returns the value to compare with a bound: for several runs, that of the fastest.
    pub(super) fn compared_value(&self) -> f64 {
        self.spread.map_or(self.value, |spread| spread.quickest)
    }

    /// Returns whether the value exceeds its maximum.
    pub(super) fn is_over(&self) -> bool {
        self.most.is_some_and(|most| self.compared_value() > most)
    }

    /// Rounds the values to significant digits, for the record.
    pub(super) fn rounded(self) -> Self {
        let spread = self.spread.map(|spread| {
            let [min, q1, q3, max] = [spread.min, spread.q1, spread.q3, spread.max].map(significant);
            Spread {
                min,
                q1,
                q3,
                max,
                quickest: significant(spread.quickest),
                ..spread
            }
        });
        Self {
            value: significant(self.value),
            without: self.without.map(significant),
            spread,
            ..self
        }
    }
}

/// Rounds `value` to four digits.
fn significant(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

/// Returns a number with three significant digits, and no fraction for counts.
pub(super) fn shown(value: f64) -> String {
    match value.abs() {
        size if size == 0.0 || size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_significant_digits_only() {
        let numbers = [0.0, 0.1234, 1.234, 12.34, 500.0].map(shown);
        assert_eq!(numbers, ["0", "0.123", "1.23", "12.3", "500"]);
        assert_eq!(
            [0.0, 123_456.0, -0.012_346].map(significant),
            [0.0, 123_500.0, -0.012_35]
        );
    }

    #[test]
    fn reads_back_the_written_metric() {
        let sample = Sample::new(vec![1.0, 2.0, 4.0]);
        let metric = Metric::of("start", "to begin", &sample, "ms")
            .with_reference(1.0)
            .rounded();
        let text = serde_json::to_string(&metric).unwrap();
        assert_eq!(serde_json::from_str::<Metric>(&text).unwrap(), metric);
        assert_eq!(metric.ratio(), Some(2.0));
    }
}
