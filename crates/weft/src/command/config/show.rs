//! `weft config show`: the effective configuration, in the format of the file.
//!
//! Only known fields are shown: the file may hold settings of other programs, and any of those may be secret.

use clawft_types::{
    Agents, Auth, Config, Provider, Secret,
    config::{CustomHeader, HeaderSource, is_secret_name},
    json::{self, Node, Writer},
};
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
        if let Some(store) = &gateway.store {
            root.member("store", |value| {
                value.object(|object| {
                    secret(object, "url", Some(&store.url));
                    object.literal_member("max_connections", &store.max_connections.to_string());
                });
            });
        }
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
        preset,
        kind: _,
        api_base,
        query,
        api_key,
        api_key_env,
        auth,
        headers,
        extra_body,
        max_tokens_field,
        stream: _,
        timeout,
        idle_timeout,
        total_timeout,
        // It follows from the other limits.
        whole_timeout: _,
        retries,
        max_response,
        rejected: _,
    } = provider;
    object.text_member("kind", preset.name);
    object.text_member("api_base", api_base);
    self::query(object, query.expose());
    if let Some(variable) = api_key_env {
        object.text_member("api_key_env", variable);
    }
    secret(object, "api_key", api_key.as_ref());
    object.member("auth", |value| match auth {
        Auth::Bearer => value.text("bearer"),
        Auth::None => value.text("none"),
        Auth::Header(name) => value.object(|object| object.text_member("header", name)),
    });
    self::headers(object, headers);
    if let Ok(tree) = json::parse(extra_body.expose().as_bytes())
        && extra_body.expose() != "{}"
    {
        object.member("extra_body", |value| masked(value, Node::root(&tree)));
    }
    object.text_member("max_tokens_field", max_tokens_field);
    for (name, time) in [
        ("timeout_secs", timeout),
        ("idle_timeout_secs", idle_timeout),
        ("total_timeout_secs", total_timeout),
    ] {
        object.literal_member(name, &time.as_secs().to_string());
    }
    object.literal_member("retries", &retries.to_string());
    object.literal_member("max_response_bytes", &max_response.to_string());
}

/// Writes the parameters of the query in the form that is sent, without those that may be keys.
fn query(object: &mut Writer, query: &str) {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    texts(
        object,
        "query",
        pairs.map(|(name, value)| (name, shown(name, value))).collect(),
    );
}

/// Writes the headers, without the values of those that may be keys.
fn headers(object: &mut Writer, headers: &[CustomHeader]) {
    let values = headers.iter().filter_map(|header| match &header.source {
        HeaderSource::Value(value) => Some((header.name.as_str(), shown(&header.name, value.expose()))),
        HeaderSource::Variable(_) => None,
    });
    texts(object, "headers", values.collect());
    let variables = headers.iter().filter_map(|header| match &header.source {
        HeaderSource::Value(_) => None,
        HeaderSource::Variable(variable) => Some((header.name.as_str(), variable.as_str())),
    });
    texts(object, "headers_env", variables.collect());
}

/// Writes an object of strings, unless it is empty.
fn texts(object: &mut Writer, key: &str, texts: Vec<(&str, &str)>) {
    if !texts.is_empty() {
        object.member(key, |value| {
            value.object(|object| {
                for (name, text) in texts {
                    object.text_member(name, text);
                }
            });
        });
    }
}

/// Writes a value, without the members that may be keys.
fn masked(writer: &mut Writer, node: Node<'_>) {
    match (node.as_members(), node.as_items()) {
        (Some(members), _) => writer.object(|object| {
            for (name, value) in members {
                object.member(name, |writer| match value.as_text() {
                    Some(text) => writer.text(shown(name, text)),
                    None => masked(writer, value),
                });
            }
        }),
        (_, Some(items)) => writer.array(items, |writer, item| masked(writer, item)),
        _ => writer.value(node),
    }
}

/// Returns a value, or a placeholder if its name says that it is secret.
fn shown<'a>(name: &str, value: &'a str) -> &'a str {
    if is_secret_name(name) { Secret::MASK } else { value }
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
    use proptest::prelude::*;
    use weft_gateway::StoreSettings;

    use super::*;

    const CONFIG: &str = r#"{"agents":{"model":"m","temperature":0.5,"max_tokens":9,"system_prompt":"Say \"x\", {y}"},
        "providers":{"providers":{"openai":{"api_key":"sk-secret",
            "query":{"sig-key":"sk-secret","v":"1"},"headers":{"x-token":"sk-secret","x-title":"t"},"headers_env":{"x-a":"A"},
            "auth":"x-api-key","extra_body":{"a":[{"api_key":"sk-secret","b":null}]}}}}, "other": {"password": "hunter2"}}"#;

    #[test]
    fn shows_known_fields_without_secrets() {
        let config = Config::parse("config.json", CONFIG.as_bytes()).unwrap();
        let gateway = Settings {
            token: Some(Secret::new("the-token")),
            store: Some(StoreSettings {
                url: Secret::new("postgres://u:store-secret@h/x"),
                max_connections: 10,
            }),
            ..Settings::default()
        };
        let text = show(&config, &gateway);
        for secret in ["sk-secret", "the-token", "hunter2", "store-secret"] {
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
        let texts = [
            r#""v": "1""#,
            r#""x-title": "t""#,
            r#""x-a": "A""#,
            r#""b": null"#,
        ];
        assert!(texts.iter().all(|shown| text.contains(shown)), "{text}");
        assert_eq!(again.provider.auth, config.provider.auth);
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
