//! The difference between two binaries, or two builds.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use serde::Serialize;

use crate::{
    anatomy::Anatomy,
    part::{Kind, Part, PartId, Sizes},
    profile::Profile,
};

/// The kind of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// Only the second has it.
    Added,
    /// Only the first has it.
    Removed,
    /// It is larger in the second.
    Grown,
    /// It is smaller in the second.
    Shrunk,
}

/// A change in size of an item that `K` names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change<K> {
    /// The kind.
    pub change: ChangeKind,
    /// The name.
    #[serde(flatten)]
    pub id: K,
    /// The sizes in the first; zero if it was added.
    pub before: Sizes,
    /// The sizes in the second; zero if it was removed.
    pub after: Sizes,
}

/// A crate, or the name that stands for one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Owner {
    /// The name.
    #[serde(rename = "crate")]
    pub owner: String,
}

/// A purpose of bytes, as an object in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct OfKind {
    /// The purpose.
    pub kind: Kind,
}

/// The difference between two binaries.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// The sizes of the first; `None` if there is none.
    pub before: Option<Sizes>,
    /// The sizes of the second; `None` if there is none.
    pub after: Option<Sizes>,
    /// The changes by purpose.
    pub kinds: Vec<Change<OfKind>>,
    /// The changes by crate.
    pub crates: Vec<Change<Owner>>,
    /// The changes of functions and other parts.
    pub parts: Vec<Change<PartId>>,
}

impl<K> Change<K> {
    /// Returns the change in raw bytes.
    pub fn raw(&self) -> isize {
        difference(self.before.raw, self.after.raw)
    }

    /// Returns the change in bytes of the compressed file.
    pub fn gzip(&self) -> isize {
        difference(self.before.gzip, self.after.gzip)
    }
}

/// Returns `after` minus `before`.
pub fn difference(before: usize, after: usize) -> isize {
    after.cast_signed() - before.cast_signed()
}

/// Returns the differences of all artifacts that either build has.
pub fn profiles<'a>(before: &'a Profile, after: &'a Profile) -> BTreeMap<&'a str, Difference> {
    let names: BTreeSet<&str> = before
        .artifacts
        .keys()
        .chain(after.artifacts.keys())
        .map(String::as_str)
        .collect();
    names
        .into_iter()
        .map(|name| {
            (
                name,
                anatomies(before.artifacts.get(name), after.artifacts.get(name)),
            )
        })
        .collect()
}

/// Returns the difference between two binaries.
pub fn anatomies(before: Option<&Anatomy>, after: Option<&Anatomy>) -> Difference {
    let parts = |anatomy: Option<&Anatomy>| anatomy.map(|anatomy| anatomy.parts.clone()).unwrap_or_default();
    let (old, new) = (parts(before), parts(after));
    Difference {
        before: before.map(|anatomy| anatomy.size),
        after: after.map(|anatomy| anatomy.size),
        kinds: changes(&by_kind(&old), &by_kind(&new)),
        crates: changes(&by_owner(&old), &by_owner(&new)),
        parts: changes(
            &by(&old, |part| part.id.clone()),
            &by(&new, |part| part.id.clone()),
        ),
    }
}

/// Returns the sums by purpose.
pub fn by_kind(parts: &[Part]) -> BTreeMap<OfKind, Sizes> {
    by(parts, |part| OfKind { kind: part.id.kind })
}

/// Returns the sums by crate.
pub fn by_owner(parts: &[Part]) -> BTreeMap<Owner, Sizes> {
    by(parts, |part| Owner {
        owner: part.id.owner.clone(),
    })
}

fn by<K: Ord>(parts: &[Part], key: impl Fn(&Part) -> K) -> BTreeMap<K, Sizes> {
    let mut sums: BTreeMap<K, Sizes> = BTreeMap::new();
    for part in parts {
        sums.entry(key(part)).or_default().add(part.size);
    }
    sums
}

