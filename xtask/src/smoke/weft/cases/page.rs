//! The chat page, driven as a person would, in a real browser. The tests are in `xtask/acceptance/page.py`, and the
//! screenshots that they take in `target/acceptance/`.

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::cases;
use crate::smoke::weft::place::Place;

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

fn answer_arrives_and_survives_reload(place: &Place<'_>) -> Result<()> {
    let gateway = place.gateway("stream-slow")?;
    place.page("talk", &gateway)
}

fn asks_once_for_the_right_token(place: &Place<'_>) -> Result<()> {
    let gateway = place.gateway_with_token("ok")?;
    place.page("token", &gateway)
}

/// What arrived of the answer is stored as well, and the provider is not kept busy for nobody.
fn stopped_answer_keeps_what_arrived(place: &Place<'_>) -> Result<()> {
    let gateway = place.gateway("stream-slow")?;
    place.page("stop", &gateway)?;
    let files = place.session_files()?;
    let name = files.iter().find_map(|name| name.strip_suffix(".json")).context("no session is stored")?;
    let session = place.session(name)?;
    let last = session["messages"].as_array().and_then(|messages| messages.last()).cloned();
    let incomplete = last.as_ref().is_some_and(|message| message["incomplete"] == json!(true));
    ensure!(incomplete, "the stopped answer is stored as {last:?}");
    Ok(())
}

fn everything_works_by_keyboard(place: &Place<'_>) -> Result<()> {
    let gateway = place.gateway("stream-slow")?;
    place.page("keyboard", &gateway)
}

fn dark_mode_fits_a_phone(place: &Place<'_>) -> Result<()> {
    let gateway = place.gateway("ok")?;
    place.page("phone", &gateway)
}

fn shows_model_output_as_text(place: &Place<'_>) -> Result<()> {
    let gateway = place.gateway("ok")?;
    place.page("hostile", &gateway)
}

fn shows_answer_with_formatting(place: &Place<'_>) -> Result<()> {
    let gateway = place.gateway("ok")?;
    place.page("formatting", &gateway)
}

fn shows_errors_and_retries_them(place: &Place<'_>) -> Result<()> {
    let gateway = place.gateway("recovers")?;
    place.page("errors", &gateway)
}

fn ignores_fragment_that_is_no_text(place: &Place<'_>) -> Result<()> {
    let gateway = place.gateway("ok")?;
    place.page("fragment", &gateway)
}

fn marks_answer_that_is_not_stored(place: &Place<'_>) -> Result<()> {
    place.configure("ok")?;
    let gateway = place.start_without_room()?;
    place.page("unstored", &gateway)
}
