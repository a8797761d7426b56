//! Compares the results with `xtask/data/mutants.toml`.

use std::{collections::BTreeMap, time::Duration};

use super::{
    outcome::{Mutant, Outcome, Tested},
    policy::{Package, Policy, Survivor},
};

/// The result of a package.
#[derive(Debug)]
pub(super) struct Score {
    pub(super) package: String,
    /// Minimum in percent; `None` if only changed lines were mutated.
    pub(super) floor: Option<u64>,
    pub(super) unviable: usize,
    pub(super) caught: usize,
    pub(super) timed_out: usize,
    /// The survivors that the file lists.
    pub(super) accepted: Vec<Survivor>,
    /// The other survivors.
    pub(super) survivors: Vec<Mutant>,
    /// The faults of entries in the file.
    pub(super) stale: Vec<String>,
    pub(super) elapsed: Duration,
}

impl Score {
    /// Compares the `tested` mutants with the entries of the file. `known` are all mutants of the package; `whole`
    /// is set if all of them were tested.
    pub(super) fn of(
        package: &Package,
        policy: &Policy,
        known: &[Mutant],
        tested: Vec<Tested>,
        whole: bool,
        elapsed: Duration,
    ) -> Self {
        let count = |wanted| tested.iter().filter(|tested| tested.outcome == wanted).count();
        let (unviable, caught, timed_out) = (
            count(Outcome::Unviable),
            count(Outcome::Caught),
            count(Outcome::TimedOut),
        );
        let mut listed: BTreeMap<&str, Vec<&Survivor>> = BTreeMap::new();
        for survivor in policy.accepted(package) {
            listed.entry(&survivor.mutant).or_default().push(survivor);
        }
        let stale = listed
            .iter()
            .filter_map(|(name, entries)| stale(name, entries.len(), known, &tested))
            .collect();
        let (mut accepted, mut survivors) = (Vec::new(), Vec::new());
        for Tested { mutant, .. } in tested
            .into_iter()
            .filter(|tested| tested.outcome == Outcome::Survived)
        {
            match listed.get_mut(mutant.name.as_str()).and_then(Vec::pop) {
                Some(entry) => accepted.push(entry.clone()),
                None => survivors.push(mutant),
            }
        }
        let floor = package.floor.filter(|_| whole);
        let package = package.name.clone();
        Self {
            package,
            floor,
            unviable,
            caught,
            timed_out,
            accepted,
            survivors,
            stale,
            elapsed,
        }
    }

    /// Returns the number of mutants that compile.
    pub(super) fn viable(&self) -> usize {
        self.noticed() + self.accepted.len() + self.survivors.len()
    }

    /// Returns the number of mutants that the tests notice.
    pub(super) fn noticed(&self) -> usize {
        self.caught + self.timed_out
    }

    /// Returns whether enough are noticed. With integers, rounding cannot let a package pass.
    pub(super) fn holds(&self) -> bool {
        let floor = self
            .floor
            .map_or(0, |floor| usize::try_from(floor).unwrap_or(usize::MAX));
        self.noticed() * 100 >= floor * self.viable()
    }

    /// Returns all faults, a sentence each.
    pub(super) fn faults(&self) -> Vec<String> {
        let package = &self.package;
        let below = self.floor.filter(|_| !self.holds()).map(|floor| {
            format!(
                "{package}: {} of {} mutants are caught, below {floor} %",
                self.noticed(),
                self.viable()
            )
        });
        let survivors = self
            .survivors
            .iter()
            .map(|mutant| format!("{package}: no test notices {}", mutant.place()));
        below
            .into_iter()
            .chain(survivors)
            .chain(self.stale.iter().cloned())
            .collect()
    }
}

