//! What is different between two artifacts, or two builds: a pure function of what is in them.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use serde::Serialize;

use super::{
    anatomy::Anatomy,
    item::{Item, Kind, Place},
    profile::Profile,
};
use crate::budget::Measured;

/// What became of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Fate {
    Added,
    Removed,
    Grown,
    Shrunk,
}

/// Something whose size is another now; `K` is what names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Change<K> {
    pub(crate) change: Fate,
    #[serde(flatten)]
    pub(crate) what: K,
    /// Zero where it was not there.
    pub(crate) before: Measured,
    /// Zero where it is gone.
    pub(crate) after: Measured,
}

/// A crate, or what stands for one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Owner {
    #[serde(rename = "crate")]
    pub(crate) owner: String,
}

/// A kind of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct OfKind {
    pub(crate) kind: Kind,
}

/// The difference between an artifact and what it was.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Difference {
    /// `None` where the base has no such artifact.
    pub(crate) before: Option<Measured>,
    /// `None` where there is no such artifact any more.
    pub(crate) after: Option<Measured>,
    pub(crate) kinds: Vec<Change<OfKind>>,
    pub(crate) crates: Vec<Change<Owner>>,
    /// Functions, and parts that are none.
    pub(crate) parts: Vec<Change<Place>>,
}

impl<K> Change<K> {
    /// Bytes that it has more, or less, than before.
    pub(crate) fn raw(&self) -> isize {
        difference(self.before.raw, self.after.raw)
    }

    /// The same of the compressed file.
    pub(crate) fn gzip(&self) -> isize {
        difference(self.before.gzip, self.after.gzip)
    }
}

/// How much more `after` is than `before`.
pub(crate) fn difference(before: usize, after: usize) -> isize {
    after.cast_signed() - before.cast_signed()
}

/// The differences of all artifacts that either build has.
pub(crate) fn builds<'a>(before: &'a Profile, after: &'a Profile) -> BTreeMap<&'a str, Difference> {
    let names: BTreeSet<&str> =
        before.artifacts.keys().chain(after.artifacts.keys()).map(String::as_str).collect();
    names
        .into_iter()
        .map(|name| (name, artifacts(before.artifacts.get(name), after.artifacts.get(name))))
        .collect()
}

/// The difference between two artifacts.
pub(crate) fn artifacts(before: Option<&Anatomy>, after: Option<&Anatomy>) -> Difference {
    let items = |anatomy: Option<&Anatomy>| anatomy.map(|anatomy| anatomy.items.clone()).unwrap_or_default();
    let (old, new) = (items(before), items(after));
    Difference {
        before: before.map(|anatomy| anatomy.size),
        after: after.map(|anatomy| anatomy.size),
        kinds: changes(&by_kind(&old), &by_kind(&new)),
        crates: changes(&by_owner(&old), &by_owner(&new)),
        parts: changes(&by(&old, |item| item.place.clone()), &by(&new, |item| item.place.clone())),
    }
}

/// Sums by kind.
pub(crate) fn by_kind(items: &[Item]) -> BTreeMap<OfKind, Measured> {
    by(items, |item| OfKind { kind: item.place.kind })
}

/// Sums by crate.
pub(crate) fn by_owner(items: &[Item]) -> BTreeMap<Owner, Measured> {
    by(items, |item| Owner { owner: item.place.owner.clone() })
}

fn by<K: Ord>(items: &[Item], key: impl Fn(&Item) -> K) -> BTreeMap<K, Measured> {
    let mut sums: BTreeMap<K, Measured> = BTreeMap::new();
    for item in items {
        let sum = sums.entry(key(item)).or_default();
        sum.raw += item.size.raw;
        sum.gzip += item.size.gzip;
    }
    sums
}

