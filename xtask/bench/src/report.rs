//! The output: lines for people, or JSON.

use anyhow::Result;
use comfy_table::{CellAlignment, Table, presets};
use devkit::ui;
use flags::Subject;
use serde_json::{Value, json};

use super::{
    metric::{Metric, shown},
    record::Figures,
};

/// Prints the figures of each subject on stdout, as lines or as JSON.
pub(super) fn print(measured: &[(Subject, Figures)], as_json: bool) -> Result<()> {
    if as_json {
        let all: Vec<Value> = measured
            .iter()
            .map(|(subject, figures)| to_json(*subject, figures))
            .collect();
        return ui::result(&format!("{:#}", Value::Array(all)));
    }
    let metrics = measured.iter().flat_map(|(_, figures)| &figures.metrics);
    ui::result(&lines(metrics).trim_fmt())
}

/// Returns a line for each metric. Its first three words are name, value and unit.
fn lines<'a>(metrics: impl Iterator<Item = &'a Metric>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    for metric in metrics {
        table.add_row([
            metric.name.clone(),
            shown(metric.value),
            metric.unit.clone(),
            spread(metric),
            compared(metric),
            bound(metric),
        ]);
    }
    if let Some(values) = table.column_mut(1) {
        values.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// Returns the range of the middle half of the runs, their number, and the fastest one.
fn spread(metric: &Metric) -> String {
    let Some(spread) = metric.spread else {
        return String::new();
    };
    let [q1, q3, quickest] = [spread.q1, spread.q3, spread.quickest].map(shown);
    format!("{q1} to {q3} of {} runs, quickest {quickest}", spread.runs)
}

fn compared(metric: &Metric) -> String {
    let Some((without, ratio)) = metric.without.zip(metric.ratio()) else {
        return String::new();
    };
    format!("{ratio:.2} times {}", shown(without))
}

fn bound(metric: &Metric) -> String {
    let over = if metric.is_over() { "OVER: " } else { "" };
    metric
        .most
        .map(|most| format!("{over}at most {most}"))
        .unwrap_or_default()
}

fn to_json(subject: Subject, figures: &Figures) -> Value {
    let metric = |metric: &Metric| {
        let mut value = json!(metric);
        value["ratio"] = json!(metric.ratio());
        value
    };
    json!({
        "subject": subject,
        "revision": figures.revision,
        "machine": figures.machine,
        "metrics": figures.metrics.iter().map(metric).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_begins_with_name_value_and_unit() {
        let over = Metric {
            most: Some(10.0),
            ..Metric::new("start", "to begin", 20.0, "ms").with_reference(10.0)
        };
        let metrics = [over, Metric::new("other", "", 1.0, "x")];
        let text = lines(metrics.iter()).trim_fmt();
        let words: Vec<Vec<&str>> = text
            .lines()
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(words[0][..3], ["start", "20.0", "ms"]);
        assert_eq!(words[1], ["other", "1.00", "x"]);
        assert!(
            text.contains("2.00 times 10.0") && text.contains("OVER: at most 10"),
            "{text}"
        );
    }
}
