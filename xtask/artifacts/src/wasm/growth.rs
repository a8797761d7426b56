//! The functions that grew since the last accepted sizes, for the error of an exceeded budget.

use std::path::PathBuf;

use anyhow::{Error, Result, anyhow};
use builds::budget::Violations;
use devkit::project::Project;
use wasm_diet::{Profile, diff};

use crate::table::{short, signed};

/// The number of functions that an error names.
const NAMED: usize = 12;

/// Returns the path of the file with the accepted sizes.
pub(crate) fn baseline_path(project: &Project) -> PathBuf {
    project.root.join("xtask/data/size").join("baseline.json")
}

/// Returns the accepted sizes.
///
/// # Errors
/// Fails if the file cannot be read.
pub(crate) fn baseline(project: &Project) -> Result<Profile> {
    Profile::read(&baseline_path(project))
}

/// Adds to `error`, the violation of a budget, the functions that grew since the sizes were accepted, and the cures.
pub(crate) fn explain(project: &Project, profile: &Profile, error: &Error) -> Error {
    let Some(violations) = error.downcast_ref::<Violations>() else {
        return anyhow!("{error:#}");
    };
    let grown = match baseline(project) {
        Ok(accepted) => grown(&accepted, profile),
        Err(unreadable) => format!("the functions that grew are not known: {unreadable:#}\n"),
    };
    if grown.is_empty() && violations.only_above_ratchet() {
        return anyhow!(
            "{violations}\n\nno artifact grew since its size was accepted, so the ratchet was lowered: restore it, or make the \
             artifact smaller"
        );
    }
    let cures = violations.cures("accept the growth with its reason: cargo xtask size --accept \"WHY\"");
    let grown = if grown.is_empty() {
        grown
    } else {
        format!("\n{grown}")
    };
    anyhow!("{violations}\n{grown}\n{}", cures.join("\n"))
}

/// Returns the functions that grew in each artifact that is larger than before.
fn grown(accepted: &Profile, profile: &Profile) -> String {
    let mut text = String::new();
    for (name, difference) in diff::profiles(accepted, profile) {
        let (Some(before), Some(after)) = (difference.before, difference.after) else {
            continue;
        };
        let more = diff::difference(before.raw, after.raw);
        if more <= 0 && after.gzip <= before.gzip {
            continue;
        }
        text.push_str(&format!(
            "in {name}, since the accepted size ({} bytes raw):\n",
            signed(more)
        ));
        let mut grown: Vec<_> = difference
            .parts
            .iter()
            .filter(|change| change.raw() > 0)
            .collect();
        grown.sort_by_key(|change| std::cmp::Reverse(change.raw()));
        for change in grown.iter().take(NAMED) {
            text.push_str(&format!(
                "{:>9}  {}\n",
                signed(change.raw()),
                short(&change.id.name)
            ));
        }
        if grown.len() > NAMED {
            text.push_str(&format!(
                "{:>9}  others: cargo xtask size diff xtask/data/size/baseline.json\n",
                grown.len() - NAMED
            ));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use wasm_diet::{Anatomy, Kind, Part, PartId, Sizes};

    use super::*;

    #[test]
    fn names_functions_that_grew() {
        let profile = |functions: &[(&str, usize)]| {
            let part = |&(name, raw): &(&str, usize)| Part {
                id: PartId::new(Kind::Code, "core", name),
                copies: 1,
                size: Sizes { raw, gzip: raw },
            };
            let raw = functions.iter().map(|(_, raw)| raw).sum();
            let anatomy = Anatomy {
                size: Sizes { raw, gzip: raw },
                parts: functions.iter().map(part).collect(),
            };
            Profile {
                revision: None,
                artifacts: BTreeMap::from([("a.wasm".to_owned(), anatomy)]),
            }
        };
        let text = grown(
            &profile(&[("a", 10), ("b", 20)]),
            &profile(&[("a", 5), ("b", 23), ("c", 1_200)]),
        );
        let expected = "in a.wasm, since the accepted size (+1,198 bytes raw):\n   +1,200  c\n       +3  b\n";
        assert_eq!(text, expected);
        assert_eq!(grown(&profile(&[("a", 10)]), &profile(&[("a", 9)])), "");
    }
}
