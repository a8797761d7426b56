//! Something that was measured.

/// A value with its name and unit.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Metric {
    /// What it is; also its row in `xtask/bench.toml`.
    pub(super) name: String,
    pub(super) value: f64,
    /// `ms`, `MB`, …; empty for a number of things.
    pub(super) unit: &'static str,
    /// The same without what is measured, in the same run and unit, where there is such a thing.
    pub(super) without: Option<f64>,
}

impl Metric {
    /// A value by itself.
    pub(super) fn new(name: &str, value: f64, unit: &'static str) -> Self {
        Self { name: name.to_owned(), value, unit, without: None }
    }

    /// Puts `value` beside it: the same without what is measured.
    pub(super) fn beside(self, value: f64) -> Self {
        Self { without: Some(value), ..self }
    }

    /// How many times the value beside it this one is.
    pub(super) fn ratio(&self) -> Option<f64> {
        self.without.filter(|without| *without > 0.0).map(|without| self.value / without)
    }
}
