//! The output: a table or JSON, and the reasons for failing.

use std::fmt::Write as _;

use anyhow::{Context as _, Result, bail};
use comfy_table::{CellAlignment, Table, presets};
use serde_json::{Value, json};

use super::score::Score;

/// The results of a run.
#[derive(Debug)]
pub(super) struct Report {
    /// The commit that is checked out.
    pub(super) revision: Option<String>,
    /// The commit with which the working tree was compared.
    pub(super) base: Option<String>,
    pub(super) scores: Vec<Score>,
}

impl Report {
    /// Returns the table, and below it the accepted survivors with their reasons.
    pub(super) fn table(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::UTF8_BORDERS_ONLY);
        table.set_header([
            "package",
            "mutants",
            "unviable",
            "caught",
            "timed out",
            "survived",
            "percent",
            "floor",
            "minutes",
        ]);
        for score in &self.scores {
            table.add_row(row(score));
        }
        table.column_iter_mut().skip(1).for_each(|column| {
            column.set_cell_alignment(CellAlignment::Right);
        });
        let mut text = table.to_string();
        for score in self.scores.iter().filter(|score| !score.accepted.is_empty()) {
            let _ = write!(text, "\n\n{}: accepted survivors", score.package);
            for survivor in &score.accepted {
                let _ = write!(text, "\n  {}\n    {}", survivor.mutant, survivor.reason.trim());
            }
        }
        text
    }

    /// Returns the report as JSON.
    pub(super) fn json(&self) -> Result<String> {
        let scores: Vec<Value> = self.scores.iter().map(to_json).collect();
        let report = json!({"revision": self.revision, "base": self.base, "packages": scores});
        serde_json::to_string_pretty(&report).context("could not write the report")
    }

    /// Fails with all faults, if there are any.
    pub(super) fn conclude(&self) -> Result<()> {
        let faults: Vec<String> = self.scores.iter().flat_map(Score::faults).collect();
        if faults.is_empty() {
            return Ok(());
        }
        bail!(
            "the mutants differ from xtask/data/mutants.toml: write a test for each that survives, or list it with \
             the reason\n{}",
            faults.join("\n")
        )
    }
}

fn row(score: &Score) -> [String; 9] {
    let survived = score.accepted.len() + score.survivors.len();
    let floor = match score.floor {
        None => String::new(),
        Some(floor) if score.holds() => floor.to_string(),
        Some(floor) => format!("BELOW {floor}"),
    };
    [
        score.package.clone(),
        (score.viable() + score.unviable).to_string(),
        score.unviable.to_string(),
        score.caught.to_string(),
        score.timed_out.to_string(),
        survived.to_string(),
        percent(score)
            .map(|tenths| format!("{}.{}", tenths / 10, tenths % 10))
            .unwrap_or_default(),
        floor,
        format!("{:.1}", score.elapsed.as_secs_f64() / 60.0),
    ]
}

/// Returns the share of viable mutants that are noticed in tenths of a percent, rounded down; `None` without
/// mutants.
fn percent(score: &Score) -> Option<usize> {
    (score.noticed() * 1000).checked_div(score.viable())
}

fn to_json(score: &Score) -> Value {
    let accepted: Vec<Value> = score
        .accepted
        .iter()
        .map(|survivor| json!({"mutant": survivor.mutant, "reason": survivor.reason}))
        .collect();
    json!({
        "package": score.package,
        "floor": score.floor,
        "mutants": score.viable() + score.unviable,
        "unviable": score.unviable,
        "caught": score.caught,
        "timed_out": score.timed_out,
        "percent": percent(score).map(|tenths| tenths as f64 / 10.0),
        "accepted": accepted,
        "survivors": score.survivors,
        "stale": score.stale,
        "seconds": score.elapsed.as_secs_f64().round(),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{
        super::{outcome::Mutant, policy::Survivor},
        *,
    };

    fn report() -> Report {
        let name = "crates/p/src/a.rs: replace f -> bool with true".to_owned();
        let score = Score {
            package: "p".to_owned(),
            floor: Some(90),
            unviable: 2,
            caught: 5,
            timed_out: 1,
            accepted: vec![Survivor {
                mutant: name.clone(),
                reason: "f is always true".to_owned(),
            }],
            survivors: vec![Mutant { name, line: 7 }],
            stale: Vec::new(),
            elapsed: Duration::from_secs(90),
        };
        Report {
            revision: Some("abc".to_owned()),
            base: None,
            scores: vec![score],
        }
    }

    #[test]
    fn table_has_packages_and_reasons() {
        let table = report().table();
        let lines: Vec<String> = table
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(lines[3], "│ p 10 2 5 1 2 75.0 BELOW 90 1.5 │");
        let expected = [
            "p: accepted survivors",
            "crates/p/src/a.rs: replace f -> bool with true",
            "f is always true",
        ];
        assert_eq!(lines[lines.len() - 3..], expected);
    }

    #[test]
    fn json_has_every_figure() {
        let json: Value = serde_json::from_str(&report().json().unwrap()).unwrap();
        let expected = json!({
            "revision": "abc",
            "base": null,
            "packages": [{
                "package": "p", "floor": 90, "mutants": 10, "unviable": 2, "caught": 5, "timed_out": 1, "percent": 75.0,
                "accepted": [{"mutant": "crates/p/src/a.rs: replace f -> bool with true", "reason": "f is always true"}],
                "survivors": [{"name": "crates/p/src/a.rs: replace f -> bool with true", "line": 7}],
                "stale": [], "seconds": 90.0,
            }],
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn fails_with_every_fault() {
        let error = report().conclude().unwrap_err().to_string();
        let lines: Vec<&str> = error.lines().skip(1).collect();
        let expected = [
            "p: 6 of 8 mutants are caught, below 90 %",
            "p: no test notices crates/p/src/a.rs:7: replace f -> bool with true",
        ];
        assert_eq!(lines, expected);
        assert!(
            Report {
                scores: Vec::new(),
                ..report()
            }
            .conclude()
            .is_ok()
        );
    }
}
