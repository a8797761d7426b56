//! The module as a command: files and environment are real, and HTTP is an error.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::{
    guests::{
        context::{GuestContext, KEY_VARIABLE},
        guest::{Artifact, Guest},
    },
    harness::case::cases,
};

cases! {
    command:
    prints_capabilities_of_this_build,
    chat_attempt_fails_and_stores_nothing,
    reads_configuration_through_mapped_directory,
    reads_configuration_from_directory_in_environment,
    names_variable_of_missing_key,
    leaves_damaged_session_without_an_answer,
    makes_writes_lists_and_empties_sessions,
    reports_missing_configuration_directory,
    reports_unknown_option_by_name,
    refuses_component_and_names_right_artifact,
}

fn prints_capabilities_of_this_build(test: &GuestContext<'_>) -> Result<()> {
    let outcome = test.wasip1().arguments(&["--capabilities"]).ask()?;
    outcome.ended_in_order()?;
    let found: Value = serde_json::from_str(&outcome.stdout).context("the capabilities are not JSON")?;
    let version = env!("CARGO_PKG_VERSION");
    let expected = json!({
        "version": version, "platform": "wasm32-wasip1", "http": false, "fs": true, "status": "ready",
    });
    ensure!(found == expected, "the capabilities are {found}");
    Ok(())
}

fn chat_attempt_fails_and_stores_nothing(test: &GuestContext<'_>) -> Result<()> {
    test.configure("ok")?;
    unavailable(test)?;
    test.sent_nothing()?;
    test.stored_nothing()
}

/// Checks that everything before the request succeeded: the configuration, the key and the session.
fn unavailable(test: &GuestContext<'_>) -> Result<()> {
    let outcome = test.wasip1().say("hello")?;
    outcome.failed(&["HTTP unavailable"])?;
    ensure!(
        outcome.stderr.starts_with("error: HTTP unavailable: "),
        "another error came first"
    );
    ensure!(outcome.stderr.lines().count() == 1, "said more than one line");
    Ok(())
}

fn reads_configuration_through_mapped_directory(test: &GuestContext<'_>) -> Result<()> {
    test.wasip1()
        .say("hello")?
        .failed(&["/config/config.json", "no such file"])?;
    test.configure_agent("ok", json!({ "stream": "yes" }))?;
    test.wasip1()
        .say("hello")?
        .failed(&["/config/config.json", "stream"])?;
    test.configure("ok")?;
    unavailable(test)
}

fn reads_configuration_from_directory_in_environment(test: &GuestContext<'_>) -> Result<()> {
    test.configure("ok")?;
    test.write("other/config.json", b"{]")?;
    let guest = test
        .wasip1()
        .variable("CLAWFT_CONFIG_DIR=/config/other".to_owned());
    guest
        .say("hello")?
        .failed(&["/config/other/config.json:1:2: not JSON"])
}

fn names_variable_of_missing_key(test: &GuestContext<'_>) -> Result<()> {
    test.configure("ok")?;
    test.wasip1()
        .without_key()
        .say("hello")?
        .failed(&[KEY_VARIABLE])?;
    unavailable(test)
}

fn leaves_damaged_session_without_an_answer(test: &GuestContext<'_>) -> Result<()> {
    test.configure("ok")?;
    test.write("sessions/default.json", b"{\"version\":1,")?;
    unavailable(test)?;
    let files = test.session_files()?;
    ensure!(
        files == ["default.json"],
        "the directory of sessions holds {files:?}"
    );
    Ok(())
}

/// Uses a small program, because the module itself never lists sessions.
fn makes_writes_lists_and_empties_sessions(test: &GuestContext<'_>) -> Result<()> {
    let expected = "\
written: Grüße, 世界
listed: .locks note old one.json two.json
sessions: 2
removed: true false
left: .locks old two.json
exists: true false";
    Guest::new(test, Artifact::Sessions).ask()?.answered(expected)?;
    let files = test.session_files()?;
    ensure!(
        files == ["old", "two.json"],
        "the directory of sessions holds {files:?}"
    );
    ensure!(
        test.granted().join("sessions/old/2026").is_dir(),
        "the directory within is not there"
    );
    test.stored("two", &[])
}

fn reports_missing_configuration_directory(test: &GuestContext<'_>) -> Result<()> {
    test.wasip1()
        .without_directory()
        .say("hello")?
        .failed(&["/config"])
}

fn reports_unknown_option_by_name(test: &GuestContext<'_>) -> Result<()> {
    test.wasip1()
        .arguments(&["--nonsense"])
        .ask()?
        .failed(&["unknown option `--nonsense`"])
}

fn refuses_component_and_names_right_artifact(test: &GuestContext<'_>) -> Result<()> {
    let outcome = test.component().ask()?;
    ensure!(
        outcome.exit == Some(2),
        "exit code {:?}, expected 2",
        outcome.exit
    );
    ensure!(outcome.stdout.is_empty(), "printed something on stdout");
    outcome.said(&["is a component, and WAMR runs core modules only: use `clawft-wasip1.wasm`"])
}
