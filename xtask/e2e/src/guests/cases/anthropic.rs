//! Anthropic's protocol: the same conversation with other headers and fields.

use anyhow::{Result, ensure};
use serde_json::json;

use super::cases;
use crate::guests::context::{ANTHROPIC, GuestContext, KEY, KEY_VARIABLE};

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

fn sends_request_as_the_provider_documents(test: &GuestContext<'_>) -> Result<()> {
    configure(test, "ok")?;
    test.say("hello")?.answered("echo: hello")?;
    let request = test.request()?;
    ensure!(request.method == "POST", "the method is `{}`", request.method);
    ensure!(
        request.path.ends_with("/v1/messages"),
        "the path is `{}`",
        request.path
    );
    let length = request.body_length.to_string();
    for (name, value) in [
        ("x-api-key", KEY),
        ("anthropic-version", "2023-06-01"),
        ("content-type", "application/json"),
        ("content-length", &length),
    ] {
        ensure!(
            request.header(name)? == value,
            "`{name}` is `{}`",
            request.header(name)?
        );
    }
    for name in ["authorization", "transfer-encoding"] {
        ensure!(!request.has_header(name), "the request has the header `{name}`");
    }
    let body = request.json()?;
    ensure!(
        body["model"] == "claude-sonnet-4-5",
        "the model is {}",
        body["model"]
    );
    ensure!(
        body["max_tokens"] == 64_000,
        "`max_tokens`, which is required, is {}",
        body["max_tokens"]
    );
    ensure!(
        body.get("system").is_none(),
        "there is a system prompt: {}",
        body["system"]
    );
    request.carries(&[("user", "hello")])?;
    test.stored("default", &[("user", "hello"), ("assistant", "echo: hello")])
}

fn sends_system_prompt_as_own_field(test: &GuestContext<'_>) -> Result<()> {
    test.configure_as(
        ANTHROPIC,
        "ok",
        json!({}),
        json!({ "system_prompt": "Be brief.", "max_tokens": 77 }),
    )?;
    test.say("hello")?.answered("echo: hello")?;
    let body = test.request()?.json()?;
    ensure!(body["system"] == "Be brief.", "`system` is {}", body["system"]);
    ensure!(body["max_tokens"] == 77, "`max_tokens` is {}", body["max_tokens"]);
    test.request()?.carries(&[("user", "hello")])?;
    test.stored("default", &[("user", "hello"), ("assistant", "echo: hello")])
}

fn second_turn_carries_the_first(test: &GuestContext<'_>) -> Result<()> {
    configure(test, "ok")?;
    test.say("one")?.answered("echo: one")?;
    test.say("two")?.answered("echo: two")?;
    let history = [
        ("user", "one"),
        ("assistant", "echo: one"),
        ("user", "two"),
        ("assistant", "echo: two"),
    ];
    test.received(2)?[1].carries(&history[..3])?;
    test.stored("default", &history)
}

fn provider_of_another_name_states_kind(test: &GuestContext<'_>) -> Result<()> {
    test.configure_as(
        "proxy",
        "ok",
        json!({ "kind": "anthropic" }),
        json!({ "model": "a-model" }),
    )?;
    speaks_anthropic(test)
}

fn finds_provider_by_model_name(test: &GuestContext<'_>) -> Result<()> {
    // An address of its own is that of a proxy, which speaks OpenAI's protocol unless the kind says otherwise.
    test.configure_as("proxy", "ok", json!({}), json!({ "model": "claude-sonnet-4-5" }))?;
    test.say("hello")?.answered("echo: hello")?;
    let path = test.request()?.path;
    ensure!(path.ends_with("/v1/chat/completions"), "the path is `{path}`");
    Ok(())
}

fn speaks_anthropic(test: &GuestContext<'_>) -> Result<()> {
    test.say("hello")?.answered("echo: hello")?;
    let path = test.request()?.path;
    ensure!(path.ends_with("/v1/messages"), "the path is `{path}`");
    Ok(())
}

fn status_401_names_variable_but_not_key(test: &GuestContext<'_>) -> Result<()> {
    configure(test, "status-401")?;
    test.say("hello")?
        .failed(&["Invalid API key", ANTHROPIC, KEY_VARIABLE])?;
    test.received(1)?;
    test.stored_nothing()
}

fn status_400_passes_on_providers_words(test: &GuestContext<'_>) -> Result<()> {
    configure(test, "status-400")?;
    let words = "There was an issue with the format or content of your request.";
    test.say("hello")?.failed(&[ANTHROPIC, "400", words])?;
    test.received(1)?;
    test.stored_nothing()
}

fn status_529_is_retried_as_configured(test: &GuestContext<'_>) -> Result<()> {
    test.configure_as(ANTHROPIC, "status-529", json!({ "retries": 1 }), json!({}))?;
    test.say("hello")?.failed(&[ANTHROPIC, "529", "Overloaded"])?;
    test.received(2).map(drop)
}

fn configure(test: &GuestContext<'_>, scenario: &str) -> Result<()> {
    test.configure_as(ANTHROPIC, scenario, json!({}), json!({}))
}
