//! The chat page in a real browser, used as by a person. The tests are in `xtask/acceptance/page.py`, and their
//! screenshots in `target/acceptance/`.

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::cases;
use crate::weft::context::WeftContext;

cases! {
    page:
    answer_arrives_and_survives_reload,
    asks_once_for_the_right_token,
    stopped_answer_keeps_what_arrived,
    everything_works_by_keyboard,
    dark_mode_fits_a_phone,
    shows_model_output_as_text,
    shows_answer_with_formatting,
    shows_errors_and_retries_them,
    ignores_fragment_that_is_no_text,
    marks_answer_that_is_not_stored,
}

fn answer_arrives_and_survives_reload(test: &WeftContext<'_>) -> Result<()> {
    let gateway = test.gateway("stream-slow")?;
    test.page("talk", &gateway)
}

fn asks_once_for_the_right_token(test: &WeftContext<'_>) -> Result<()> {
    let gateway = test.gateway_with_token("ok")?;
    test.page("token", &gateway)
}

/// The part of the answer that arrived is also stored, and the request to the provider is ended.
fn stopped_answer_keeps_what_arrived(test: &WeftContext<'_>) -> Result<()> {
    let gateway = test.gateway("stream-slow")?;
    test.page("stop", &gateway)?;
    let files = test.session_files()?;
    let name = files
        .iter()
        .find_map(|name| name.strip_suffix(".json"))
        .context("no session is stored")?;
    let session = test.session(name)?;
    let last = session["messages"]
        .as_array()
        .and_then(|messages| messages.last())
        .cloned();
    let incomplete = last
        .as_ref()
        .is_some_and(|message| message["incomplete"] == json!(true));
    ensure!(incomplete, "the stopped answer is stored as {last:?}");
    Ok(())
}

fn everything_works_by_keyboard(test: &WeftContext<'_>) -> Result<()> {
    let gateway = test.gateway("stream-slow")?;
    test.page("keyboard", &gateway)
}

fn dark_mode_fits_a_phone(test: &WeftContext<'_>) -> Result<()> {
    let gateway = test.gateway("ok")?;
    test.page("phone", &gateway)
}

fn shows_model_output_as_text(test: &WeftContext<'_>) -> Result<()> {
    let gateway = test.gateway("ok")?;
    test.page("hostile", &gateway)
}

fn shows_answer_with_formatting(test: &WeftContext<'_>) -> Result<()> {
    let gateway = test.gateway("ok")?;
    test.page("formatting", &gateway)
}

fn shows_errors_and_retries_them(test: &WeftContext<'_>) -> Result<()> {
    let gateway = test.gateway("recovers")?;
    test.page("errors", &gateway)
}

fn ignores_fragment_that_is_no_text(test: &WeftContext<'_>) -> Result<()> {
    let gateway = test.gateway("ok")?;
    test.page("fragment", &gateway)
}

fn marks_answer_that_is_not_stored(test: &WeftContext<'_>) -> Result<()> {
    test.configure("ok")?;
    let gateway = test.start_without_room()?;
    test.page("unstored", &gateway)
}
