//! Compares the numbers in `docs/gateway.md`, and the OpenAPI description, with the code.

mod openapi;

use std::{collections::BTreeSet, time::Duration};

use super::{
    completions, keys, limits, log, metrics, proxy, readiness, routing, server, settings, shutdown, state,
    store, work_limits,
};

const PAGE: &str = include_str!("../../../docs/gateway.md");

/// Returns the section of the page below a heading.
fn part(heading: &str) -> &'static str {
    let rest = PAGE
        .split_once(&format!("\n## {heading}\n"))
        .unwrap_or_else(|| panic!("no part `{heading}`"))
        .1;
    rest.split("\n## ").next().unwrap_or_default()
}

/// Returns the text without line breaks.
fn joined_lines(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs())
}

#[test]
fn documented_limits_match_the_code() {
    let limits = joined_lines(part("Limits"));
    let kilobytes = |bytes: usize| format!("{} KB", bytes / 1024);
    for expected in [
        format!(
            "a request's head | {}, 100 lines, and {} to arrive",
            kilobytes(server::HEAD_BYTES),
            seconds(server::HEAD_TIME)
        ),
        format!("`max_body_bytes`, and {} to arrive", seconds(limits::BODY_TIME)),
        format!(
            "large bodies, of more than {} | {} in memory at once, and {} of them parsed; {} more wait for that, up to {} each",
            kilobytes(work_limits::SMALL),
            work_limits::LARGE_AT_ONCE,
            work_limits::PARSED_AT_ONCE,
            work_limits::LARGE_WAITING,
            seconds(work_limits::LARGE_WAIT)
        ),
        format!(
            "one that brings less than {} in {} gives way",
            kilobytes(limits::PACE_BYTES),
            seconds(limits::PACE_TIME)
        ),
        format!("{} without a byte of progress", seconds(server::WRITE_TIME)),
        format!(
            "Large bodies take up to {} times `max_body_bytes`",
            work_limits::LARGE_AT_ONCE
        ),
    ] {
        assert!(limits.contains(&expected), "not in the page: {expected}");
    }
    let errors = joined_lines(part("Errors"));
    let lingering = format!(
        "up to {} MB of the rest of the body are discarded, for {} at most and {} after the last byte",
        server::LINGER_BYTES >> 20,
        seconds(server::LINGER_TIME),
        seconds(server::LINGER_PAUSE)
    );
    assert!(errors.contains(&lingering), "not in the page: {lingering}");
}

#[test]
fn documented_times_match_the_code() {
    let passed_on = joined_lines(part("What is passed on"));
    for expected in [
        format!(
            "nothing after {}, the response begins with an SSE comment",
            seconds(proxy::FIRST_COMMENT)
        ),
        format!("another comment follows every {}", seconds(proxy::COMMENTS)),
    ] {
        assert!(passed_on.contains(&expected), "not in the page: {expected}");
    }
    let dialects = joined_lines(part("Other dialects"));
    assert!(dialects.contains(&format!("the last {}", store::MOST_RESPONSES)));
    let keys_part = joined_lines(part("Keys"));
    assert!(keys_part.contains(&format!("again within {} of a change", seconds(keys::LOOK))));
    let bounded = format!("beyond {} models", metrics::MOST_MODELS);
    assert!(joined_lines(part("Metrics")).contains(&bounded));
    let models = joined_lines(part("Models and providers"));
    for expected in [
        format!(
            "three times in a row pauses for {}",
            seconds(clawft_api::routing::PAUSE)
        ),
        format!(
            "at most {}: it is then asked last",
            seconds(clawft_api::routing::LONGEST_PAUSE)
        ),
        format!("valid for {}", seconds(routing::FRESH)),
        format!("within {} is left out", seconds(routing::WAIT)),
    ] {
        assert!(models.contains(&expected), "not in the page: {expected}");
    }
    let readiness = joined_lines(part("Readiness"));
    for expected in [
        format!("a file of {} KB", store::PROBE_BYTES / 1024),
        format!("valid for {}", seconds(readiness::FRESH)),
        format!("waits up to {} for a check", seconds(readiness::CHECK_TIME)),
        format!("a result of up to {} before", seconds(readiness::STALE)),
    ] {
        assert!(readiness.contains(&expected), "not in the page: {expected}");
    }
    assert!(joined_lines(part("The log")).contains(&format!("{} lines are kept", log::CAPACITY)));
    assert!(joined_lines(part("The end")).contains(&format!("{} to complete", seconds(shutdown::GRACE))));
    let whole = shutdown::GRACE
        + shutdown::STORING
        + shutdown::FLUSHING
        + shutdown::LAST_WRITES
        + shutdown::LAST_LINES;
    assert!(
        whole + Duration::from_millis(500) < Duration::from_secs(10),
        "it would take {whole:?} to end"
    );
    assert!(
        completions::STORE_TIME < state::ANSWER_TIME && state::ANSWER_TIME < shutdown::STORING,
        "what cannot be stored or answered is told before clients are cut"
    );
}

#[test]
fn documented_settings_match_the_code() {
    let rows = part("Settings")
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    assert_eq!(
        rows.collect::<BTreeSet<_>>(),
        settings::FIELDS.into_iter().collect()
    );
}
