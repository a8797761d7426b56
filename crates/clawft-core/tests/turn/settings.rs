//! The request that a provider's settings make: address, headers and body.

use clawft_core::{Endpoint, HttpRequest, Step, Turn, TurnError};
use clawft_types::{Config, Input, Session};
use serde_json::{Value, json};

use crate::common::{KEY, answer, env};

fn config(agents: &Value, provider: &Value) -> Config {
    let mut agents = agents.clone();
    agents["model"] = agents.get("model").cloned().unwrap_or(json!("gpt-4o"));
    let text = json!({"agents": agents, "providers": {"providers": {"p": provider}}}).to_string();
    Config::parse("c", text.as_bytes()).unwrap()
}

fn variables(name: &str) -> Option<String> {
    match name {
        "AZURE_OPENAI_API_KEY" | "GROQ_API_KEY" | "K" => Some(KEY.to_owned()),
        "CF_SECRET" => Some(" cf secret value\n".to_owned()),
        "BROKEN" => Some("a\r\nb".to_owned()),
        name => env(name),
    }
}

fn try_begin(config: &Config) -> Result<(Turn<'_>, HttpRequest), TurnError> {
    let message = Input::parse("Hello!").unwrap();
    Turn::begin(config, &variables, Session::default(), message)
}

fn request(agents: &Value, provider: &Value) -> HttpRequest {
    try_begin(&config(agents, provider)).unwrap().1
}

fn url(provider: &Value) -> String {
    request(&json!({}), provider).url
}

fn body(request: &HttpRequest) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

/// Returns the names and values of all headers.
fn headers(request: &HttpRequest) -> Vec<(&str, &str)> {
    let headers = request.headers.iter();
    headers
        .map(|header| (header.name.as_ref(), header.value.expose()))
        .collect()
}

#[test]
fn azure_addresses_hold_the_deployment() {
    let base = "https://x.openai.azure.com";
    let at = |rest: &str| format!("{base}/openai/deployments/{rest}");
    let default = "chat/completions?api-version=2024-10-21";
    for (provider, expected) in [
        (json!({"api_base": base}), at(&format!("gpt-4o/{default}"))),
        (
            json!({"api_base": format!("{base}/openai/")}),
            at(&format!("gpt-4o/{default}")),
        ),
        (
            json!({"api_base": at("d?api-version=2024-06-01")}),
            at("d/chat/completions?api-version=2024-06-01"),
        ),
        (
            json!({"api_base": at("d/chat/completions?api-version=2024-06-01")}),
            at("d/chat/completions?api-version=2024-06-01"),
        ),
        (
            json!({"api_base": format!("{base}/openai/v1")}),
            format!("{base}/openai/v1/chat/completions"),
        ),
        (
            json!({"kind": "azure", "api_base": "http://127.0.0.1:1", "query": {"api-version": "v"}}),
            "http://127.0.0.1:1/openai/deployments/gpt-4o/chat/completions?api-version=v".to_owned(),
        ),
    ] {
        assert_eq!(url(&provider), expected, "{provider}");
    }
    for api_base in [base, &format!("{base}/openai/")] {
        let azure = config(&json!({}), &json!({"api_base": api_base}));
        let endpoint = Endpoint::new(&azure.provider, &variables).unwrap();
        let models = format!("{base}/openai/models?api-version=2024-10-21");
        assert_eq!(endpoint.url("/models", ""), models);
    }
    let request = request(&json!({}), &json!({"api_base": base}));
    assert!(headers(&request).contains(&("api-key", KEY)));
    assert!(!headers(&request).iter().any(|(name, _)| *name == "authorization"));
}

#[test]
fn complete_address_gets_no_second_path() {
    assert_eq!(
        url(&json!({"api_base": "http://h/v1/chat/completions"})),
        "http://h/v1/chat/completions"
    );
    assert_eq!(
        url(&json!({"kind": "anthropic", "auth": "none", "api_base": "http://h/v1/messages"})),
        "http://h/v1/messages"
    );
    assert_eq!(
        url(&json!({"api_base": "http://h/v1", "query": {"a": "b c"}})),
        "http://h/v1/chat/completions?a=b%20c"
    );
}

#[test]
fn key_goes_into_the_configured_header() {
    for (auth, header) in [
        (json!("bearer"), Some(("authorization", format!("Bearer {KEY}")))),
        (json!("api-key"), Some(("api-key", KEY.to_owned()))),
        (
            json!({"header": "X-Goog-Api-Key"}),
            Some(("x-goog-api-key", KEY.to_owned())),
        ),
        (json!("none"), None),
    ] {
        let request = request(
            &json!({}),
            &json!({"kind": "ollama", "api_key_env": "K", "auth": auth}),
        );
        let found = headers(&request);
        let secret: Vec<_> = found.iter().filter(|(_, value)| value.contains(KEY)).collect();
        assert_eq!(secret.len(), usize::from(header.is_some()));
        if let Some((name, value)) = &header {
            assert!(found.contains(&(*name, value.as_str())), "{name}");
        }
        assert!(!format!("{request:?}").contains(KEY));
    }
    let none = json!({"kind": "openai", "auth": "none", "api_key_env": "UNSET"});
    assert!(
        try_begin(&config(&json!({}), &none)).is_ok(),
        "the key is not looked up"
    );
}

