//! The part of a log with the reason why a step failed.

use std::path::Path;

/// The maximum number of lines that are shown.
const LINES: usize = 300;

/// Returns the part of the log at `path` to show, below a heading: the failures of cargo's tests, or the end of any
/// other log.
pub(super) fn excerpt(text: &str, path: &Path) -> String {
    let all: Vec<&str> = text.lines().collect();
    let failures = failures(&all);
    let (which, shown) = if failures.is_empty() {
        ("the last", &all[all.len().saturating_sub(LINES)..])
    } else {
        ("the failures,", &failures[..failures.len().min(LINES)])
    };
    let path = path.display();
    let count = shown.len();
    let heading = if count == all.len() {
        format!("{path}:")
    } else {
        format!("{which} {count} of {} lines of {path}:", all.len())
    };
    format!("\n{heading}\n\n{}\n\n", shown.join("\n"))
}

/// Returns the lines between `failures:` and `test result:` of each test program.
fn failures<'t>(lines: &[&'t str]) -> Vec<&'t str> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in lines {
        inside |= *line == "failures:";
        if inside {
            found.push(*line);
        }
        inside &= !line.starts_with("test result: ");
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        excerpt(text, Path::new("unit.log"))
    }

    #[test]
    fn shows_the_end_of_a_long_log() {
        let log = |lines: usize| {
            (1..=lines)
                .map(|line| format!("line {line}\n"))
                .collect::<String>()
        };
        assert_eq!(shown(&log(2)), "\nunit.log:\n\nline 1\nline 2\n\n");
        let long = shown(&log(1000));
        assert!(
            long.starts_with("\nthe last 300 of 1000 lines of unit.log:\n\nline 701\n"),
            "{long}"
        );
        assert!(long.ends_with("\nline 1000\n\n"));
    }

    #[test]
    fn shows_the_tests_that_failed() {
        let log = "\
test good ... ok
failures:
---- bad stdout ----
panicked
failures:
    bad
test result: FAILED. 1 passed; 1 failed
test other ... ok
test result: ok. 1 passed; 0 failed
error: 1 target failed
";
        let expected = "\nthe failures, 6 of 10 lines of unit.log:\n\nfailures:\n---- bad stdout ----\n";
        assert!(shown(log).starts_with(expected), "{}", shown(log));
        assert!(shown(log).ends_with("\ntest result: FAILED. 1 passed; 1 failed\n\n"));
    }
}
