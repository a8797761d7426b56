//! What the user reads in the end: a line for each step.

use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};

use super::runner::{Taken, Verdict};

/// The table of what came of the steps.
pub(super) fn table(results: &[Taken]) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY).set_header(["step", "result", "time", ""]);
    for Taken { step, verdict, elapsed, said } in results {
        let took = if *verdict == Verdict::NotRun { String::new() } else { time(*elapsed) };
        table.add_row([step.name(), word(*verdict).to_owned(), took, said.count.clone().unwrap_or_default()]);
    }
    let all = results.iter().map(|result| result.elapsed).sum();
    table.add_row(["", "in all", &time(all), ""]);
    table.column_mut(2).expect("the header has four").set_cell_alignment(CellAlignment::Right);
    table.to_string()
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Failed => "FAILED",
        Verdict::Interrupted => "interrupted",
        Verdict::NotRun => "not run",
    }
}

/// A time as one reads it at a glance.
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
    use super::*;
    use crate::{ci::said::Said, cli::Step};

    #[test]
    fn a_table_has_a_line_for_each_step_and_the_sum_of_times() {
        let taken = |step, verdict, seconds, log: &str| Taken {
            step,
            verdict,
            elapsed: Duration::from_secs(seconds),
            said: Said::read(log),
        };
        let shown = table(&[
            taken(Step::Lint, Verdict::Passed, 21, ""),
            taken(Step::Unit, Verdict::Failed, 188, "3 passed, 1 failed"),
            taken(Step::Wasm, Verdict::NotRun, 0, ""),
        ]);
        let lines: Vec<String> =
            shown.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(
            lines[3..7],
            [
                "│ lint passed 21 s │",
                "│ unit FAILED 3 min 08 s 3 passed, 1 failed │",
                "│ wasm not run │",
                "│ in all 3 min 29 s │"
            ]
        );
    }

    #[test]
    fn times_are_as_exact_as_one_wants_to_know() {
        let times =
            [0.04, 9.4, 9.96, 60.2, 119.6, 3601.0].map(|seconds| time(Duration::from_secs_f64(seconds)));
        assert_eq!(times, ["0.0 s", "9.4 s", "10 s", "60 s", "2 min 00 s", "60 min 01 s"]);
    }
}
