//! The endpoint through which a gateway passes on the requests of its clients.

use std::time::Duration;

use clawft_core::{Endpoint, HeaderValue, TransportError, TurnError};

use crate::common::{AT, KEY, config, env};

fn endpoint(provider: &str) -> Endpoint {
    let config = config("", provider);
    Endpoint::new(&config.provider, &env).unwrap()
}

#[test]
fn joins_address_path_and_query() {
    let plain = endpoint("");
    assert_eq!(
        plain.url("/chat/completions", "gpt-4o-mini"),
        "https://api.openai.com/v1/chat/completions"
    );
    let azure = endpoint(
        r#","kind":"azure","api_base":"https://example.openai.azure.com","query":{"api-version":"2024-10-21"}"#,
    );
    assert_eq!(
        azure.url("/chat/completions", "my model"),
        "https://example.openai.azure.com/openai/deployments/my%20model/chat/completions?api-version=2024-10-21"
    );
}

#[test]
fn sends_headers_of_configuration_and_protocol() {
    let endpoint = endpoint(r#","headers":{"X-Team":"blue","User-Agent":"ours"}"#);
    let shown: Vec<(&str, &str)> = endpoint
        .headers()
        .iter()
        .map(|header| match &header.value {
            HeaderValue::Plain(value) => (header.name.as_ref(), value.as_str()),
            HeaderValue::Secret(value) => (header.name.as_ref(), value.expose()),
        })
        .collect();
    let bearer = format!("Bearer {KEY}");
    for header in [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("user-agent", "ours"),
        ("x-team", "blue"),
    ] {
        assert!(shown.contains(&header), "{header:?} is not in {shown:?}");
    }
    assert_eq!(shown.len(), 4, "{shown:?}");
}

#[test]
fn tells_texts_with_the_key_from_others() {
    let endpoint = endpoint("");
    assert!(endpoint.shows_key(&format!("denied: {KEY}")));
    assert!(!endpoint.shows_key("denied: the quota is used up"));
}

#[test]
fn reports_errors_with_provider_and_attempts() {
    let endpoint = endpoint("");
    let body = br#"{"error":{"message":"slow down"}}"#.to_vec();
    let error = endpoint.error(429, Some(Duration::from_secs(7)), 3, body);
    let TurnError::Provider {
        status,
        message,
        attempts,
        retry_after,
        ..
    } = &error
    else {
        panic!("{error:?}")
    };
    assert_eq!(
        (*status, message.as_str(), *attempts, *retry_after),
        (429, "slow down", 3, Some(Duration::from_secs(7)))
    );
    let broken = endpoint.bad_response("the answer is not JSON").to_string();
    assert!(broken.contains("the answer is not JSON"), "{broken}");
    assert!(broken.contains("provider `openai`"), "{broken}");
}

#[test]
fn error_without_target_shows_its_cause_alone() {
    let target = match endpoint("").bad_response("x") {
        TurnError::BadResponse { mut target, .. } => {
            target.provider.clear();
            target
        }
        error => panic!("{error:?}"),
    };
    let error = TransportError::Unavailable("connection refused".to_owned());
    let alone = TurnError::Transport { target, error }.to_string();
    assert_eq!(alone, "HTTP unavailable: connection refused");
    assert!(!alone.contains(AT));
}
