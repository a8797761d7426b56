//! A provider that answers with an error, or with something that is no answer.

use anyhow::{Result, ensure};
use serde_json::json;

use super::cases;
use crate::smoke::lab::{KEY_VARIABLE, Lab, PROVIDER};

cases! {
    provider:
    status_401_names_variable_but_not_key,
    status_403_reports_invalid_key,
    status_400_passes_on_providers_words,
    status_500_is_retried_twice_by_default,
    status_429_is_retried_as_configured,
    answers_after_provider_recovers,
    reports_answer_that_is_not_json,
    reports_answer_cut_short,
}

fn status_401_names_variable_but_not_key(lab: &Lab<'_>) -> Result<()> {
    refused_key(lab, "status-401")
}

fn status_403_reports_invalid_key(lab: &Lab<'_>) -> Result<()> {
    refused_key(lab, "status-403")
}

/// A wrong key stays wrong: with the default number of retries, one request.
fn refused_key(lab: &Lab<'_>, scenario: &str) -> Result<()> {
    lab.configure_with(scenario, json!({}))?;
    lab.say("hello")?.failed(&["Invalid API key", PROVIDER, KEY_VARIABLE])?;
    lab.received(1)?;
    lab.stored_nothing()
}

fn status_400_passes_on_providers_words(lab: &Lab<'_>) -> Result<()> {
    lab.configure_with("status-400", json!({}))?;
    lab.say("hello")?.failed(&[PROVIDER, "400", "This request is answered with status 400."])?;
    lab.received(1)?;
    lab.stored_nothing()
}

fn status_500_is_retried_twice_by_default(lab: &Lab<'_>) -> Result<()> {
    lab.configure_with("status-500", json!({}))?;
    let words = "The server had an error while processing your request. Sorry about that!";
    lab.say("hello")?.failed(&[PROVIDER, "500", words])?;
    let requests = lab.received(3)?;
    ensure!(requests.iter().all(|request| request.body == requests[0].body), "a retry sent something else");
    lab.stored_nothing()
}

fn status_429_is_retried_as_configured(lab: &Lab<'_>) -> Result<()> {
    lab.configure_with("status-429", json!({ "retries": 1 }))?;
    lab.say("hello")?.failed(&[PROVIDER, "429", "Rate limit reached"])?;
    lab.received(2).map(drop)
}

fn answers_after_provider_recovers(lab: &Lab<'_>) -> Result<()> {
    lab.configure_with("recovers", json!({ "retries": 1 }))?;
    lab.say("hello")?.printed("echo: hello")?;
    lab.received(2).map(drop)
}

fn reports_answer_that_is_not_json(lab: &Lab<'_>) -> Result<()> {
    lab.configure("garbage")?;
    // Who is to blame, not only what a parser choked on.
    lab.say("hello")?.failed(&[PROVIDER, "chat completion"])?;
    lab.stored_nothing()
}

fn reports_answer_cut_short(lab: &Lab<'_>) -> Result<()> {
    lab.configure("truncated")?;
    lab.say("hello")?.failed(&["HTTP", "broke off"])?;
    lab.stored_nothing()
}
