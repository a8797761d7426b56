//! Anthropic's protocol: other headers, other fields, other words, the same conversation.

use anyhow::{Result, ensure};
use serde_json::json;

use super::cases;
use crate::smoke::lab::{ANTHROPIC, KEY, KEY_VARIABLE, Lab};

cases! {
    anthropic:
    sends_request_as_the_provider_documents,
    sends_system_prompt_as_own_field,
    second_turn_carries_the_first,
    provider_of_another_name_states_kind,
    finds_provider_by_model_name,
    status_401_names_variable_but_not_key,
    status_400_passes_on_providers_words,
    status_529_is_retried_as_configured,
}

fn sends_request_as_the_provider_documents(lab: &Lab<'_>) -> Result<()> {
    configure(lab, "ok")?;
    lab.say("hello")?.answered("echo: hello")?;
    let request = lab.request()?;
    ensure!(request.method == "POST", "the method is `{}`", request.method);
    ensure!(request.path.ends_with("/v1/messages"), "the path is `{}`", request.path);
    let length = request.body_length.to_string();
    for (name, value) in [
        ("x-api-key", KEY),
        ("anthropic-version", "2023-06-01"),
        ("content-type", "application/json"),
        ("content-length", &length),
    ] {
        ensure!(request.header(name)? == value, "`{name}` is `{}`", request.header(name)?);
    }
    for name in ["authorization", "transfer-encoding"] {
        ensure!(!request.has_header(name), "the request has the header `{name}`");
    }
    let body = request.json()?;
    ensure!(body["model"] == "claude-sonnet-4-5", "the model is {}", body["model"]);
    ensure!(body["max_tokens"] == 4096, "`max_tokens`, which is required, is {}", body["max_tokens"]);
    ensure!(body.get("system").is_none(), "there is a system prompt: {}", body["system"]);
    request.carries(&[("user", "hello")])?;
    lab.stored("default", &[("user", "hello"), ("assistant", "echo: hello")])
}

fn sends_system_prompt_as_own_field(lab: &Lab<'_>) -> Result<()> {
    lab.configure_as(ANTHROPIC, "ok", json!({}), json!({ "system_prompt": "Be brief.", "max_tokens": 77 }))?;
    lab.say("hello")?.answered("echo: hello")?;
    let body = lab.request()?.json()?;
    ensure!(body["system"] == "Be brief.", "`system` is {}", body["system"]);
    ensure!(body["max_tokens"] == 77, "`max_tokens` is {}", body["max_tokens"]);
    lab.request()?.carries(&[("user", "hello")])?;
    lab.stored("default", &[("user", "hello"), ("assistant", "echo: hello")])
}

fn second_turn_carries_the_first(lab: &Lab<'_>) -> Result<()> {
    configure(lab, "ok")?;
    lab.say("one")?.answered("echo: one")?;
    lab.say("two")?.answered("echo: two")?;
    let history = [("user", "one"), ("assistant", "echo: one"), ("user", "two"), ("assistant", "echo: two")];
    lab.received(2)?[1].carries(&history[..3])?;
    lab.stored("default", &history)
}

fn provider_of_another_name_states_kind(lab: &Lab<'_>) -> Result<()> {
    lab.configure_as("proxy", "ok", json!({ "kind": "anthropic" }), json!({ "model": "a-model" }))?;
    speaks_anthropic(lab)
}

fn finds_provider_by_model_name(lab: &Lab<'_>) -> Result<()> {
    lab.configure_as("proxy", "ok", json!({}), json!({ "model": "claude-sonnet-4-5" }))?;
    speaks_anthropic(lab)
}

fn speaks_anthropic(lab: &Lab<'_>) -> Result<()> {
    lab.say("hello")?.answered("echo: hello")?;
    let path = lab.request()?.path;
    ensure!(path.ends_with("/v1/messages"), "the path is `{path}`");
    Ok(())
}

fn status_401_names_variable_but_not_key(lab: &Lab<'_>) -> Result<()> {
    configure(lab, "status-401")?;
    lab.say("hello")?.failed(&["Invalid API key", ANTHROPIC, KEY_VARIABLE])?;
    lab.received(1)?;
    lab.stored_nothing()
}

fn status_400_passes_on_providers_words(lab: &Lab<'_>) -> Result<()> {
    configure(lab, "status-400")?;
    let words = "There was an issue with the format or content of your request.";
    lab.say("hello")?.failed(&[ANTHROPIC, "400", words])?;
    lab.received(1)?;
    lab.stored_nothing()
}

fn status_529_is_retried_as_configured(lab: &Lab<'_>) -> Result<()> {
    lab.configure_as(ANTHROPIC, "status-529", json!({ "retries": 1 }), json!({}))?;
    lab.say("hello")?.failed(&[ANTHROPIC, "529", "Overloaded"])?;
    lab.received(2).map(drop)
}

fn configure(lab: &Lab<'_>, scenario: &str) -> Result<()> {
    lab.configure_as(ANTHROPIC, scenario, json!({}), json!({}))
}