/// Returns the fault of the `entries` of a name, if there are more than mutants of that name that may survive.
/// Mutants that were not tested may survive.
fn stale(name: &str, entries: usize, known: &[Mutant], tested: &[Tested]) -> Option<String> {
    let all = known.iter().filter(|mutant| mutant.name == name).count();
    let of_that_name = tested.iter().filter(|tested| tested.mutant.name == name);
    let dead = of_that_name
        .filter(|tested| tested.outcome != Outcome::Survived)
        .count();
    let most = all.saturating_sub(dead);
    if entries <= most {
        return None;
    }
    Some(match (all, most) {
        (0, _) => format!("xtask/data/mutants.toml lists a mutant that does not exist: {name}"),
        (_, 0) => format!("xtask/data/mutants.toml lists a survivor that is caught: {name}"),
        _ => format!("xtask/data/mutants.toml lists {entries} survivors where there are {most}: {name}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mutant(name: &str, line: u64) -> Mutant {
        Mutant {
            name: format!("crates/p/src/a.rs: {name}"),
            line,
        }
    }

    fn score(listed: &[&str], known: &[Mutant], tested: &[(&str, Outcome)], floor: Option<u64>) -> Score {
        let package = Package {
            name: "p".to_owned(),
            floor,
            tests: Vec::new(),
        };
        let entry = |name: &&str| Survivor {
            mutant: mutant(name, 0).name,
            reason: "because".to_owned(),
        };
        let survivors = listed.iter().map(entry).collect();
        let policy = Policy {
            packages: vec![package.clone()],
            elsewhere: Vec::new(),
            survivors,
        };
        let tested = tested.iter().map(|(name, outcome)| Tested {
            mutant: mutant(name, 7),
            outcome: *outcome,
        });
        Score::of(
            &package,
            &policy,
            known,
            tested.collect(),
            floor.is_some(),
            Duration::ZERO,
        )
    }

    fn known(names: &[&str]) -> Vec<Mutant> {
        names.iter().map(|name| mutant(name, 7)).collect()
    }

    use Outcome::{Caught, Survived, TimedOut, Unviable};

    #[test]
    fn share_counts_viable_mutants() {
        let tested = [
            ("a", Caught),
            ("b", TimedOut),
            ("c", Unviable),
            ("d", Survived),
            ("e", Caught),
        ];
        let score = score(&["d"], &known(&["a", "b", "c", "d", "e"]), &tested, Some(75));
        assert_eq!((score.noticed(), score.viable(), score.unviable), (3, 4, 1));
        assert!(score.holds() && score.faults().is_empty());
        assert!(
            !Score {
                floor: Some(76),
                ..score
            }
            .holds()
        );
    }

    #[test]
    fn survivor_outside_the_list_is_a_fault() {
        let score = score(&[], &known(&["a"]), &[("a", Survived)], Some(1));
        let expected = [
            "p: 0 of 1 mutants are caught, below 1 %",
            "p: no test notices crates/p/src/a.rs:7: a",
        ];
        assert_eq!(score.faults(), expected);
    }

    #[test]
    fn listed_survivor_that_is_caught_is_a_fault() {
        for outcome in [Caught, TimedOut, Unviable] {
            let score = score(&["a"], &known(&["a"]), &[("a", outcome)], Some(1));
            assert_eq!(
                score.faults(),
                ["xtask/data/mutants.toml lists a survivor that is caught: crates/p/src/a.rs: a"]
            );
        }
    }

    #[test]
    fn listed_mutant_that_is_gone_is_a_fault() {
        let score = score(&["a"], &known(&["b"]), &[("b", Caught)], Some(1));
        assert_eq!(
            score.faults(),
            ["xtask/data/mutants.toml lists a mutant that does not exist: crates/p/src/a.rs: a"]
        );
    }

    #[test]
    fn equal_names_are_counted() {
        let all = known(&["a", "a", "a"]);
        let tested = [("a", Survived), ("a", Caught), ("a", Survived)];
        assert!(score(&["a", "a"], &all, &tested, Some(1)).faults().is_empty());
        assert_eq!(score(&["a"], &all, &tested, Some(1)).faults().len(), 1);
        assert_eq!(
            score(&["a", "a", "a"], &all, &tested, Some(1)).faults(),
            ["xtask/data/mutants.toml lists 3 survivors where there are 2: crates/p/src/a.rs: a"]
        );
    }

    #[test]
    fn untested_mutants_may_survive() {
        let all = known(&["a", "a", "b"]);
        assert!(
            score(&["a", "b"], &all, &[("a", Caught)], None)
                .faults()
                .is_empty()
        );
        assert_eq!(
            score(&["a"], &all, &[("a", Caught), ("a", Caught)], None)
                .faults()
                .len(),
            1
        );
        assert!(score(&[], &all, &[], None).faults().is_empty());
    }

    #[test]
    fn entries_of_other_packages_do_not_matter() {
        let package = Package {
            name: "other".to_owned(),
            floor: Some(90),
            tests: Vec::new(),
        };
        let survivors = vec![Survivor {
            mutant: mutant("a", 0).name,
            reason: "because".to_owned(),
        }];
        let policy = Policy {
            packages: vec![package.clone()],
            elsewhere: Vec::new(),
            survivors,
        };
        let score = Score::of(&package, &policy, &[], Vec::new(), true, Duration::ZERO);
        assert!(score.faults().is_empty());
    }
}