/// Returns everything whose raw size differs, the largest change first. The compressed size alone moves with
/// everything around.
fn changes<K: Ord + Clone>(before: &BTreeMap<K, Sizes>, after: &BTreeMap<K, Sizes>) -> Vec<Change<K>> {
    let names: BTreeSet<&K> = before.keys().chain(after.keys()).collect();
    let change = |id: &K| {
        let (old, new) = (before.get(id), after.get(id));
        let change = match (old, new) {
            (None, _) => ChangeKind::Added,
            (_, None) => ChangeKind::Removed,
            (Some(old), Some(new)) if old.raw < new.raw => ChangeKind::Grown,
            (Some(old), Some(new)) if old.raw > new.raw => ChangeKind::Shrunk,
            _ => return None,
        };
        let size = |size: Option<&Sizes>| size.copied().unwrap_or_default();
        Some(Change {
            change,
            id: id.clone(),
            before: size(old),
            after: size(new),
        })
    };
    let mut changes: Vec<Change<K>> = names.into_iter().filter_map(change).collect();
    changes.sort_by_key(|change| Reverse(change.raw().unsigned_abs()));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anatomy(functions: &[(&str, usize)]) -> Anatomy {
        let part = |&(name, raw): &(&str, usize)| {
            let owner = name.split("::").next().unwrap();
            Part {
                id: PartId::new(Kind::Code, owner, name),
                copies: 1,
                size: Sizes { raw, gzip: raw / 2 },
            }
        };
        let raw = functions.iter().map(|(_, raw)| raw).sum();
        Anatomy {
            size: Sizes { raw, gzip: raw / 2 },
            parts: functions.iter().map(part).collect(),
        }
    }

    #[test]
    fn lists_every_kind_of_change_largest_first() {
        let before = anatomy(&[
            ("a::same", 10),
            ("a::grown", 10),
            ("b::shrunk", 90),
            ("b::gone", 30),
        ]);
        let after = anatomy(&[
            ("a::same", 10),
            ("a::grown", 15),
            ("b::shrunk", 50),
            ("c::new", 20),
        ]);
        let difference = anatomies(Some(&before), Some(&after));
        let told: Vec<_> = difference
            .parts
            .iter()
            .map(|change| (change.change, change.id.name.as_str(), change.raw()))
            .collect();
        assert_eq!(
            told,
            [
                (ChangeKind::Shrunk, "b::shrunk", -40),
                (ChangeKind::Removed, "b::gone", -30),
                (ChangeKind::Added, "c::new", 20),
                (ChangeKind::Grown, "a::grown", 5)
            ]
        );
        let crates: Vec<_> = difference
            .crates
            .iter()
            .map(|change| (change.id.owner.as_str(), change.raw()))
            .collect();
        assert_eq!(crates, [("b", -70), ("c", 20), ("a", 5)]);
        assert_eq!(difference.kinds[0].raw(), -45);
    }

    #[test]
    fn compares_with_a_missing_binary() {
        let one = anatomy(&[("a::one", 10)]);
        assert_eq!(anatomies(None, Some(&one)).parts[0].change, ChangeKind::Added);
        assert_eq!(anatomies(Some(&one), None).parts[0].change, ChangeKind::Removed);
        assert!(anatomies(Some(&one), Some(&one)).parts.is_empty());
    }

    proptest::proptest! {
        #[test]
        fn changes_add_up_to_the_whole_difference(old: Vec<(u8, u8)>, new: Vec<(u8, u8)>) {
            let build = |functions: &[(u8, u8)]| {
                let named: Vec<(String, usize)> =
                    functions.iter().map(|&(name, size)| (format!("{}::{name}", name % 5), size.into())).collect();
                let named: Vec<(&str, usize)> = named.iter().map(|(name, size)| (name.as_str(), *size)).collect();
                anatomy(&named)
            };
            let (old, new) = (build(&old), build(&new));
            let difference = anatomies(Some(&old), Some(&new));
            let expected = super::difference(old.size.raw, new.size.raw);
            proptest::prop_assert_eq!(difference.parts.iter().map(Change::raw).sum::<isize>(), expected);
            proptest::prop_assert_eq!(difference.crates.iter().map(Change::raw).sum::<isize>(), expected);
        }
    }
}
