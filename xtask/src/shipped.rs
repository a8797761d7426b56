//! The list of everything that ships, for the commands that check budgets.

use crate::{dist, docker, wasm};

/// Returns the names that have to have a row in the budget file: of every file and image that a command makes to ship.
pub(crate) fn names() -> Vec<&'static str> {
    [wasm::shipped(), dist::shipped(), docker::shipped()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use devkit::{budget::Budget, project::Project};

    #[test]
    fn everything_that_ships_has_a_row_and_nothing_else_has() {
        let budget = Budget::of(&Project::discover().unwrap()).unwrap();
        let rows: Vec<&str> = budget.rows().map(|(name, _)| name).collect();
        let mut shipped = names();
        shipped.sort_unstable();
        assert_eq!(rows, shipped);
    }
}
