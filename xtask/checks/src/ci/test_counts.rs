//! The test results in a step's log, parsed from the last lines of our commands and of cargo's tests.

/// The start of the last line of a test program.
const OF_CARGO: &str = "test result: ";

/// Test results of a step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TestCounts {
    /// The sum over all test programs, such as `12 passed, 0 failed`; `None` if the log reports no counts.
    pub(super) sum: Option<String>,
    /// Names of cargo's tests that passed, in the order of the log.
    pub(super) passed: Vec<String>,
}

impl TestCounts {
    /// Reads the counts from a log.
    pub(super) fn read(log: &str) -> Self {
        let counts = log.lines().filter_map(|line| count(line.strip_prefix(OF_CARGO)?));
        let counts: Vec<[u64; 2]> = counts.filter(|[passed, failed]| passed + failed > 0).collect();
        if counts.is_empty() {
            let last = log.lines().rev().find(|line| is_count(line)).map(str::to_owned);
            return Self {
                sum: last,
                passed: Vec::new(),
            };
        }
        let sum = |which: usize| counts.iter().map(|count| count[which]).sum::<u64>();
        Self {
            sum: Some(format!("{} passed, {} failed", sum(0), sum(1))),
            passed: log.lines().filter_map(passed).map(str::to_owned).collect(),
        }
    }
}

/// Returns the name in a line such as `test module::name ... ok`.
fn passed(line: &str) -> Option<&str> {
    line.strip_prefix("test ")?.strip_suffix(" ... ok")
}

/// Parses `ok. 12 passed; 0 failed; …`.
fn count(line: &str) -> Option<[u64; 2]> {
    let mut parts = line.split_once(". ")?.1.split("; ");
    let mut number = |word: &str| parts.next()?.strip_suffix(word)?.trim().parse().ok();
    Some([number("passed")?, number("failed")?])
}

/// Returns whether the line consists of two or more counts, such as `12 passed, 0 failed`.
fn is_count(line: &str) -> bool {
    let is_number_and_word = |part: &str| {
        part.split_once(' ').is_some_and(|(number, word)| {
            number.parse::<u64>().is_ok() && word.chars().all(|letter| letter.is_ascii_lowercase())
        })
    };
    line.contains(", ") && line.split(", ").all(is_number_and_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_up_the_results_of_all_test_programs() {
        let log = "\
running 2 tests
test a::first ... ok
test a::second ... FAILED
test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s
test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
test result: FAILED. 40 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s
error: 1 target failed
";
        let counts = TestCounts::read(log);
        assert_eq!(counts.sum.as_deref(), Some("42 passed, 1 failed"));
        assert_eq!(counts.passed, ["a::first"]);
    }

    #[test]
    fn takes_last_count_of_our_commands() {
        let log =
            "          ok a case\n1 passed, 0 failed\nmore\n49 passed, 2 failed\nerror: smoke cases failed\n";
        assert_eq!(TestCounts::read(log).sum.as_deref(), Some("49 passed, 2 failed"));
        for line in ["7 same, 0 different", "9 passed, 0 failed, 1 skipped"] {
            assert_eq!(TestCounts::read(line).sum.as_deref(), Some(line));
        }
    }

    #[test]
    fn ignores_lines_without_counts() {
        for line in [
            "",
            "5 passed",
            "5 passed, none failed",
            "x 5 passed, 0 failed",
            "8 s in all, 2 at a time",
        ] {
            assert_eq!(TestCounts::read(line), TestCounts::default(), "{line}");
        }
    }
}
