//! The results of a run as a table: a row for each step.

use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};

use super::runner::{StepResult, Verdict};

/// Returns the table, with the time of the whole run in its last row: less than the sum, where steps ran at once.
pub(super) fn table(results: &[StepResult], elapsed: Duration) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_BORDERS_ONLY)
        .set_header(["step", "result", "time", "tests"]);
    for StepResult {
        step,
        verdict,
        elapsed,
        counts,
    } in results
    {
        let took = if *verdict == Verdict::NotRun {
            String::new()
        } else {
            time(*elapsed)
        };
        let result = if *verdict == Verdict::Failed {
            "FAILED"
        } else {
            verdict.word()
        };
        table.add_row([
            step.name(),
            result.to_owned(),
            took,
            counts.sum.clone().unwrap_or_default(),
        ]);
    }
    table.add_row(["", "in all", &time(elapsed), ""]);
    table
        .column_mut(2)
        .expect("the header has four")
        .set_cell_alignment(CellAlignment::Right);
    table.to_string()
}

/// Returns a time in seconds, or minutes and seconds from two minutes on.
pub(super) fn time(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64().round() as u64;
    match seconds {
        0..10 => format!("{:.1} s", elapsed.as_secs_f64()),
        10..120 => format!("{seconds} s"),
        _ => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use flags::Step;

    use super::*;
    use crate::ci::test_counts::TestCounts;

    #[test]
    fn has_row_for_each_step_and_whole_time() {
        let result = |step, verdict, seconds, log: &str| StepResult {
            step,
            verdict,
            elapsed: Duration::from_secs(seconds),
            counts: TestCounts::read(log),
        };
        let results = [
            result(Step::Lint, Verdict::Passed, 21, ""),
            result(Step::Unit, Verdict::Failed, 188, "3 passed, 1 failed"),
            result(Step::Wasm, Verdict::NotRun, 0, ""),
        ];
        let shown = table(&results, Duration::from_secs(190));
        let lines: Vec<String> = shown
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(
            lines[3..7],
            [
                "│ lint passed 21 s │",
                "│ unit FAILED 3 min 08 s 3 passed, 1 failed │",
                "│ wasm not run │",
                "│ in all 3 min 10 s │"
            ]
        );
    }

    #[test]
    fn rounds_times_by_their_length() {
        let times =
            [0.04, 9.4, 9.96, 60.2, 119.6, 3601.0].map(|seconds| time(Duration::from_secs_f64(seconds)));
        assert_eq!(
            times,
            ["0.0 s", "9.4 s", "10 s", "60 s", "2 min 00 s", "60 min 01 s"]
        );
    }
}
