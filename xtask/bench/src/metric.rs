//! Something that was measured.

use serde::{Deserialize, Serialize};

use super::sample::{Sample, Spread};

/// A value with its name and unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Metric {
    /// A word without spaces; also its row in `xtask/bench.toml`.
    pub(super) name: String,
    /// What it is, for people.
    pub(super) what: String,
    /// Of many runs, the median.
    pub(super) value: f64,
    /// `ms`, `MB`, …: never empty.
    pub(super) unit: String,
    /// How far the runs lie apart, where there were several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) spread: Option<Spread>,
    /// The same without what is measured, in the same run and unit, where there is such a thing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) without: Option<f64>,
    /// The most that `xtask/bench.toml` or `size-budget.toml` allowed when it was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) most: Option<f64>,
}

impl Metric {
    /// A value by itself.
    pub(super) fn new(name: &str, what: &str, value: f64, unit: &str) -> Self {
        let [name, what, unit] = [name, what, unit].map(str::to_owned);
        Self { name, what, value, unit, spread: None, without: None, most: None }
    }

    /// The median of `sample`, and how far it spreads.
    pub(super) fn of(name: &str, what: &str, sample: &Sample, unit: &str) -> Self {
        Self { spread: Some(sample.spread()), ..Self::new(name, what, sample.median(), unit) }
    }

    /// Puts `value` beside it: the same without what is measured.
    pub(super) fn beside(self, value: f64) -> Self {
        Self { without: Some(value), ..self }
    }

    /// How many times the value beside it this one is.
    pub(super) fn ratio(&self) -> Option<f64> {
        self.without.filter(|without| *without > 0.0).map(|without| self.value / without)
    }

    /// What is held against a bound: of many runs, what the quickest say.
    pub(super) fn held(&self) -> f64 {
        self.spread.map_or(self.value, |spread| spread.quickest)
    }

    /// Whether it is more than is allowed.
    pub(super) fn is_over(&self) -> bool {
        self.most.is_some_and(|most| self.held() > most)
    }

    /// The same with as many digits as mean something, to be written down.
    pub(super) fn rounded(self) -> Self {
        let spread = self.spread.map(|spread| {
            let [min, q1, q3, max] = [spread.min, spread.q1, spread.q3, spread.max].map(significant);
            Spread { min, q1, q3, max, quickest: significant(spread.quickest), ..spread }
        });
        Self { value: significant(self.value), without: self.without.map(significant), spread, ..self }
    }
}

/// `value` to four digits.
fn significant(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

/// Three digits that say something, and no fraction of what is counted.
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
    fn numbers_have_as_many_digits_as_mean_something() {
        let numbers = [0.0, 0.1234, 1.234, 12.34, 500.0].map(shown);
        assert_eq!(numbers, ["0", "0.123", "1.23", "12.3", "500"]);
        assert_eq!([0.0, 123_456.0, -0.012_346].map(significant), [0.0, 123_500.0, -0.012_35]);
    }

    #[test]
    fn what_is_written_down_reads_back() {
        let sample = Sample::new(vec![1.0, 2.0, 4.0]);
        let metric = Metric::of("start", "to begin", &sample, "ms").beside(1.0).rounded();
        let text = serde_json::to_string(&metric).unwrap();
        assert_eq!(serde_json::from_str::<Metric>(&text).unwrap(), metric);
        assert_eq!(metric.ratio(), Some(2.0));
    }
}
