//! Tables with a column for each of the programs that took turns, and a row for each measure.

use flags::Subject;

use super::{super::metric::Metric, with_unit};

/// The programs of `subject`, each with its heading. Their metrics are called `PROGRAM-MEASURE`.
fn programs(subject: Subject) -> &'static [(&'static str, &'static str)] {
    match subject {
        Subject::Peers => &[
            ("direct", "the provider itself"),
            ("nginx", "nginx"),
            ("litellm", "LiteLLM"),
            ("weft", "weft"),
        ],
        Subject::Serve => &[
            ("direct", "the provider itself"),
            ("p2", "for WASI 0.2"),
            ("p3", "for WASI 0.3"),
        ],
        _ => &[],
    }
}

/// A measure of several programs.
#[derive(Debug)]
struct Row<'a> {
    measure: &'a str,
    /// Its description, without the program.
    what: &'a str,
    /// The metric of each program, if it was measured.
    cells: Vec<Option<&'a Metric>>,
}

/// Returns the table of the programs of `subject`, and the metrics that belong to none of them. The table is empty if
/// the subject has no programs.
pub(super) fn table(subject: Subject, metrics: &[Metric]) -> (String, Vec<&Metric>) {
    let programs = programs(subject);
    let mut rows: Vec<Row<'_>> = Vec::new();
    let mut rest = Vec::new();
    for metric in metrics {
        let Some((column, measure, what)) = split(programs, metric) else {
            rest.push(metric);
            continue;
        };
        let row = match rows.iter().position(|row| row.measure == measure) {
            Some(row) => row,
            None => {
                let cells = vec![None; programs.len()];
                rows.push(Row { measure, what, cells });
                rows.len() - 1
            }
        };
        rows[row].cells[column] = Some(metric);
    }
    if rows.is_empty() {
        return (String::new(), rest);
    }
    (markdown(programs, &rows), rest)
}

/// Returns the index of the program of a metric, its measure, and the description of that.
fn split<'a>(programs: &[(&str, &str)], metric: &'a Metric) -> Option<(usize, &'a str, &'a str)> {
    programs.iter().enumerate().find_map(|(column, (program, _))| {
        let measure = metric.name.strip_prefix(program)?.strip_prefix('-')?;
        let what = metric.what.strip_prefix(program)?;
        let what = what.strip_prefix(": ").or_else(|| what.strip_prefix(", "))?;
        Some((column, measure, what))
    })
}

fn markdown(programs: &[(&str, &str)], rows: &[Row<'_>]) -> String {
    let headings: String = programs
        .iter()
        .map(|(_, heading)| format!(" {heading} |"))
        .collect();
    let mut text = format!(
        "| |{headings} at most |\n|---|{}\n",
        "--:|".repeat(programs.len() + 1)
    );
    for row in rows {
        let cell = |metric: &Option<&Metric>| {
            let value = metric.map(|metric| with_unit(metric.value, &metric.unit));
            format!(" {} |", value.unwrap_or_default())
        };
        let cells: String = row.cells.iter().map(cell).collect();
        let limits = row
            .cells
            .iter()
            .zip(programs)
            .filter_map(|(metric, (_, heading))| {
                let metric = (*metric)?;
                Some(format!("{heading}: {} {}", metric.most?, metric.unit))
            });
        let limits: Vec<String> = limits.collect();
        text += &format!("| {} |{cells} {} |\n", row.what, limits.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_stand_beside_each_other() {
        let metrics = [
            Metric::new("nginx-rate", "nginx: requests", 20.0, "requests/s"),
            Metric::new("weft-idle", "weft: memory", 9.0, "MB"),
            Metric::new("weft-rate", "weft: requests", 10.0, "requests/s"),
            Metric::new("nginx-to-weft", "requests of nginx", 2.0, "x"),
        ];
        let (table, rest) = table(Subject::Peers, &metrics);
        assert_eq!(
            table.lines().skip(2).collect::<Vec<_>>(),
            [
                "| requests |  | 20.0 requests/s |  | 10.0 requests/s |  |",
                "| memory |  |  |  | 9.00 MB |  |"
            ]
        );
        assert_eq!(rest, [&metrics[3]]);
    }

    #[test]
    fn other_subjects_have_no_such_table() {
        let metrics = [Metric::new("weft-version", "weft: the process", 1.0, "ms")];
        let (table, rest) = table(Subject::Gateway, &metrics);
        assert_eq!((table.as_str(), rest.len()), ("", 1));
    }
}
