//! The report on a shrunk binary.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;
use wasmparser::{Parser, Payload};

use super::stale;
use crate::{
    custom::{self, Fate},
    features::Features,
    part::Sizes,
};

/// The report on a shrunk binary: what was done to each module and section, with the sizes.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The sizes of the original.
    pub before: Sizes,
    /// The sizes of the result.
    pub after: Sizes,
    /// The features that the original needs; the result needs no others.
    pub features: Features,
    /// The core modules, in their order.
    pub modules: Vec<Module>,
    /// The custom sections of the original, at every depth.
    pub sections: Vec<Section>,
}

/// The report on a core module, with its sizes.
#[derive(Clone, Debug, Serialize)]
pub struct Module {
    /// Its number, from 1.
    pub number: usize,
    /// Its position in the original.
    pub offset: u64,
    /// Bytes in the original.
    pub before: usize,
    /// Bytes in the result.
    pub after: usize,
    /// The features that the original module needs.
    pub needs: Features,
    /// The result.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// The result for a core module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// The engine made it smaller.
    Optimised,
    /// The engine found nothing to gain.
    Unchanged,
    /// It stays as it is.
    Left {
        /// The reason.
        reason: String,
    },
}

/// The custom sections of one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Section {
    /// The name.
    pub name: String,
    /// The number of sections of this name.
    pub count: usize,
    /// The bytes of their content.
    pub bytes: usize,
    /// The number of sections that are left.
    pub left: usize,
    /// The bytes of their content. A section with names may be left in part.
    pub left_bytes: usize,
    /// The number of sections that are left although they describe code or bytes that have changed.
    pub stale: usize,
    /// The treatment by the rules.
    pub rule: Fate,
    /// The reason of the rule.
    pub reason: &'static str,
}

impl Report {
    /// Returns the modules that stay as they are, with the reason.
    pub fn left(&self) -> impl Iterator<Item = (&Module, &str)> {
        self.modules.iter().filter_map(|module| match &module.outcome {
            Outcome::Left { reason } => Some((module, reason.as_str())),
            Outcome::Optimised | Outcome::Unchanged => None,
        })
    }

    /// Returns the sections that were kept although they no longer fit.
    pub fn stale(&self) -> impl Iterator<Item = &Section> {
        self.sections.iter().filter(|section| section.stale > 0)
    }

    /// Returns whether the original was signed and the result is not.
    pub fn lost_signature(&self) -> bool {
        let mut signatures = self.sections.iter().filter(|section| section.name == "signature");
        signatures.any(|section| section.left < section.count)
    }
}

/// Returns the custom sections of `before`, and counts those that `after` still has.
pub(super) fn sections(before: &[u8], after: &[u8]) -> Result<Vec<Section>> {
    let mut left = counts(after)?;
    let mut stale = stale::sections(before, after)?;
    let found = counts(before)?.into_iter().map(|(name, (count, bytes))| {
        let rule = custom::rule_of(&name);
        let (left, left_bytes) = left.remove(&name).unwrap_or_default();
        Section {
            stale: stale.remove(&name).unwrap_or_default(),
            name,
            count,
            bytes,
            left,
            left_bytes,
            rule: rule.fate,
            reason: rule.reason,
        }
    });
    Ok(found.collect())
}

fn counts(binary: &[u8]) -> Result<BTreeMap<String, (usize, usize)>> {
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for payload in Parser::new(0).parse_all(binary) {
        if let Payload::CustomSection(custom) = payload? {
            let (count, bytes) = counts.entry(custom.name().to_owned()).or_default();
            *count += 1;
            *bytes += custom.data().len();
        }
    }
    Ok(counts)
}
