//! The module as a command: files and environment are real, and HTTP is an error in words.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::smoke::{
    case::cases,
    guest::{Artifact, Guest},
    lab::{KEY_VARIABLE, Lab},
};

cases! {
    "wamr: the capabilities are those of this build" => capabilities,
    "wamr: a chat attempt is an error in words, and stores nothing" => chat,
    "wamr: the configuration is read through a mapped folder" => config,
    "wamr: the folder of the configuration is the one that the environment names" => other_folder,
    "wamr: a key that is not in the environment is named by its variable" => no_key,
    "wamr: a damaged session stays where it is without an answer" => damaged,
    "wamr: the folder of sessions is made, written, listed and emptied" => sessions,
    "wamr: a missing folder is an error in words" => no_folder,
    "wamr: an unknown option is an error in words" => unknown_option,
    "wamr: a component is refused, and the right artifact named" => component,
}

fn capabilities(lab: &Lab<'_>) -> Result<()> {
    let outcome = lab.wasip1().arguments(&["--capabilities"]).ask()?;
    outcome.ended_in_order()?;
    let found: Value = serde_json::from_str(&outcome.stdout).context("the capabilities are not JSON")?;
    let version = env!("CARGO_PKG_VERSION");
    let expected = json!({
        "version": version, "platform": "wasm32-wasip1", "http": false, "fs": true, "status": "ready",
    });
    ensure!(found == expected, "the capabilities are {found}");
    Ok(())
}

fn chat(lab: &Lab<'_>) -> Result<()> {
    lab.configure("ok")?;
    unavailable(lab)?;
    lab.sent_nothing()?;
    lab.stored_nothing()
}

/// Everything before the request went well: the configuration, the key and the session.
fn unavailable(lab: &Lab<'_>) -> Result<()> {
    let outcome = lab.wasip1().say("hello")?;
    outcome.failed(&["HTTP unavailable"])?;
    ensure!(outcome.stderr.starts_with("error: HTTP unavailable: "), "another error came first");
    ensure!(outcome.stderr.lines().count() == 1, "said more than one line");
    Ok(())
}

fn config(lab: &Lab<'_>) -> Result<()> {
    lab.wasip1().say("hello")?.failed(&["/config/config.json", "no such file"])?;
    lab.configure_agent("ok", json!({ "stream": "yes" }))?;
    lab.wasip1().say("hello")?.failed(&["/config/config.json", "stream"])?;
    lab.configure("ok")?;
    unavailable(lab)
}

fn other_folder(lab: &Lab<'_>) -> Result<()> {
    lab.configure("ok")?;
    lab.write("other/config.json", b"{]")?;
    let guest = lab.wasip1().variable("CLAWFT_CONFIG_DIR=/config/other".to_owned());
    guest.say("hello")?.failed(&["/config/other/config.json:1:2: not JSON"])
}

fn no_key(lab: &Lab<'_>) -> Result<()> {
    lab.configure("ok")?;
    lab.wasip1().without_key().say("hello")?.failed(&[KEY_VARIABLE])?;
    unavailable(lab)
}

fn damaged(lab: &Lab<'_>) -> Result<()> {
    lab.configure("ok")?;
    lab.write("sessions/default.json", b"{\"version\":1,")?;
    unavailable(lab)?;
    let files = lab.session_files()?;
    ensure!(files == ["default.json"], "the folder of sessions holds {files:?}");
    Ok(())
}

/// By a small program, since the module itself never lists them.
fn sessions(lab: &Lab<'_>) -> Result<()> {
    let expected = "\
written: Grüße, 世界
listed: .locks note old one.json two.json
sessions: 2
removed: true false
left: .locks old two.json
exists: true false";
    Guest::new(lab, Artifact::Sessions).ask()?.answered(expected)?;
    let files = lab.session_files()?;
    ensure!(files == ["old", "two.json"], "the folder of sessions holds {files:?}");
    ensure!(lab.granted().join("sessions/old/2026").is_dir(), "the folder within is not there");
    lab.stored("two", &[])
}

fn no_folder(lab: &Lab<'_>) -> Result<()> {
    lab.wasip1().without_folder().say("hello")?.failed(&["/config"])
}

fn unknown_option(lab: &Lab<'_>) -> Result<()> {
    lab.wasip1().arguments(&["--nonsense"]).ask()?.failed(&["unknown option `--nonsense`"])
}

fn component(lab: &Lab<'_>) -> Result<()> {
    let outcome = lab.component().ask()?;
    ensure!(outcome.exit == Some(2), "exit code {:?}, expected 2", outcome.exit);
    ensure!(outcome.stdout.is_empty(), "printed something on stdout");
    outcome.said(&["is a component, and WAMR runs core modules only: use `clawft-wasip1.wasm`"])
}
