//! Chat completions as OpenAI and everyone compatible with it serve them.

use super::Answer;
use crate::http::{Header, HeaderValue, HttpRequest, Method};
use alloc::borrow::ToOwned as _;
use alloc::vec;
use alloc::vec::Vec;
use clawft_types::json::{JsonError, Node};
use clawft_types::{CompletionRequest, CompletionResponse, Config, Message, Role, Secret};

pub(super) fn request(config: &Config, key: Option<&Secret>, messages: &[Message]) -> HttpRequest {
    HttpRequest {
        method: Method::Post,
        url: [config.provider.api_base.as_str(), "/chat/completions"].concat(),
        headers: headers(key),
        body: body(config, messages),
        timeout: config.provider.timeout,
    }
}

fn headers(key: Option<&Secret>) -> Vec<Header> {
    let plain = |name, value: &str| Header { name, value: HeaderValue::Plain(value.to_owned()) };
    let mut headers = vec![
        plain("content-type", "application/json"),
        // Some providers' firewalls refuse clients that do not say who they are.
        plain("user-agent", concat!("clawft/", env!("CARGO_PKG_VERSION"))),
    ];
    if let Some(key) = key {
        let value = Secret::new(["Bearer ", key.expose()].concat());
        headers.push(Header { name: "authorization", value: HeaderValue::Secret(value) });
    }
    headers
}

fn body(config: &Config, messages: &[Message]) -> Vec<u8> {
    let agents = &config.agents;
    let system = agents.system_prompt.as_ref().map(|prompt| Message::new(Role::System, prompt));
    let request = CompletionRequest {
        model: &agents.model,
        messages: system.iter().chain(messages).collect(),
        max_tokens: agents.max_tokens,
        temperature: agents.temperature,
    };
    request.to_json()
}

pub(super) fn answer(body: &Node<'_>) -> Result<Answer, JsonError> {
    let response = CompletionResponse::read(body)?;
    let Some(choice) = response.choices.into_iter().next() else {
        return Err(body.error("choices is empty"));
    };
    let text = choice.message.content.filter(|text| !text.is_empty()).or(choice.message.refusal);
    Ok(Answer { text, finish_reason: choice.finish_reason, usage: response.usage })
}