#[test]
fn configured_headers_are_sent_and_win() {
    let provider = json!({"kind": "groq", "headers": {"User-Agent": "me", "X-Title": "t", "Authorization": "Basic eDp5"},
        "headers_env": {"CF-Access-Client-Secret": "CF_SECRET"}});
    let request = request(&json!({}), &provider);
    let mut found = headers(&request);
    found.sort_unstable();
    assert_eq!(
        found,
        [
            ("authorization", "Basic eDp5"),
            ("cf-access-client-secret", "cf secret value"),
            ("content-type", "application/json"),
            ("user-agent", "me"),
            ("x-title", "t"),
        ]
    );
    let shown = format!("{request:?}");
    assert!(!shown.contains("eDp5") && !shown.contains("cf secret"), "{shown}");
}

#[test]
fn missing_header_variable_is_an_error() {
    let error = |variable: &str| {
        let provider = json!({"kind": "ollama", "headers_env": {"X-A": variable}});
        try_begin(&config(&json!({}), &provider)).unwrap_err().to_string()
    };
    assert_eq!(
        error("UNSET"),
        "no header `x-a` for provider `p`: the variable `UNSET` is not set or empty, set it"
    );
    let unusable = error("BROKEN");
    assert!(
        unusable.contains("no HTTP header may") && unusable.contains("`BROKEN`"),
        "{unusable}"
    );
}

#[test]
fn default_variable_of_a_preset_holds_the_key() {
    let request = request(&json!({}), &json!({"kind": "groq"}));
    assert_eq!(request.url, "https://api.groq.com/openai/v1/chat/completions");
    assert!(headers(&request).contains(&("authorization", &format!("Bearer {KEY}"))));
    let missing = try_begin(&config(&json!({}), &json!({"kind": "xai"}))).unwrap_err();
    assert!(missing.to_string().contains("`XAI_API_KEY`"), "{missing}");
}

#[test]
fn extra_body_replaces_members() {
    let agents = json!({"temperature": 0.5, "max_tokens": 9, "top_p": 0.1, "seed": 3});
    let provider = json!({"kind": "ollama", "extra_body": {"temperature": 1, "model": "other", "options": {"num_ctx": 8192},
        "stream_options": null}});
    assert_eq!(
        body(&request(&agents, &provider)),
        json!({"model": "other", "messages": [{"role": "user", "content": "Hello!"}], "max_tokens": 9, "stream": true,
            "top_p": 0.1, "seed": 3, "temperature": 1, "options": {"num_ctx": 8192}, "stream_options": null})
    );
    let text = String::from_utf8(request(&agents, &provider).body).unwrap();
    assert_eq!(text.matches("\"temperature\"").count(), 1, "{text}");
    let whole = request(
        &json!({}),
        &json!({"kind": "ollama", "extra_body": {"stream": false}}),
    );
    assert!(!whole.stream && whole.max_response == 10_000_000);
    assert_eq!(body(&whole)["stream"], false);
    assert_eq!(body(&whole).get("stream_options"), None);
}

#[test]
fn limit_of_tokens_goes_under_the_providers_name() {
    let sent = |provider: Value| {
        let body = body(&request(&json!({"max_tokens": 7}), &provider));
        let named = body
            .as_object()
            .unwrap()
            .iter()
            .find(|(_, value)| **value == json!(7));
        named.map(|(name, _)| name.clone()).unwrap()
    };
    assert_eq!(sent(json!({"kind": "openai"})), "max_completion_tokens");
    assert_eq!(sent(json!({"kind": "ollama"})), "max_tokens");
    assert_eq!(
        sent(json!({"kind": "ollama", "max_tokens_field": "num_predict"})),
        "num_predict"
    );
    assert_eq!(
        sent(json!({"kind": "openai", "max_tokens_field": "max_tokens"})),
        "max_tokens"
    );
}

#[test]
fn claude_may_use_its_maximum() {
    let tokens = |model: &str| {
        let agents = json!({"model": model});
        body(&request(&agents, &json!({"kind": "anthropic", "api_key": "k"})))["max_tokens"].clone()
    };
    for (model, maximum) in [
        ("claude-3-opus-20240229", 4096),
        ("claude-3-5-haiku-latest", 8192),
        ("claude-3-7-sonnet-latest", 64_000),
        ("claude-opus-4-1", 32_000),
        ("claude-opus-4-20250514", 32_000),
        ("claude-opus-4-5", 64_000),
        ("claude-opus-4-6", 128_000),
        ("claude-opus-4-8", 128_000),
        ("claude-fable-5", 64_000),
        ("claude-sonnet-4-5", 64_000),
        ("anthropic/claude-haiku-4-5", 64_000),
        ("us.anthropic.claude-sonnet-4-20250514-v1:0", 64_000),
        ("another-model", 4096),
    ] {
        assert_eq!(tokens(model), maximum, "{model}");
    }
}

#[test]
fn messages_never_show_header_secrets() {
    let provider = json!({"kind": "ollama", "headers": {"X-Title": "important title"},
        "headers_env": {"CF-Access-Client-Secret": "K"}, "retries": 0});
    let config = config(&json!({}), &provider);
    let (mut turn, _) = try_begin(&config).unwrap();
    let text = json!({"error": {"message": format!("bad {KEY} of important title")}}).to_string();
    let Step::Failed(error) = answer(&mut turn, 400, &[], text.as_bytes()) else {
        panic!()
    };
    let shown = error.to_string();
    assert!(shown.contains("bad *** of important title"), "{shown}");
    assert!(!format!("{turn:?}").contains(KEY));
}
