//! The measured files, in the groups of `xtask/data/coverage.toml`.

use super::{floors::Floors, measured::Source};

/// A group and its measured files.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) name: String,
    /// Minimum in percent of the lines.
    pub(super) floor: u64,
    pub(super) sources: Vec<Source>,
}

impl Group {
    /// Returns the number of lines that can run.
    pub(super) fn lines(&self) -> u64 {
        self.count(|_| true)
    }

    /// Returns the number of lines that a test ran.
    pub(super) fn covered(&self) -> u64 {
        self.count(|ran| ran)
    }

    /// Returns whether enough lines were run. With integers, rounding cannot let a group pass.
    pub(super) fn holds(&self) -> bool {
        self.covered() * 100 >= self.floor * self.lines()
    }

    fn count(&self, counts: impl Fn(bool) -> bool) -> u64 {
        let lines = self.sources.iter().flat_map(|source| &source.lines);
        lines.filter(|(_, ran)| counts(*ran)).map(|_| 1).sum()
    }
}

/// The measured files in their groups, and how `xtask/data/coverage.toml` differs from them.
#[derive(Debug)]
pub(super) struct Gathered {
    pub(super) groups: Vec<Group>,
    /// A sentence for each difference: no file is missing from the table silently.
    pub(super) faults: Vec<String>,
}

/// Sorts `sources` into their groups.
pub(super) fn gather(floors: &Floors, sources: Vec<Source>) -> Gathered {
    let new = |name: &String, floor| Group {
        name: name.clone(),
        floor,
        sources: Vec::new(),
    };
    let mut groups: Vec<Group> = floors
        .groups
        .iter()
        .map(|floor| new(&floor.name, floor.floor))
        .collect();
    let mut faults = Vec::new();
    for source in sources.into_iter().filter(|source| floors.measures(&source.path)) {
        let path = &source.path;
        let measured = !source.lines.is_empty();
        // The report also has lines of some files that are not compiled; none of them ran.
        let ran = source.lines.iter().any(|(_, ran)| *ran);
        match (floors.group_of(path), floors.is_unmeasured(path)) {
            (_, true) if ran => faults.push(format!(
                "`{path}` is listed under `elsewhere`, but tests run lines of it"
            )),
            (_, true) => {}
            (_, false) if !measured && source.code => {
                faults.push(format!(
                    "`{path}` is not measured: list it under `elsewhere` with the command that runs it"
                ));
            }
            (None, false) if measured => faults.push(format!("`{path}` belongs to no group")),
            (Some(group), false) => groups[group].sources.push(source),
            (None, false) => {}
        }
    }
    let empty = groups.iter().filter(|group| group.lines() == 0);
    faults.extend(empty.map(|group| format!("group `{}` has no lines", group.name)));
    Gathered { groups, faults }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floors() -> Floors {
        let text = "packages = ['p']
            group = [{ name = 'g', prefixes = ['crates/p/src/a'], floor = 75 }]
            elsewhere = [{ path = 'crates/p/src/raw.rs', run_by = 'a smoke test' }]";
        toml::from_str(text).unwrap()
    }

    fn source(path: &str, ran: &[bool]) -> Source {
        Source {
            path: path.to_owned(),
            lines: (1..).zip(ran.iter().copied()).collect(),
            code: true,
        }
    }

    #[test]
    fn group_is_the_sum_of_its_files() {
        let sources = vec![
            source("crates/p/src/a.rs", &[true, true]),
            source("crates/p/src/a/b.rs", &[true, false]),
            source("crates/p/src/raw.rs", &[false]),
            source("crates/p/src/a/tests.rs", &[]),
            source("xtask/src/main.rs", &[false]),
        ];
        let Gathered { groups, faults } = gather(&floors(), sources);
        assert_eq!(faults, [""; 0]);
        assert_eq!((groups[0].covered(), groups[0].lines()), (3, 4));
        assert!(groups[0].holds(), "75 % is enough");
        assert!(
            !Group {
                floor: 76,
                ..groups.into_iter().next().unwrap()
            }
            .holds()
        );
    }

    #[test]
    fn reports_every_unlisted_file() {
        let error = |path: &str, ran: &[bool]| {
            let gathered = gather(&floors(), vec![source(path, ran)]);
            gathered.faults.join("\n")
        };
        assert!(error("crates/p/src/new.rs", &[true]).contains("`crates/p/src/new.rs` belongs to no group"));
        assert!(
            error("crates/p/src/raw.rs", &[true])
                .contains("`crates/p/src/raw.rs` is listed under `elsewhere`")
        );
        assert!(error("crates/p/src/a/p2.rs", &[]).contains("`crates/p/src/a/p2.rs` is not measured"));
        assert!(error("crates/q/src/a.rs", &[true]).contains("group `g` has no lines"));
    }
}
