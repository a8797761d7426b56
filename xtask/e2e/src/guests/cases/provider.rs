//! A provider that answers with an error, or with an invalid answer.

use anyhow::{Result, ensure};
use serde_json::json;

use super::cases;
use crate::guests::context::{GuestContext, KEY_VARIABLE, PROVIDER};

cases! {
    provider:
    status_401_names_variable_but_not_key,
    status_403_shows_providers_words,
    status_400_passes_on_providers_words,
    status_500_is_retried_twice_by_default,
    status_429_is_retried_as_configured,
    answers_after_provider_recovers,
    reports_answer_that_is_not_json,
    reports_answer_cut_short,
}

fn status_401_names_variable_but_not_key(test: &GuestContext<'_>) -> Result<()> {
    refused_key(test, "status-401")
}

fn status_403_shows_providers_words(test: &GuestContext<'_>) -> Result<()> {
    test.configure_with("status-403", json!({}))?;
    test.say("hello")?
        .failed(&[PROVIDER, "403", "This request is answered with status 403."])?;
    test.received(1)?;
    test.stored_nothing()
}

/// A wrong key stays wrong: one request, with the default number of retries.
fn refused_key(test: &GuestContext<'_>, scenario: &str) -> Result<()> {
    test.configure_with(scenario, json!({}))?;
    test.say("hello")?
        .failed(&["Invalid API key", PROVIDER, KEY_VARIABLE])?;
    test.received(1)?;
    test.stored_nothing()
}

fn status_400_passes_on_providers_words(test: &GuestContext<'_>) -> Result<()> {
    test.configure_with("status-400", json!({}))?;
    test.say("hello")?
        .failed(&[PROVIDER, "400", "This request is answered with status 400."])?;
    test.received(1)?;
    test.stored_nothing()
}

fn status_500_is_retried_twice_by_default(test: &GuestContext<'_>) -> Result<()> {
    test.configure_with("status-500", json!({}))?;
    let words = "The server had an error while processing your request. Sorry about that!";
    test.say("hello")?.failed(&[PROVIDER, "500", words])?;
    let requests = test.received(3)?;
    ensure!(
        requests.iter().all(|request| request.body == requests[0].body),
        "a retry sent something else"
    );
    test.stored_nothing()
}

fn status_429_is_retried_as_configured(test: &GuestContext<'_>) -> Result<()> {
    test.configure_with("status-429", json!({ "retries": 1 }))?;
    test.say("hello")?
        .failed(&[PROVIDER, "429", "Rate limit reached"])?;
    test.received(2).map(drop)
}

fn answers_after_provider_recovers(test: &GuestContext<'_>) -> Result<()> {
    test.configure_with("recovers", json!({ "retries": 1 }))?;
    test.say("hello")?.printed("echo: hello")?;
    test.received(2).map(drop)
}

fn reports_answer_that_is_not_json(test: &GuestContext<'_>) -> Result<()> {
    test.configure("garbage")?;
    // The error names the provider, not only the position in the JSON.
    test.say("hello")?.failed(&[PROVIDER, "chat completion"])?;
    test.stored_nothing()
}

fn reports_answer_cut_short(test: &GuestContext<'_>) -> Result<()> {
    test.configure("truncated")?;
    test.say("hello")?.failed(&["HTTP", "broke off"])?;
    test.stored_nothing()
}
