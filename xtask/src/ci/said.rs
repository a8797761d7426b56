//! What a step's log says of its result, in the words that our commands and cargo's tests end with.

/// The start of the line that cargo's tests end with, one for each program of tests.
const OF_CARGO: &str = "test result: ";

/// The result of a step, as far as its log counts anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// Cargo's own lines, of each program that has tests.
    pub(super) lines: Vec<String>,
    /// The sum, such as `12 passed, 0 failed`.
    pub(super) count: Option<String>,
}

impl Said {
    /// Reads it out of a log.
    pub(super) fn read(log: &str) -> Self {
        let counts = log.lines().filter_map(|line| Some((line, count(line.strip_prefix(OF_CARGO)?)?)));
        let counts: Vec<(&str, [u64; 2])> =
            counts.filter(|(_, [passed, failed])| passed + failed > 0).collect();
        if counts.is_empty() {
            let last = log.lines().rev().find(|line| is_count(line)).map(str::to_owned);
            return Self { lines: Vec::new(), count: last };
        }
        let sum = |which: usize| counts.iter().map(|(_, count)| count[which]).sum::<u64>();
        Self {
            count: Some(format!("{} passed, {} failed", sum(0), sum(1))),
            lines: counts.into_iter().map(|(line, _)| line.to_owned()).collect(),
        }
    }
}

/// `ok. 12 passed; 0 failed; …` as numbers.
fn count(line: &str) -> Option<[u64; 2]> {
    let mut parts = line.split_once(". ")?.1.split("; ");
    let mut number = |word: &str| parts.next()?.strip_suffix(word)?.trim().parse().ok();
    Some([number("passed")?, number("failed")?])
}

/// Whether the line is two numbers or more with a word each, such as `12 passed, 0 failed`, and nothing else.
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
    fn the_results_of_all_programs_of_tests_are_added_up() {
        let log = "\
running 2 tests
test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s
test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
test result: FAILED. 40 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s
error: 1 target failed
";
        let said = Said::read(log);
        assert_eq!(said.count.as_deref(), Some("42 passed, 1 failed"));
        assert_eq!(said.lines.len(), 2);
        assert!(said.lines[1].starts_with("test result: FAILED. 40 passed"));
    }

    #[test]
    fn of_our_own_commands_the_last_count_counts() {
        let log =
            "          ok a case\n1 passed, 0 failed\nmore\n49 passed, 2 failed\nerror: smoke cases failed\n";
        assert_eq!(
            Said::read(log),
            Said { lines: Vec::new(), count: Some("49 passed, 2 failed".to_owned()) }
        );
        for line in ["7 same, 0 different", "9 passed, 0 failed, 1 skipped"] {
            assert_eq!(Said::read(line).count.as_deref(), Some(line));
        }
    }

    #[test]
    fn other_lines_are_no_counts() {
        for line in
            ["", "5 passed", "5 passed, none failed", "x 5 passed, 0 failed", "8 s in all, 2 at a time"]
        {
            assert_eq!(Said::read(line), Said::default(), "{line}");
        }
    }
}
