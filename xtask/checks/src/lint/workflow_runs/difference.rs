//! Compares what act has planned and run with the expected jobs, exactly both ways.

use std::collections::{BTreeMap, BTreeSet};

use super::{expected::Expected, observed::Job, plan::Planned};

/// Returns the workflows that are only in the file, or only in the checkout.
pub(super) fn of_names(expected: &Expected, found: &BTreeSet<String>) -> Vec<String> {
    let known: BTreeSet<String> = expected.workflow.keys().cloned().collect();
    let new = found.difference(&known).map(|name| format!("+ {name}.yml"));
    let gone = known.difference(found).map(|name| format!("- {name}.yml"));
    gone.chain(new).collect()
}

/// Returns the differences between the plans of a workflow.
pub(super) fn of_plans(
    workflow: &str,
    expected: &BTreeMap<String, Planned>,
    found: &BTreeMap<String, Planned>,
) -> Vec<String> {
    of(
        &format!("{workflow}.yml: order of the jobs"),
        expected,
        found,
        |job| {
            let list = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(", ");
            format!("on {}, after [{}]", list(&job.events), list(&job.waits))
        },
    )
}

/// Returns the differences between the jobs of a run.
pub(super) fn of_jobs(
    title: &str,
    expected: &BTreeMap<String, Job>,
    found: &BTreeMap<String, Job>,
) -> Vec<String> {
    of(title, expected, found, |job| {
        let lines = job.lines.iter().map(|line| format!("\n        {line}"));
        format!("{}{}", job.result, lines.collect::<String>())
    })
}

/// Returns a title, and below it `-` for each expected job and `+` for each found one that the other side lacks.
fn of<Item: PartialEq>(
    title: &str,
    expected: &BTreeMap<String, Item>,
    found: &BTreeMap<String, Item>,
    shown: impl Fn(&Item) -> String,
) -> Vec<String> {
    let names: BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
    let mut differences = Vec::new();
    for name in names {
        let sides = [("-", expected.get(name)), ("+", found.get(name))];
        if sides[0].1 == sides[1].1 {
            continue;
        }
        for (sign, item) in sides {
            differences.extend(item.map(|item| format!("  {sign} {name}: {}", shown(item))));
        }
    }
    if !differences.is_empty() {
        differences.insert(0, title.to_owned());
    }
    differences
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jobs(of: &[(&str, &str)]) -> BTreeMap<String, Job> {
        let job =
            |(name, line): &(&str, &str)| ((*name).to_owned(), Job::new("success", &[(*line).to_owned()]));
        of.iter().map(job).collect()
    }

    #[test]
    fn shows_changed_missing_and_new_jobs() {
        let expected = jobs(&[("build", "cargo a"), ("lint", "cargo b"), ("test", "cargo c")]);
        let found = jobs(&[("build", "cargo x"), ("test", "cargo c"), ("zip", "cargo d")]);
        let shown = of_jobs("push", &expected, &found);
        let expected_text = [
            "push",
            "  - build: success\n        cargo a",
            "  + build: success\n        cargo x",
            "  - lint: success\n        cargo b",
            "  + zip: success\n        cargo d",
        ];
        assert_eq!(shown, expected_text);
        assert!(of_jobs("push", &found, &found).is_empty());
    }

    #[test]
    fn shows_jobs_that_no_longer_wait() {
        let planned = |waits: &[&str]| {
            let names = |names: &[&str]| names.iter().map(ToString::to_string).collect();
            let planned = Planned {
                events: names(&["push"]),
                waits: names(waits),
            };
            BTreeMap::from([("publish".to_owned(), planned)])
        };
        let shown = of_plans("release", &planned(&["build", "checks"]), &planned(&["build"]));
        let expected = [
            "release.yml: order of the jobs",
            "  - publish: on push, after [build, checks]",
            "  + publish: on push, after [build]",
        ];
        assert_eq!(shown, expected);
    }
}
