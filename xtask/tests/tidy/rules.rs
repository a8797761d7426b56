//! The rules for workflows: each is a function from a file to its faults.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::{
    commands,
    document::{Document, Job, steps, text},
    root,
};

/// The allowed beginnings of lines that prepare a machine: a toolchain or a runtime is downloaded or compiled,
/// verified, unpacked, and its path passed on.
pub(crate) const SET_UP: [&str; 6] = [
    "rustup toolchain install",
    "curl --fail ",
    "echo \"$SHA256  $RUNNER_TEMP/",
    "tar -xzf \"$RUNNER_TEMP/",
    "echo \"program=",
    // A script of the action, which the linter for scripts reads and an end-to-end case runs.
    "bash \"$GITHUB_ACTION_PATH/",
];

/// The allowed destinations of a line's output.
const HANDED_ON: [&str; 2] = [" | sha256sum --check --strict", " >> \"$GITHUB_OUTPUT\""];

/// Returns all faults of a workflow.
pub(crate) fn workflow(document: &Document) -> Vec<String> {
    let of_jobs = document.jobs().flat_map(|job| {
        let found = [
            runs(job),
            local_actions(job),
            limits(job),
            builders(job),
            downloads(document, job),
        ]
        .concat();
        found
            .into_iter()
            .map(|what| document.wrong(job.name, &what))
            .collect::<Vec<_>>()
    });
    of_jobs
        .chain(grants(document))
        .chain(pins(document))
        .chain(join(document))
        .collect()
}

/// Returns all faults of an action.
pub(crate) fn action(document: &Document) -> Vec<String> {
    let lines = set_up_lines(document).into_iter().filter(|line| !prepares(line));
    let wrong = lines.map(|line| format!("`{line}` is not on the list of commands that prepare a machine"));
    wrong
        .map(|what| document.wrong("run", &what))
        .chain(pins(document))
        .collect()
}

/// Returns whether `line` is one command of the list. Its output may only go to a check of a checksum or to
/// GitHub: downloads are not run unchecked.
fn prepares(line: &str) -> bool {
    let command = HANDED_ON
        .iter()
        .find_map(|end| line.strip_suffix(end))
        .unwrap_or(line);
    let alone = !["|", "&", ";", "<", ">", "`", "$(", "${{"]
        .iter()
        .any(|more| command.contains(more));
    alone && SET_UP.iter().any(|beginning| command.starts_with(beginning))
}

/// Returns the entries of the list that no line begins with.
pub(crate) fn unneeded(actions: &[Document]) -> Vec<String> {
    let lines: Vec<String> = actions.iter().flat_map(set_up_lines).collect();
    let unused = SET_UP
        .iter()
        .filter(|beginning| !lines.iter().any(|line| line.starts_with(**beginning)));
    unused
        .map(|beginning| format!("no line begins with `{beginning}`: take it off the list"))
        .collect()
}

fn set_up_lines(document: &Document) -> Vec<String> {
    let runs = steps(&document.value["runs"])
        .iter()
        .filter_map(|step| step["run"].as_str());
    runs.flat_map(|run| run.trim_end().lines().map(str::to_owned))
        .collect()
}

fn runs(job: Job<'_>) -> Vec<String> {
    let runs = job
        .steps()
        .iter()
        .filter_map(|step| Some((step, step["run"].as_str()?)));
    runs.filter_map(|(step, run)| commands::wrong(job, step, run.trim_end()))
        .collect()
}

/// Checks that our own actions are used after the checkout, which contains them.
fn local_actions(job: Job<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut checked_out = false;
    for action in job.steps().iter().filter_map(|step| step["uses"].as_str()) {
        checked_out |= action.starts_with("actions/checkout@");
        let Some(directory) = action.strip_prefix("./") else {
            continue;
        };
        if !root().join(directory).join("action.yml").is_file() {
            wrong.push(format!("there is no action `{action}`"));
        }
        if !checked_out {
            wrong.push(format!("`{action}` is used before anything is checked out"));
        }
    }
    wrong
}

fn limits(job: Job<'_>) -> Vec<String> {
    // A called workflow has its own limits.
    let limited = job.value["timeout-minutes"].is_u64() || job.value["uses"].is_string();
    (!limited)
        .then(|| "it has no `timeout-minutes`".to_owned())
        .into_iter()
        .collect()
}

/// Checks that no job builds `weft` on a system that cannot: it runs there what another machine has built.
fn builders(job: Job<'_>) -> Vec<String> {
    let builds = |run: &str| run.starts_with("cargo xtask dist") && !run.contains(" --run ");
    let runs = job.steps().iter().filter_map(|step| step["run"].as_str());
    let builds: Vec<&str> = runs.filter(|run| builds(run)).collect();
    let runner = |row: &Map<String, Value>| match job.value["runs-on"].as_str().unwrap_or_default() {
        "${{ matrix.runner }}" => row.get("runner").map(text).unwrap_or_default(),
        runner => runner.to_owned(),
    };
    let runners: BTreeSet<String> = job.rows().iter().map(runner).collect();
    let cannot = runners.iter().filter(|runner| runner.starts_with("windows"));
    cannot
        .flat_map(|runner| {
            builds
                .iter()
                .map(move |run| format!("`{run}` cannot build on `{runner}`"))
        })
        .collect()
}

