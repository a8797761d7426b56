//! The chat page, driven as a person would, in a real browser. The tests are in `xtask/acceptance/page.py`, and the
//! screenshots that they take in `target/acceptance/`.

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::cases;
use crate::smoke::weft::place::Place;

cases! {
    "page: what is typed is answered as it arrives, and is there after a reload" => talk,
    "page: it asks for the token once, and takes no wrong one" => token,
    "page: an answer can be stopped, and what arrived stays" => stop,
    "page: everything works by keyboard" => keyboard,
    "page: dark mode on a phone" => phone,
    "page: what the model sends is text, whatever it looks like" => hostile,
    "page: an answer with formatting" => formatting,
    "page: errors are said, and can be tried again" => errors,
    "page: a fragment that is no text is none" => fragment,
    "page: an answer that is not stored has a note" => unstored,
}

fn talk(place: &Place<'_>) -> Result<()> {
    let gateway = place.gateway("stream-slow")?;
    place.page("talk", &gateway)
}

fn token(place: &Place<'_>) -> Result<()> {
    let gateway = place.gateway_with_token("ok")?;
    place.page("token", &gateway)
}

/// What arrived of the answer is stored as well, and the provider is not kept busy for nobody.
fn stop(place: &Place<'_>) -> Result<()> {
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

fn keyboard(place: &Place<'_>) -> Result<()> {
    let gateway = place.gateway("stream-slow")?;
    place.page("keyboard", &gateway)
}

fn phone(place: &Place<'_>) -> Result<()> {
    let gateway = place.gateway("ok")?;
    place.page("phone", &gateway)
}

fn hostile(place: &Place<'_>) -> Result<()> {
    let gateway = place.gateway("ok")?;
    place.page("hostile", &gateway)
}

fn formatting(place: &Place<'_>) -> Result<()> {
    let gateway = place.gateway("ok")?;
    place.page("formatting", &gateway)
}

fn errors(place: &Place<'_>) -> Result<()> {
    let gateway = place.gateway("recovers")?;
    place.page("errors", &gateway)
}

fn fragment(place: &Place<'_>) -> Result<()> {
    let gateway = place.gateway("ok")?;
    place.page("fragment", &gateway)
}

fn unstored(place: &Place<'_>) -> Result<()> {
    place.configure("ok")?;
    let gateway = place.start_without_room()?;
    place.page("unstored", &gateway)
}
