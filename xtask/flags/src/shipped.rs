//! The list of all artifacts, for the commands that check budgets.

use crate::values::{Artifact, Platform, Target};

/// Returns the names of all artifacts, which need a row in the budget file.
pub fn shipped() -> Vec<&'static str> {
    let wasm = Artifact::ALL.into_iter().map(Artifact::file_name);
    let native = Target::ALL.into_iter().map(Target::file_name);
    wasm.chain(native)
        .chain(Platform::ALL.into_iter().map(Platform::budget_row))
        .collect()
}

#[cfg(test)]
mod tests {
    use builds::budget::Budget;
    use devkit::project::Project;

    use super::*;

    #[test]
    fn budget_has_exactly_the_rows_that_ship() {
        let budget = Budget::of(Project::discover().unwrap()).unwrap();
        let rows: Vec<&str> = budget.rows().map(|(name, _)| name).collect();
        let mut names = shipped();
        names.sort_unstable();
        assert_eq!(rows, names);
    }
}
