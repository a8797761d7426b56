//! `xtask/data/bench.toml` as closed types, and the comparison of measurements with it.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use builds::budget::Budget;
use devkit::ui;
use flags::Subject;
use serde::Deserialize;

use super::metric::Metric;

/// The content of the file.
#[derive(Debug, Deserialize)]
pub(super) struct Bounds(BTreeMap<Subject, SubjectBounds>);

/// The bounds of one subject, by the name of the measurement.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct SubjectBounds(BTreeMap<String, Bound>);

/// The maximum of a measurement. In the unit `x` it is that of the ratio to the reference, for a measurement that has
/// one and is in another unit.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bound {
    most: f64,
    unit: String,
    /// Whether a larger value is a failure; otherwise it is only reported.
    #[serde(default = "yes")]
    held: bool,
}

fn yes() -> bool {
    true
}

impl Bounds {
    /// Reads the file, which is compiled in.
    pub(super) fn load() -> Result<Self> {
        toml::from_str(include_str!("../../data/bench.toml")).context("could not parse xtask/data/bench.toml")
    }

    /// Returns the bounds of `subject`.
    pub(super) fn of(&self, subject: Subject) -> SubjectBounds {
        self.0.get(&subject).cloned().unwrap_or_default()
    }
}

impl SubjectBounds {
    /// Adds the limits of size-budget.toml for the artifacts among `metrics`, in MB: for an image its compressed
    /// size, for other artifacts the size of the file.
    pub(super) fn and_sizes(mut self, budget: &Budget, metrics: &[Metric]) -> Self {
        for Metric { name, .. } in metrics {
            let image = name
                .strip_prefix("image-")
                .map(|platform| platform.replacen('-', "/", 1));
            let most = match &image {
                Some(platform) => budget
                    .row(&format!("image {platform}"))
                    .map(|row| row.gzip.limit()),
                None => budget.row(name).map(|row| row.raw.limit()),
            };
            if let Some(most) = most {
                let bound = Bound {
                    most: most.bytes() as f64 / 1e6,
                    unit: "MB".to_owned(),
                    held: true,
                };
                self.0.insert(name.clone(), bound);
            }
        }
        self
    }

    /// Sets the maximum of each of `metrics` in its unit.
    pub(super) fn mark(&self, metrics: &mut [Metric]) {
        for metric in metrics {
            let bound = self.0.get(&metric.name).filter(|bound| bound.unit == metric.unit);
            metric.most = bound.map(|bound| bound.most);
        }
    }

    /// Checks that every bound is of an existing metric, has its unit, and is not exceeded. An exceeded bound that
    /// need not hold is only reported.
    pub(super) fn check(&self, metrics: &[Metric]) -> Result<()> {
        let of = |held: bool| self.0.iter().filter(move |(_, bound)| bound.held == held);
        of(false)
            .filter_map(|(name, bound)| excess(bound, find(name, metrics)?))
            .for_each(|what| ui::warn(&what));
        let findings: Vec<String> = self
            .0
            .iter()
            .filter_map(|(name, bound)| finding(name, bound, metrics))
            .collect();
        if findings.is_empty() {
            return Ok(());
        }
        bail!("{} bounds do not hold\n{}", findings.len(), findings.join("\n"))
    }
}

fn finding(name: &str, bound: &Bound, metrics: &[Metric]) -> Option<String> {
    let Some(metric) = find(name, metrics) else {
        return Some(format!("`{name}` is not measured: remove or correct its row"));
    };
    if compared(bound, metric).is_none() {
        return Some(format!(
            "`{name}` is measured in `{}`, its row says `{}`",
            metric.unit, bound.unit
        ));
    }
    excess(bound, metric).filter(|_| bound.held)
}

fn find<'m>(name: &str, metrics: &'m [Metric]) -> Option<&'m Metric> {
    metrics.iter().find(|metric| metric.name == name)
}

/// Returns the value to compare with the bound; `None` if the metric has none in the bound's unit.
fn compared(bound: &Bound, metric: &Metric) -> Option<f64> {
    match bound.unit == metric.unit {
        true => Some(metric.compared_value()),
        false => metric.ratio().filter(|_| bound.unit == "x"),
    }
}

/// Returns a message if the metric exceeds its bound.
fn excess(bound: &Bound, metric: &Metric) -> Option<String> {
    let name = &metric.name;
    let unit = &bound.unit;
    let value = compared(bound, metric)?;
    (value > bound.most).then(|| format!("`{name}` is {value:.3} {unit}, and may be {}", bound.most))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(text: &str) -> SubjectBounds {
        toml::from_str(text).unwrap()
    }

    fn metric(name: &str, value: f64, unit: &str) -> Metric {
        Metric::new(name, "", value, unit)
    }

    #[test]
    fn file_is_well_formed() {
        assert!(
            Bounds::load()
                .unwrap()
                .of(Subject::Gateway)
                .0
                .contains_key("gateway-idle")
        );
    }

    #[test]
    fn bound_is_the_maximum() {
        let bounds = bounds(r#"start = { most = 10, unit = "ms" }"#);
        bounds
            .check(&[metric("start", 10.0, "ms"), metric("other", 1e9, "s")])
            .unwrap();
        let mut over = [metric("start", 10.5, "ms")];
        bounds.mark(&mut over);
        assert!(over[0].is_over());
        let error = bounds.check(&over).unwrap_err().to_string();
        assert!(error.ends_with("`start` is 10.500 ms, and may be 10"), "{error}");
    }

    #[test]
    fn bound_may_be_a_ratio_to_reference() {
        let bounds = bounds(r#"memory = { most = 0.5, unit = "x" }"#);
        let of = |value: f64| metric("memory", value, "MB").with_reference(10.0);
        bounds.check(&[of(5.0)]).unwrap();
        let mut over = [of(6.0)];
        bounds.mark(&mut over);
        assert_eq!(over[0].most, None);
        let error = bounds.check(&over).unwrap_err().to_string();
        assert!(error.ends_with("`memory` is 0.600 x, and may be 0.5"), "{error}");
        let error = bounds.check(&[metric("memory", 5.0, "MB")]).unwrap_err();
        assert!(error.to_string().contains("its row says `x`"), "{error}");
    }

    #[test]
    fn bound_that_need_not_hold_is_reported() {
        let bounds = bounds(r#"start = { most = 10, unit = "ms", held = false }"#);
        bounds.check(&[metric("start", 10.5, "ms")]).unwrap();
        assert!(bounds.check(&[]).is_err() && bounds.check(&[metric("start", 1.0, "s")]).is_err());
    }

    #[test]
    fn refuses_row_without_measurement() {
        let bounds = bounds(r#"start = { most = 10, unit = "ms" }"#);
        assert!(
            bounds
                .check(&[])
                .unwrap_err()
                .to_string()
                .contains("not measured")
        );
        assert!(bounds.check(&[metric("start", 1.0, "s")]).is_err());
    }

    #[test]
    fn artifacts_have_limits_of_the_budget() {
        let project = devkit::project::Project::discover().unwrap();
        let sizes = [
            metric("image-linux-amd64", 3.5, "MB"),
            metric("weft-linux-arm64", 9.0, "MB"),
        ];
        let bounds = SubjectBounds::default().and_sizes(&Budget::of(&project).unwrap(), &sizes);
        let error = bounds.check(&sizes).unwrap_err().to_string();
        assert!(
            error.starts_with("1 bounds") && error.contains("`weft-linux-arm64`"),
            "{error}"
        );
    }
}