/// Checks the permissions: none at the top; in each job those that it needs, each with a reason in a comment.
fn grants(document: &Document) -> Vec<String> {
    let mut wrong = Vec::new();
    if document.value["permissions"] != json!({}) {
        wrong.push(document.wrong("permissions", "the top has to grant nothing: `permissions: {}`"));
    }
    for job in document
        .jobs()
        .filter(|job| !job.value["permissions"].is_object())
    {
        wrong.push(document.wrong(job.name, "it has no `permissions`"));
    }
    for line in document.text.lines() {
        let granted = line.split_once(": ").is_some_and(|(_, rest)| {
            ["read", "write"].contains(&rest.split(" #").next().unwrap_or_default().trim())
        });
        if granted && !line.contains(" # ") {
            wrong.push(document.wrong(line.trim(), "a permission needs its reason in a comment"));
        }
    }
    wrong
}

/// Checks that an action of others is `owner/name@COMMIT # vX.Y.Z`.
fn pins(document: &Document) -> Vec<String> {
    let used = document
        .text
        .lines()
        .filter_map(used)
        .filter(|used| !used.starts_with("./"));
    let unpinned = used.filter(|used| pin(used).is_none());
    unpinned
        .map(|used| document.wrong(used, "it has to be pinned: `@COMMIT # vX.Y.Z`"))
        .collect()
}

/// Returns the actions with more than one commit or version.
pub(crate) fn pinned_differently(documents: &[Document]) -> Vec<String> {
    let mut pins: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (action, pinned) in documents
        .iter()
        .flat_map(|document| document.text.lines().filter_map(used))
        .filter_map(pin)
    {
        pins.entry(action).or_default().insert(pinned);
    }
    let several = pins.iter().filter(|(_, pinned)| pinned.len() > 1);
    several
        .map(|(action, pinned)| format!("{action} is pinned to {pinned:?}"))
        .collect()
}

/// Returns the action that a line uses, with its comment.
fn used(line: &str) -> Option<&str> {
    line.trim_start()
        .trim_start_matches("- ")
        .strip_prefix("uses:")
        .map(str::trim)
}

/// Returns the action and its version, if it is pinned correctly.
fn pin(used: &str) -> Option<(&str, &str)> {
    let (action, pinned) = used.split_once('@')?;
    let (commit, version) = pinned.split_once(" # v")?;
    let is_commit = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    let numbers: Vec<&str> = version.split('.').collect();
    let is_version = numbers.len() == 3 && numbers.iter().all(|number| number.parse::<u32>().is_ok());
    (is_commit && is_version).then_some((action, pinned))
}

/// Checks that one job waits for all others, whether they pass or not, and reads their results.
fn join(document: &Document) -> Vec<String> {
    let joins: Vec<Job<'_>> = document
        .jobs()
        .filter(|job| job.value["if"] == "always()")
        .collect();
    let [join] = joins[..] else {
        return vec![document.wrong(
            "jobs",
            &format!("one job joins the others, and {} do", joins.len()),
        )];
    };
    let needs = join.needs();
    let missing = document
        .jobs()
        .filter(|job| job.name != join.name && !needs.contains(&job.name));
    let mut wrong: Vec<String> = missing
        .map(|job| document.wrong(join.name, &format!("it does not wait for `{}`", job.name)))
        .collect();
    if !join
        .steps()
        .iter()
        .any(|step| step["with"]["jobs"] == "${{ toJSON(needs) }}")
    {
        wrong.push(document.wrong(join.name, "it does not read the results of the others"));
    }
    wrong
}

/// Checks that every downloaded artifact was uploaded by a job that has ended before.
fn downloads(document: &Document, job: Job<'_>) -> Vec<String> {
    let before = before(document, job);
    let uploaded: Vec<String> = before
        .into_iter()
        .flat_map(|job| artifacts(job, "actions/upload-artifact@", "name"))
        .collect();
    let named = artifacts(job, "actions/download-artifact@", "name");
    let unnamed = artifacts(job, "actions/download-artifact@", "pattern");
    let missing = named.into_iter().filter(|name| !uploaded.contains(name));
    let unmatched = unnamed.into_iter().filter(|pattern| {
        let beginning = pattern.trim_end_matches('*');
        !uploaded.iter().any(|name| name.starts_with(beginning))
    });
    missing
        .chain(unmatched)
        .map(|name| format!("no job that it waits for uploads `{name}`"))
        .collect()
}

/// Returns all jobs that have ended when `job` begins.
fn before<'d>(document: &'d Document, job: Job<'_>) -> Vec<Job<'d>> {
    let direct: Vec<Job<'d>> = document
        .jobs()
        .filter(|other| job.needs().contains(&other.name))
        .collect();
    let indirect: Vec<Job<'d>> = direct.iter().flat_map(|job| before(document, *job)).collect();
    [direct, indirect].concat()
}

/// Returns the artifacts that steps with `action` name in `key`, for every row of the job's matrix.
fn artifacts(job: Job<'_>, action: &str, key: &str) -> Vec<String> {
    let steps = job
        .steps()
        .iter()
        .filter(|step| step["uses"].as_str().is_some_and(|uses| uses.starts_with(action)));
    let named: Vec<&str> = steps.filter_map(|step| step["with"][key].as_str()).collect();
    let fill = |name: &str, row: &Map<String, Value>| {
        row.iter().fold(name.to_owned(), |name, (key, value)| {
            name.replace(&format!("${{{{ matrix.{key} }}}}"), &text(value))
        })
    };
    job.rows()
        .iter()
        .flat_map(|row| named.iter().map(|name| fill(name, row)).collect::<Vec<_>>())
        .collect()
}
