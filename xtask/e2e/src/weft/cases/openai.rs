//! OpenAI's Python client: the gateway accepts its requests, and it accepts the gateway's responses. The tests are
//! in `xtask/acceptance/openai_client.py`.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use testkit::Gateway;

use super::cases;
use crate::weft::context::{TOKEN, WeftContext};

cases! {
    openai:
    client_gets_whole_answer,
    client_gets_answer_as_it_arrives,
    client_talks_to_anthropic_model,
    client_is_passed_on_to_the_provider,
    client_lists_the_models,
    client_continues_a_session,
    client_gets_twenty_answers_at_once,
    client_raises_its_own_errors,
    broken_stream_raises_client_error,
    client_needs_the_right_token,
}

fn tried(test: &WeftContext<'_>, case: &str, given: Value) -> Result<()> {
    test.script("openai_client", case, given)
}

fn with(gateway: &Gateway) -> Value {
    json!({ "url": gateway.url() })
}

fn client_gets_whole_answer(test: &WeftContext<'_>) -> Result<()> {
    let gateway = test.gateway("ok")?;
    tried(test, "whole", with(&gateway))?;
    // The options of the client, beside the messages, have reached the provider.
    let requests = test.requests()?;
    let last = requests
        .last()
        .map(|request| request.json())
        .transpose()?
        .unwrap_or_default();
    ensure!(last["temperature"] == 0.5, "the provider was sent {last}");
    ensure!(
        test.session_files()?.is_empty(),
        "a conversation that the client holds was stored"
    );
    Ok(())
}

fn client_gets_answer_as_it_arrives(test: &WeftContext<'_>) -> Result<()> {
    let gateway = test.gateway("stream-slow")?;
    tried(test, "streamed", json!({ "url": gateway.url() }))
}

fn client_talks_to_anthropic_model(test: &WeftContext<'_>) -> Result<()> {
    test.configure_anthropic("stream-slow")?;
    let gateway = test.start()?;
    tried(test, "streamed", json!({ "url": gateway.url() }))
}

fn client_is_passed_on_to_the_provider(test: &WeftContext<'_>) -> Result<()> {
    let gateway = test.gateway("ok")?;
    tried(test, "passed_on", with(&gateway))?;
    let requests = test.requests()?;
    let first = requests.first().map(|request| request.json()).transpose()?;
    let first = first.unwrap_or_default();
    ensure!(
        first["seed"] == 7 && first["unheard_of"]["a"] == 1.5 && first["tools"][0]["type"] == "function",
        "the provider was sent {first}"
    );
    Ok(())
}

fn client_lists_the_models(test: &WeftContext<'_>) -> Result<()> {
    tried(test, "models", with(&test.gateway("ok")?))
}

fn client_continues_a_session(test: &WeftContext<'_>) -> Result<()> {
    tried(test, "session", with(&test.gateway("ok")?))?;
    let sent: Vec<_> = test
        .requests()?
        .iter()
        .map(|request| request.messages())
        .collect::<Result<_>>()?;
    let lengths: Vec<usize> = sent.iter().map(Vec::len).collect();
    ensure!(lengths == [1, 3], "the provider was sent {lengths:?} messages");
    Ok(())
}

fn client_gets_twenty_answers_at_once(test: &WeftContext<'_>) -> Result<()> {
    tried(test, "parallel", with(&test.gateway("slow")?))
}

fn client_raises_its_own_errors(test: &WeftContext<'_>) -> Result<()> {
    let scenarios = [
        "status-400",
        "status-401",
        "status-404",
        "status-429",
        "status-500",
        "reset",
        "garbage",
    ];
    let mut gateways = each(test, &scenarios)?;
    let silent = test.within("silent")?;
    silent.configure_with("silent", json!({ "timeout_secs": 2 }), json!({}))?;
    gateways.push(("silent", silent.start()?));
    tried(test, "errors", urls(&gateways))
}

fn broken_stream_raises_client_error(test: &WeftContext<'_>) -> Result<()> {
    let gateways = each(test, &["stream-cut", "stream-reset", "stream-error"])?;
    tried(test, "broken_stream", urls(&gateways))
}

/// Starts a gateway for each of `scenarios`.
fn each(test: &WeftContext<'_>, scenarios: &[&'static str]) -> Result<Vec<(&'static str, Gateway)>> {
    scenarios
        .iter()
        .map(|scenario| Ok((*scenario, test.within(scenario)?.gateway(scenario)?)))
        .collect()
}

fn urls(gateways: &[(&str, Gateway)]) -> Value {
    let urls = gateways
        .iter()
        .map(|(name, gateway)| ((*name).to_owned(), gateway.url().into()));
    json!({ "urls": urls.collect::<serde_json::Map<String, Value>>() })
}

fn client_needs_the_right_token(test: &WeftContext<'_>) -> Result<()> {
    let gateway = test.gateway_with_token("ok")?;
    tried(test, "token", json!({ "url": gateway.url(), "token": TOKEN }))
}
