//! The parts of cargo-mutants' files that are needed.

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

/// A change of the code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Mutant {
    /// The file and the change: `crates/p/src/a.rs: replace f -> bool with true`. Changes in the lines above do
    /// not change the name, so two changes in one function can have the same.
    pub(super) name: String,
    /// The line that it changes.
    pub(super) line: u64,
}

/// A mutant and the result of its test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tested {
    pub(super) mutant: Mutant,
    pub(super) outcome: Outcome,
}

/// The result of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It does not compile.
    Unviable,
    /// A test fails.
    Caught,
    /// The tests, or the compiler, take far longer than without it.
    TimedOut,
    /// All tests pass.
    Survived,
}

/// `mutants list --json`.
#[derive(Deserialize)]
struct Listed {
    name: String,
    file: String,
}

/// `outcomes.json`.
#[derive(Deserialize)]
struct Outcomes {
    outcomes: Vec<Scenario>,
}

#[derive(Deserialize)]
struct Scenario {
    scenario: Subject,
    summary: Summary,
}

#[derive(Deserialize)]
enum Subject {
    Baseline,
    Mutant(Listed),
}

#[derive(Clone, Copy, Deserialize)]
enum Summary {
    Success,
    Failure,
    CaughtMutant,
    MissedMutant,
    Timeout,
    Unviable,
}

/// Reads the list of all mutants.
pub(super) fn listed(json: &[u8]) -> Result<Vec<Mutant>> {
    let listed: Vec<Listed> = serde_json::from_slice(json)?;
    listed.into_iter().map(Listed::mutant).collect()
}

/// Reads the results, in the order in which the tests ended.
pub(super) fn tested(json: &[u8]) -> Result<Vec<Tested>> {
    let outcomes: Outcomes = serde_json::from_slice(json)?;
    let tested = |scenario: Scenario| {
        let Subject::Mutant(listed) = scenario.scenario else {
            return None;
        };
        let tested = |outcome| {
            Ok(Tested {
                mutant: listed.mutant()?,
                outcome,
            })
        };
        Some(scenario.summary.outcome().and_then(tested))
    };
    outcomes.outcomes.into_iter().filter_map(tested).collect()
}

impl Mutant {
    /// Returns the file and the line, to sort by.
    pub(super) fn position(&self) -> (&str, u64) {
        (self.name.split(':').next().unwrap_or_default(), self.line)
    }

    /// Returns its name with the line: `crates/p/src/a.rs:7: replace f -> bool with true`.
    pub(super) fn place(&self) -> String {
        let (path, change) = self.name.split_once(':').unwrap_or((&self.name, ""));
        format!("{path}:{}:{change}", self.line)
    }
}

impl Listed {
    fn mutant(self) -> Result<Mutant> {
        let split = || {
            let mut parts = self
                .name
                .strip_prefix(&self.file)?
                .strip_prefix(':')?
                .splitn(3, ':');
            let line = parts.next()?.parse().ok()?;
            let _column = parts.next()?;
            let change = parts.next()?;
            Some(Mutant {
                name: format!("{}:{change}", self.file),
                line,
            })
        };
        split().with_context(|| format!("`{}` is not the name of a mutant", self.name))
    }
}

impl Summary {
    fn outcome(self) -> Result<Outcome> {
        Ok(match self {
            Self::Unviable => Outcome::Unviable,
            Self::CaughtMutant => Outcome::Caught,
            Self::Timeout => Outcome::TimedOut,
            Self::MissedMutant => Outcome::Survived,
            Self::Success | Self::Failure => anyhow::bail!("a mutant has a result that only a baseline has"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MUTANT: &str = r#"{"name": "crates/p/src/a.rs:31:9: replace T::get -> Option<&T> with None",
        "package": "p", "file": "crates/p/src/a.rs", "replacement": "None", "genre": "FnValue"}"#;

    fn mutant() -> Mutant {
        Mutant {
            name: "crates/p/src/a.rs: replace T::get -> Option<&T> with None".to_owned(),
            line: 31,
        }
    }

    #[test]
    fn name_is_without_line_and_column() {
        assert_eq!(listed(format!("[{MUTANT}]").as_bytes()).unwrap(), [mutant()]);
        assert_eq!(
            mutant().place(),
            "crates/p/src/a.rs:31: replace T::get -> Option<&T> with None"
        );
        assert!(listed(br#"[{"name": "a.rs: change", "file": "a.rs"}]"#).is_err());
    }

    #[test]
    fn reads_every_outcome_but_the_baseline() {
        let one = |summary| format!(r#"{{"scenario": {{"Mutant": {MUTANT}}}, "summary": "{summary}"}}"#);
        let all = ["CaughtMutant", "MissedMutant", "Timeout", "Unviable"]
            .map(one)
            .join(",");
        let json = format!(
            r#"{{"outcomes": [{{"scenario": "Baseline", "summary": "Success"}}, {all}], "missed": 1}}"#
        );
        let outcomes = [
            Outcome::Caught,
            Outcome::Survived,
            Outcome::TimedOut,
            Outcome::Unviable,
        ];
        let expected = outcomes.map(|outcome| Tested {
            mutant: mutant(),
            outcome,
        });
        assert_eq!(tested(json.as_bytes()).unwrap(), expected);
        let strange = format!(r#"{{"outcomes": [{}]}}"#, one("Failure"));
        assert!(tested(strange.as_bytes()).is_err());
    }
}
