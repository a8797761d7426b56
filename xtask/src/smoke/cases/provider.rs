//! A provider that answers with an error, or with something that is no answer.

use anyhow::{Result, ensure};
use serde_json::json;

use super::cases;
use crate::smoke::lab::{KEY_VARIABLE, Lab, PROVIDER};

cases! {
    "401 names the provider and the variable, not the key" => unauthorized,
    "403 is a wrong key too" => forbidden,
    "400 passes on the provider's words at once" => bad_request,
    "500 is retried twice unless the config says otherwise" => server_error,
    "429 is retried as often as the config says" => rate_limited,
    "a provider that recovers costs nothing but time" => recovers,
    "an answer that is not JSON is a named error" => garbage,
    "an answer cut short is a named error" => truncated,
}

fn unauthorized(lab: &Lab<'_>) -> Result<()> {
    refused_key(lab, "status-401")
}

fn forbidden(lab: &Lab<'_>) -> Result<()> {
    refused_key(lab, "status-403")
}

/// A wrong key stays wrong: with the default number of retries, one request.
fn refused_key(lab: &Lab<'_>, scenario: &str) -> Result<()> {
    lab.configure_with(scenario, json!({}))?;
    lab.say("hello")?.failed(&["Invalid API key", PROVIDER, KEY_VARIABLE])?;
    lab.received(1)?;
    lab.stored_nothing()
}

fn bad_request(lab: &Lab<'_>) -> Result<()> {
    lab.configure_with("status-400", json!({}))?;
    lab.say("hello")?.failed(&[PROVIDER, "400", "This request is answered with status 400."])?;
    lab.received(1)?;
    lab.stored_nothing()
}

fn server_error(lab: &Lab<'_>) -> Result<()> {
    lab.configure_with("status-500", json!({}))?;
    let words = "The server had an error while processing your request. Sorry about that!";
    lab.say("hello")?.failed(&[PROVIDER, "500", words])?;
    let requests = lab.received(3)?;
    ensure!(requests.iter().all(|request| request.body == requests[0].body), "a retry sent something else");
    lab.stored_nothing()
}

fn rate_limited(lab: &Lab<'_>) -> Result<()> {
    lab.configure_with("status-429", json!({ "retries": 1 }))?;
    lab.say("hello")?.failed(&[PROVIDER, "429", "Rate limit reached"])?;
    lab.received(2).map(drop)
}

fn recovers(lab: &Lab<'_>) -> Result<()> {
    lab.configure_with("recovers", json!({ "retries": 1 }))?;
    lab.say("hello")?.printed("echo: hello")?;
    lab.received(2).map(drop)
}

fn garbage(lab: &Lab<'_>) -> Result<()> {
    lab.configure("garbage")?;
    // Who is to blame, not only what a parser choked on.
    lab.say("hello")?.failed(&[PROVIDER, "chat completion"])?;
    lab.stored_nothing()
}

fn truncated(lab: &Lab<'_>) -> Result<()> {
    lab.configure("truncated")?;
    lab.say("hello")?.failed(&["HTTP", "broke off"])?;
    lab.stored_nothing()
}
