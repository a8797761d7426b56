//! What the user reads, and the same for machines.

use std::{env::consts, thread};

use anyhow::Result;
use comfy_table::{CellAlignment, Table, presets};
use serde_json::{Value, json};

use super::{bounds::SubjectBounds, metric::Metric};
use crate::{cli::Subject, project::Project, revision, ui};

/// Prints `metrics` on stdout, as a table or as JSON.
pub(super) fn print(
    project: &Project,
    subject: Subject,
    metrics: &[Metric],
    bounds: &SubjectBounds,
    as_json: bool,
) -> Result<()> {
    if as_json {
        let report = to_json(&revision::of(project)?, subject, metrics, bounds);
        return ui::result(&format!("{report:#}"));
    }
    ui::result(&table(metrics, bounds).to_string())
}

fn table(metrics: &[Metric], bounds: &SubjectBounds) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_header(["", "measured", "without it", "ratio", "at most"]);
    for metric in metrics {
        let with_unit = |value: f64| format!("{} {}", rounded(value), metric.unit).trim_end().to_owned();
        let bound = bounds.bound(metric).map(|bound| bound.most);
        let over = bound.is_some_and(|most| metric.value > most);
        let mark = if over { "OVER " } else { "" };
        table.add_row([
            metric.name.clone(),
            with_unit(metric.value),
            metric.without.map(with_unit).unwrap_or_default(),
            metric.ratio().map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
            bound.map(|most| format!("{mark}{}", with_unit(most))).unwrap_or_default(),
        ]);
    }
    table.column_iter_mut().skip(1).for_each(|column| {
        column.set_cell_alignment(CellAlignment::Right);
    });
    table
}

/// Three digits that say something, and no fraction of what is counted.
fn rounded(value: f64) -> String {
    match value.abs() {
        size if size == 0.0 || size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

fn to_json(revision: &Option<String>, subject: Subject, metrics: &[Metric], bounds: &SubjectBounds) -> Value {
    let metric = |metric: &Metric| {
        json!({
            "name": metric.name,
            "value": metric.value,
            "unit": metric.unit,
            "without": metric.without,
            "ratio": metric.ratio(),
            "most": bounds.bound(metric).map(|bound| bound.most),
        })
    };
    json!({
        "revision": revision,
        "subject": format!("{subject:?}").to_lowercase(),
        "machine": {
            "system": consts::OS,
            "architecture": consts::ARCH,
            "processors": thread::available_parallelism().map_or(0, usize::from),
        },
        "metrics": metrics.iter().map(metric).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_as_many_digits_as_mean_something() {
        let shown = [0.0, 0.1234, 1.234, 12.34, 500.0].map(rounded);
        assert_eq!(shown, ["0", "0.123", "1.23", "12.3", "500"]);
    }

    #[test]
    fn what_is_over_is_marked() {
        let bounds = toml::from_str(r#""start" = { most = 10, unit = "ms" }"#).unwrap();
        let metrics = [Metric::new("start", 20.0, "ms").beside(10.0), Metric::new("other", 1.0, "")];
        let text = table(&metrics, &bounds).to_string();
        assert!(text.contains("OVER 10.0 ms") && text.contains("2.00"), "{text}");
        let json = to_json(&None, Subject::Gateway, &metrics, &bounds);
        assert_eq!((&json["subject"], &json["metrics"][0]["ratio"]), (&json!("gateway"), &json!(2.0)));
    }
}
