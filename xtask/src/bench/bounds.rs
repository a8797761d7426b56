//! `xtask/bench.toml` as closed types, and what it says of what was measured.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use super::metric::Metric;
use crate::{budget::Budget, cli::Subject};

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Bounds {
    gateway: SubjectBounds,
}

/// The bounds of one subject, by the name of the measurement.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct SubjectBounds(BTreeMap<String, Bound>);

/// The most that may be measured.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Bound {
    pub(super) most: f64,
    unit: String,
}

impl Bounds {
    /// Reads the file that was compiled in.
    pub(super) fn load() -> Result<Self> {
        toml::from_str(include_str!("../../bench.toml")).context("bad xtask/bench.toml")
    }

    /// Those of `subject`.
    pub(super) fn of(&self, subject: Subject) -> &SubjectBounds {
        match subject {
            Subject::Gateway => &self.gateway,
        }
    }
}

impl SubjectBounds {
    /// The bound of `metric`, if it has one.
    pub(super) fn bound(&self, metric: &Metric) -> Option<&Bound> {
        self.0.get(&metric.name)
    }

    /// With what size-budget.toml promises of the artifacts among `metrics`, in MB.
    pub(super) fn and_sizes(&self, budget: &Budget, metrics: &[Metric]) -> Self {
        let mut bounds = self.clone();
        for Metric { name, .. } in metrics {
            if let Some(row) = budget.row(name) {
                let most = row.raw.limit().bytes() as f64 / 1e6;
                bounds.0.insert(name.clone(), Bound { most, unit: "MB".to_owned() });
            }
        }
        bounds
    }

    /// Every bound is of something that was measured, in the same unit, and holds.
    pub(super) fn check(&self, metrics: &[Metric]) -> Result<()> {
        let findings: Vec<String> =
            self.0.iter().filter_map(|(name, bound)| finding(name, bound, metrics)).collect();
        if findings.is_empty() {
            return Ok(());
        }
        bail!("{} bounds do not hold\n{}", findings.len(), findings.join("\n"))
    }
}

fn finding(name: &str, bound: &Bound, metrics: &[Metric]) -> Option<String> {
    let Some(metric) = metrics.iter().find(|metric| metric.name == name) else {
        return Some(format!("`{name}` is not measured: remove its row, or correct it"));
    };
    if metric.unit != bound.unit {
        return Some(format!("`{name}` is measured in `{}`, its row says `{}`", metric.unit, bound.unit));
    }
    let over = metric.value > bound.most;
    over.then(|| format!("`{name}` is {:.3} {}, and may be {}", metric.value, metric.unit, bound.most))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(text: &str) -> SubjectBounds {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn the_file_is_well_formed() {
        assert!(Bounds::load().unwrap().of(Subject::Gateway).0.contains_key("idle gateway"));
    }

    #[test]
    fn a_bound_is_the_most_that_may_be() {
        let bounds = bounds(r#""start" = { most = 10, unit = "ms" }"#);
        bounds.check(&[Metric::new("start", 10.0, "ms"), Metric::new("other", 1e9, "s")]).unwrap();
        let error = bounds.check(&[Metric::new("start", 10.5, "ms")]).unwrap_err().to_string();
        assert!(error.ends_with("`start` is 10.500 ms, and may be 10"), "{error}");
    }

    #[test]
    fn a_row_that_fits_nothing_is_an_error() {
        let bounds = bounds(r#""start" = { most = 10, unit = "ms" }"#);
        assert!(bounds.check(&[]).unwrap_err().to_string().contains("not measured"));
        assert!(bounds.check(&[Metric::new("start", 1.0, "s")]).is_err());
    }
}
