//! `weft config show`: the effective configuration, in the format of the file.
//!
//! Only known fields are shown: the file may hold settings of other programs, and any of those may be secret.

use clawft_types::json::Writer;
use clawft_types::{Agents, Config, Provider, Secret};
use weft_gateway::Settings;

/// Returns the effective configuration, indented.
pub(super) fn show(config: &Config, gateway: &Settings) -> String {
    let mut writer = Writer::default();
    writer.object(|root| {
        root.member("agents", |value| value.object(|object| agents(object, config)));
        root.member("providers", |value| {
            value.object(|object| object.member("providers", |value| providers(value, &config.provider)));
        });
        root.member("gateway", |value| {
            value.object(|object| self::gateway(object, gateway))
        });
    });
    indented(&String::from_utf8_lossy(&writer.into_bytes()))
}

fn agents(object: &mut Writer, config: &Config) {
    let Agents {
        model,
        system_prompt,
        max_tokens,
        temperature,
        stream,
        max_steps,
        turn_tokens,
        turn_timeout,
        context_tokens,
    } = &config.agents;
    object.text_member("model", model);
    object.text_member("provider", &config.provider.name);
    if let Some(prompt) = system_prompt {
        object.text_member("system_prompt", prompt);
    }
    if let Some(tokens) = max_tokens {
        object.literal_member("max_tokens", &tokens.to_string());
    }
    if let Some(temperature) = temperature {
        object.literal_member("temperature", &temperature.to_string());
    }
    object.literal_member("stream", &stream.to_string());
    object.literal_member("max_steps", &max_steps.to_string());
    if let Some(tokens) = turn_tokens {
        object.literal_member("turn_tokens", &tokens.to_string());
    }
    object.literal_member("turn_timeout_secs", &turn_timeout.as_secs().to_string());
    object.literal_member("context_tokens", &context_tokens.to_string());
}

fn providers(value: &mut Writer, provider: &Provider) {
    value.object(|object| {
        object.member(&provider.name, |value| {
            value.object(|object| self::provider(object, provider))
        })
    });
}

fn provider(object: &mut Writer, provider: &Provider) {
    let Provider {
        name: _,
        kind,
        api_base,
        api_key,
        api_key_env,
        timeout,
        retries,
        max_response,
    } = provider;
    object.text_member("kind", kind.as_str());
    object.text_member("api_base", api_base);
    if let Some(variable) = api_key_env {
        object.text_member("api_key_env", variable);
    }
    secret(object, "api_key", api_key.as_ref());
    object.literal_member("timeout_secs", &timeout.as_secs().to_string());
    object.literal_member("retries", &retries.to_string());
    object.literal_member("max_response_bytes", &max_response.to_string());
}

fn gateway(object: &mut Writer, settings: &Settings) {
    object.text_member("listen", &settings.listen.to_string());
    secret(object, "token", settings.token.as_ref());
    object.literal_member("max_concurrent", &settings.max_concurrent.to_string());
    object.literal_member("max_body_bytes", &settings.max_body_bytes.to_string());
    object.literal_member("max_connections", &settings.max_connections.to_string());
    let per_address = settings.max_connections_per_address.to_string();
    object.literal_member("max_connections_per_address", &per_address);
}

/// Writes a placeholder for a secret that is set.
fn secret(object: &mut Writer, key: &str, secret: Option<&Secret>) {
    if let Some(secret) = secret {
        object.text_member(key, &secret.to_string());
    }
}

/// Puts each member of compact JSON on its own line.
fn indented(json: &str) -> String {
    let mut text = String::new();
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    for c in json.chars() {
        if quoted {
            (quoted, escaped) = (escaped || c != '"', !escaped && c == '\\');
            text.push(c);
            continue;
        }
        match c {
            '{' | '[' => {
                depth += 1;
                text.push(c);
                new_line(&mut text, depth);
            }
            '}' | ']' => {
                depth -= 1;
                new_line(&mut text, depth);
                text.push(c);
            }
            ',' => {
                text.push(c);
                new_line(&mut text, depth);
            }
            ':' => text.push_str(": "),
            _ => {
                quoted = c == '"';
                text.push(c);
            }
        }
    }
    text.push('\n');
    text
}

fn new_line(text: &mut String, depth: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CONFIG: &str = r#"{"agents":{"model":"m","temperature":0.5,"max_tokens":9,"system_prompt":"Say \"x\", {y}"},
        "providers":{"providers":{"openai":{"api_key":"sk-secret"}}}, "other": {"password": "hunter2"}}"#;

    #[test]
    fn shows_known_fields_without_secrets() {
        let config = Config::parse("config.json", CONFIG.as_bytes()).unwrap();
        let gateway = Settings {
            token: Some(Secret::new("the-token")),
            ..Settings::default()
        };
        let text = show(&config, &gateway);
        for secret in ["sk-secret", "the-token", "hunter2"] {
            assert!(!text.contains(secret), "{text}");
        }
        assert!(
            text.contains("\n      \"openai\": {\n        \"kind\": \"openai\",\n"),
            "{text}"
        );
        assert!(
            text.contains("\"api_key\": \"***\"") && text.contains("\"token\": \"***\""),
            "{text}"
        );
        let again = Config::parse("shown", text.as_bytes()).unwrap();
        assert_eq!(again.agents, config.agents);
        assert_eq!(again.provider.api_base, config.provider.api_base);
    }

    proptest! {
        #[test]
        fn indenting_changes_white_space_only(texts in prop::collection::vec("[\\\\\"{}:,a\\[\\]\n]{0,8}", 0..4)) {
            let value = serde_json::json!({ "list": texts, "object": { "text": texts.concat() }, "number": 1 });
            let read: serde_json::Value = serde_json::from_str(&indented(&value.to_string())).unwrap();
            prop_assert_eq!(read, value);
        }
    }
}