/// Everything whose raw size differs, what changed most first. The compressed size alone moves with everything around.
fn changes<K: Ord + Clone>(before: &BTreeMap<K, Measured>, after: &BTreeMap<K, Measured>) -> Vec<Change<K>> {
    let names: BTreeSet<&K> = before.keys().chain(after.keys()).collect();
    let change = |what: &K| {
        let (old, new) = (before.get(what), after.get(what));
        let change = match (old, new) {
            (None, _) => Fate::Added,
            (_, None) => Fate::Removed,
            (Some(old), Some(new)) if old.raw < new.raw => Fate::Grown,
            (Some(old), Some(new)) if old.raw > new.raw => Fate::Shrunk,
            _ => return None,
        };
        let size = |size: Option<&Measured>| size.copied().unwrap_or_default();
        Some(Change { change, what: what.clone(), before: size(old), after: size(new) })
    };
    let mut changes: Vec<Change<K>> = names.into_iter().filter_map(change).collect();
    changes.sort_by_key(|change| Reverse(change.raw().unsigned_abs()));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anatomy(functions: &[(&str, usize)]) -> Anatomy {
        let item = |&(name, raw): &(&str, usize)| {
            let owner = name.split("::").next().unwrap();
            Item {
                place: Place::of(Kind::Code, owner, name),
                copies: 1,
                size: Measured { raw, gzip: raw / 2 },
            }
        };
        let raw = functions.iter().map(|(_, raw)| raw).sum();
        Anatomy { size: Measured { raw, gzip: raw / 2 }, items: functions.iter().map(item).collect() }
    }

    #[test]
    fn each_fate_is_told_and_the_largest_change_comes_first() {
        let before = anatomy(&[("a::same", 10), ("a::grown", 10), ("b::shrunk", 90), ("b::gone", 30)]);
        let after = anatomy(&[("a::same", 10), ("a::grown", 15), ("b::shrunk", 50), ("c::new", 20)]);
        let difference = artifacts(Some(&before), Some(&after));
        let told: Vec<_> = difference
            .parts
            .iter()
            .map(|change| (change.change, change.what.name.as_str(), change.raw()))
            .collect();
        assert_eq!(
            told,
            [
                (Fate::Shrunk, "b::shrunk", -40),
                (Fate::Removed, "b::gone", -30),
                (Fate::Added, "c::new", 20),
                (Fate::Grown, "a::grown", 5)
            ]
        );
        let crates: Vec<_> =
            difference.crates.iter().map(|change| (change.what.owner.as_str(), change.raw())).collect();
        assert_eq!(crates, [("b", -70), ("c", 20), ("a", 5)]);
        assert_eq!(difference.kinds[0].raw(), -45);
    }

    #[test]
    fn an_artifact_may_be_new_or_gone() {
        let one = anatomy(&[("a::one", 10)]);
        assert_eq!(artifacts(None, Some(&one)).parts[0].change, Fate::Added);
        assert_eq!(artifacts(Some(&one), None).parts[0].change, Fate::Removed);
        assert!(artifacts(Some(&one), Some(&one)).parts.is_empty());
    }

    proptest::proptest! {
        #[test]
        fn changes_add_up_to_the_difference(old: Vec<(u8, u8)>, new: Vec<(u8, u8)>) {
            let build = |functions: &[(u8, u8)]| {
                let named: Vec<(String, usize)> =
                    functions.iter().map(|&(name, size)| (format!("{}::{name}", name % 5), size.into())).collect();
                let named: Vec<(&str, usize)> = named.iter().map(|(name, size)| (name.as_str(), *size)).collect();
                anatomy(&named)
            };
            let (old, new) = (build(&old), build(&new));
            let difference = artifacts(Some(&old), Some(&new));
            let expected = super::difference(old.size.raw, new.size.raw);
            proptest::prop_assert_eq!(difference.parts.iter().map(Change::raw).sum::<isize>(), expected);
            proptest::prop_assert_eq!(difference.crates.iter().map(Change::raw).sum::<isize>(), expected);
        }
    }
}
