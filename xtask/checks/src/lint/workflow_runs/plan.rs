//! Reads the table that `act --list` prints:
//!
//! ```text
//! Stage  Job ID  Job name  Workflow name  Workflow file   Events
//! 0      build   Build it  checks         checks.yml      push,pull_request
//! ```

use std::collections::{BTreeMap, BTreeSet};

/// A job of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Planned {
    /// The events that start its workflow.
    pub(super) events: BTreeSet<String>,
    /// The jobs that end before it begins. The table does not have them.
    pub(super) waits: BTreeSet<String>,
}

/// Returns the jobs of the table by their identifiers.
pub(super) fn read(table: &str) -> BTreeMap<String, Planned> {
    table.lines().filter_map(row).collect()
}

fn row(line: &str) -> Option<(String, Planned)> {
    let mut columns = line.split_whitespace();
    columns.next()?.parse::<usize>().ok()?;
    let job = columns.next()?.to_owned();
    let events = columns.next_back()?.split(',').map(str::to_owned).collect();
    let waits = BTreeSet::new();
    Some((job, Planned { events, waits }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_rows_without_headings_and_hints() {
        let table = "Stage  Job ID  Job name            Workflow name  Workflow file  Events  \n\
                     0      build   Build, and measure  checks         checks.yml     push,merge_group\n\
                     12     passed  All passed          checks         checks.yml     push,merge_group\n\
                     \n\
                     Detected multiple jobs with the same job name, use `-W` to specify the path.\n";
        let found = read(table);
        assert_eq!(found.keys().collect::<Vec<_>>(), ["build", "passed"]);
        let events = &found["build"].events;
        assert_eq!(events.iter().collect::<Vec<_>>(), ["merge_group", "push"]);
        assert!(found["passed"].waits.is_empty());
    }
}
