//! The configuration: accepted forms, and the message of each error.

use std::time::Duration;

use clawft_types::{Config, Kind, Temperature};
use serde_json::{Value, json};

const LEAST: &str = r#"{"agents":{"model":"gpt-4o-mini"},"providers":{"providers":{"openai":{"api_key_env":"OPENAI_API_KEY"}}}}"#;

fn parse(text: &str) -> Result<Config, String> {
    Config::parse("/config/config.json", text.as_bytes()).map_err(|error| error.to_string())
}

/// Returns the error of the minimal configuration with `change` applied to its agent or its provider.
fn error(change: impl FnOnce(&mut Value, &mut Value)) -> String {
    let mut agents = json!({"model": "m"});
    let mut provider = json!({});
    change(&mut agents, &mut provider);
    let text = json!({"agents": agents, "providers": {"providers": {"openai": provider}}}).to_string();
    parse(&text).unwrap_err()
}

#[test]
fn reads_the_minimal_configuration() {
    let config = parse(LEAST).unwrap();
    assert_eq!(config.agents.model, "gpt-4o-mini");
    assert_eq!(
        (
            config.agents.max_tokens,
            config.agents.temperature,
            config.agents.system_prompt
        ),
        (None, None, None)
    );
    let provider = config.provider;
    assert_eq!((provider.name.as_str(), provider.kind), ("openai", Kind::OpenAi));
    assert_eq!(provider.api_base, "https://api.openai.com/v1");
    assert_eq!(provider.api_key_env.as_deref(), Some("OPENAI_API_KEY"));
    assert_eq!((provider.timeout, provider.retries), (Duration::from_secs(30), 2));
    assert_eq!(provider.max_response, 10_000_000);
    assert_eq!(
        (config.agents.stream, config.agents.context_tokens),
        (false, 100_000)
    );
}

#[test]
fn reads_every_field_of_configuration() {
    let config = parse(
        r#"{"agents":{"model":"m","system_prompt":"s","max_tokens":9,"temperature":0.5,"provider":"b","x":[],
            "stream":true,"context_tokens":8000},
            "providers":{"providers":{"a":{"kind":"from another program"},"b":{"kind":"openai","api_key":"k",
              "api_base":"http://127.0.0.1:8080/v1/","timeout_secs":5,"retries":0,"y":{},
              "max_response_bytes":70}}},"z":null}"#,
    )
    .unwrap();
    assert_eq!(config.agents.system_prompt.as_deref(), Some("s"));
    assert_eq!(
        (config.agents.max_tokens, config.agents.temperature),
        (Some(9), Temperature::new(0.5))
    );
    assert_eq!((config.agents.stream, config.agents.context_tokens), (true, 8000));
    assert_eq!(
        (config.provider.name.as_str(), config.provider.max_response),
        ("b", 70)
    );
    assert_eq!(config.provider.api_base, "http://127.0.0.1:8080/v1");
    assert_eq!(config.provider.api_key.unwrap().expose(), "k");
    assert_eq!(
        (config.provider.timeout, config.provider.retries),
        (Duration::from_secs(5), 0)
    );
}

#[test]
fn null_counts_as_absent() {
    let with_nulls = LEAST.replace(
        r#""gpt-4o-mini""#,
        r#""gpt-4o-mini","temperature":null,"provider":null"#,
    );
    assert_eq!(parse(&with_nulls), parse(LEAST));
}

#[test]
fn compatible_server_needs_no_kind() {
    let text = r#"{"agents":{"model":"m"},"providers":{"providers":{"ollama":{"api_base":"http://localhost:11434/v1"}}}}"#;
    assert_eq!(parse(text).unwrap().provider.kind, Kind::OpenAi);
}

/// Returns the protocol and the address of the provider `name` with these `fields`, for a `model`.
fn provider(name: &str, fields: &str, model: &str) -> Result<(Kind, String), String> {
    let text = format!(
        r#"{{"agents":{{"model":"{model}"}},"providers":{{"providers":{{"{name}":{{{fields}}}}}}}}}"#
    );
    parse(&text).map(|config| (config.provider.kind, config.provider.api_base))
}

#[test]
fn derives_kind_from_name_and_model() {
    let openai = Ok((Kind::OpenAi, "https://api.openai.com/v1".to_owned()));
    let anthropic = Ok((Kind::Anthropic, "https://api.anthropic.com/v1".to_owned()));
    let at_home = |kind| Ok((kind, "http://h".to_owned()));
    let base = r#""api_base":"http://h""#;

    assert_eq!(
        provider("openai", "", "claude-x"),
        openai,
        "the name comes before the model"
    );
    assert_eq!(provider("anthropic", "", "gpt"), anthropic);
    assert_eq!(
        provider("mine", r#""kind":"openai""#, "claude-x"),
        openai,
        "the kind comes before both"
    );
    assert_eq!(provider("openai", r#""kind":"anthropic""#, "m"), anthropic);
    assert_eq!(provider("mine", "", "claude-sonnet-4-5"), anthropic);
    assert_eq!(
        provider("mine", base, "claude-sonnet-4-5"),
        at_home(Kind::OpenAi),
        "a model's name does not override an address"
    );
    assert_eq!(
        provider("mine", base, "anthropic/claude-sonnet-4-5"),
        at_home(Kind::OpenAi)
    );
    assert_eq!(provider("anthropic", base, "m"), at_home(Kind::Anthropic));
    assert!(
        provider("mine", "", "llama")
            .unwrap_err()
            .contains("`mine` is not known by name")
    );
}

#[test]
fn syntax_error_has_line_and_column() {
    assert_eq!(
        parse("{\n  \"agents\": x\n}").unwrap_err(),
        "/config/config.json:2:13: not JSON, expected value"
    );
    assert_eq!(
        parse("").unwrap_err(),
        "/config/config.json:1:0: not JSON, the text is empty"
    );
    assert_eq!(
        parse("{} {}").unwrap_err(),
        "/config/config.json:1:4: not JSON, trailing characters"
    );
}

#[test]
fn wrong_shape_names_the_field() {
    for (text, message) in [
        ("[]", "expected an object, found an array"),
        ("{}", "agents: missing"),
        (r#"{"agents":null}"#, "agents: missing"),
        (
            r#"{"agents":3,"providers":{"providers":{"openai":{}}}}"#,
            "agents: expected an object, found a number",
        ),
        (r#"{"agents":{}}"#, "providers: missing"),
        (r#"{"agents":{},"providers":{}}"#, "providers.providers: missing"),
        (
            r#"{"agents":{},"providers":{"providers":["x"]}}"#,
            "providers.providers: expected an object, found an array",
        ),
        (
            r#"{"agents":{},"providers":{"providers":{}}}"#,
            "providers.providers: no provider is configured",
        ),
        (
            r#"{"agents":{},"providers":{"providers":{"openai":{}}}}"#,
            "agents.model: missing",
        ),
    ] {
        assert_eq!(
            parse(text).unwrap_err(),
            ["/config/config.json: ", message].concat(),
            "{text}"
        );
    }
}

#[test]
fn error_hides_key_in_wrong_field() {
    for text in [
        r#"{"agents":{"model":"m"},"providers":{"providers":{"openai":"sk-secret"}}}"#,
        r#"{"agents":{"model":"m"},"providers":{"providers":{"openai":{"timeout_secs":"sk-secret"}}}}"#,
        r#"{"agents":{"model":"m"},"providers":{"providers":{"openai":{"api_key_env":"sk-secret"}}}}"#,
        r#"{"agents":{"model":"m"},"providers":{"providers":{"openai":{"api_key_env":"gsk_secretS3cret"}}}}"#,
        r#"{"agents":{"model":"m"},"providers":{"providers":{"openai":{"api_base":"https://sk-secret@h"}}}}"#,
        r#"{"agents":{"model":"m"},"providers":{"providers":{"openai":{"kind":"sk-secret"}}}}"#,
    ] {
        let error = parse(text).unwrap_err();
        assert!(!error.contains("secret"), "{error}");
        assert!(error.contains("providers.providers.openai"), "{error}");
    }
}

#[test]
fn ambiguous_provider_is_an_error() {
    let two = |agents: &str| {
        parse(&format!(
            r#"{{"agents":{agents},"providers":{{"providers":{{"a":{{}},"b":{{}}}}}}}}"#
        ))
        .unwrap_err()
    };
    assert_eq!(
        two(r#"{"model":"m"}"#),
        "/config/config.json: agents: several providers, choose one with `provider`: `a`, `b`"
    );
    assert_eq!(
        two(r#"{"model":"m","provider":"c"}"#),
        "/config/config.json: agents.provider: no such provider, known are `a`, `b`"
    );
    assert_eq!(
        two(r#"{"model":"m","provider":"a"}"#),
        "/config/config.json: providers.providers.a: `a` is not known by name: give its address as `api_base`, \
         or its `kind` (`openai`, `anthropic`, `gemini`, `azure`, `openrouter`, `mistral`, `groq`, `deepseek`, `xai`, \
         `together`, `ollama`, `vllm`, `llama.cpp`, `lmstudio`)"
    );
}

#[test]
fn refuses_values_that_are_invalid() {
    let agent = |key: &str, value: Value| error(|agents, _| agents[key] = value);
    let provider = |key: &str, value: Value| error(|_, provider| provider[key] = value);
    let at = |field: &str, message: &str| format!("/config/config.json: {field}: {message}");

    assert_eq!(
        agent("model", json!(" ")),
        at("agents.model", "must not be empty")
    );
    assert_eq!(
        agent("temperature", json!(2.1)),
        at("agents.temperature", "expected a number from 0 to 2")
    );
    assert_eq!(
        agent("temperature", json!(-0.1)),
        at("agents.temperature", "expected a number from 0 to 2")
    );
    let tokens = "expected a whole number from 1 to 4294967295";
    assert_eq!(agent("max_tokens", json!(0)), at("agents.max_tokens", tokens));
    assert_eq!(
        agent("max_tokens", json!(1u64 << 32)),
        at("agents.max_tokens", tokens)
    );
    assert_eq!(
        agent("max_tokens", json!(-5)),
        at("agents.max_tokens", "expected a whole number, found a number")
    );

    let flag = "expected true or false, found a string";
    assert_eq!(agent("stream", json!("yes")), at("agents.stream", flag));
    assert_eq!(
        agent("context_tokens", json!(0)),
        at("agents.context_tokens", tokens)
    );

    let of = |key: &str| ["providers.providers.openai.", key].concat();
    let seconds = "expected a whole number from 1 to 3600";
    assert_eq!(
        provider("timeout_secs", json!(0)),
        at(&of("timeout_secs"), seconds)
    );
    assert_eq!(
        provider("timeout_secs", json!(3601)),
        at(&of("timeout_secs"), seconds)
    );
    assert_eq!(
        provider("max_response_bytes", json!(0)),
        at(&of("max_response_bytes"), tokens)
    );
    assert_eq!(
        provider("retries", json!(11)),
        at(&of("retries"), "expected a whole number from 0 to 10")
    );
    assert_eq!(
        provider("kind", json!("telnet")),
        at(
            &of("kind"),
            "unknown kind, known are `openai`, `anthropic`, `gemini`, `azure`, `openrouter`, `mistral`, `groq`, `deepseek`, `xai`, \
         `together`, `ollama`, `vllm`, `llama.cpp`, `lmstudio`"
        )
    );
    assert_eq!(
        provider("api_key", json!("")),
        at(&of("api_key"), "must not be empty")
    );
}

#[test]
fn refuses_addresses_that_are_unusable() {
    let base = |url: &str| error(|_, provider| provider["api_base"] = json!(url));
    for (url, part) in [
        ("ftp://host", "starts with `https://`"),
        ("host/v1", "starts with `https://`"),
        ("", "starts with `https://`"),
        ("https://", "names no host"),
        ("https:///v1", "names no host"),
        ("https://:80", "names no host"),
        ("https://user:pw@host", "user name"),
        ("https://host/#x", "fragment"),
        ("https://ho st", "no URL may hold"),
        ("https://host\r\nx: y", "no URL may hold"),
        ("https://hôst", "no URL may hold"),
    ] {
        let error = base(url);
        assert!(
            error.contains("providers.providers.openai.api_base: ") && error.contains(part),
            "{url}: {error}"
        );
    }
}

#[test]
fn last_of_equal_keys_counts() {
    let twice = r#"{"agents":{"model":"a","model":"b"},"providers":{"providers":{"x":{"kind":"openai"},
        "x":{"kind":"anthropic","retries":1}}}}"#;
    let config = parse(twice).unwrap();
    assert_eq!(
        (config.agents.model.as_str(), config.provider.kind),
        ("b", Kind::Anthropic)
    );
    assert_eq!((config.provider.name.as_str(), config.provider.retries), ("x", 1));
}

#[test]
fn lists_known_providers_once_and_briefly() {
    let listed = |names: &[String]| {
        let providers: Vec<_> = names.iter().map(|name| format!(r#""{name}":{{}}"#)).collect();
        let text = format!(
            r#"{{"agents":{{"model":"m","provider":"none"}},"providers":{{"providers":{{{}}}}}}}"#,
            providers.join(",")
        );
        let error = parse(&text).unwrap_err();
        error
            .strip_prefix("/config/config.json: agents.provider: no such provider, known are ")
            .unwrap()
            .to_owned()
    };
    let names = |count| (0..count).map(|number| format!("p{number}")).collect::<Vec<_>>();
    assert_eq!(
        listed(&["a".to_owned(), "b".to_owned(), "a".to_owned()]),
        "`a`, `b`"
    );
    let quoted = names(32)
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ");
    assert_eq!(listed(&names(32)), quoted);
    assert_eq!(listed(&names(33)), format!("{quoted}, …"));
    let twice = [names(32), names(1)].concat();
    assert_eq!(listed(&twice), format!("{quoted}, …"), "the list is full");
}

#[test]
fn tells_variable_names_from_keys() {
    for name in ["OPENAI_KEY_2", "openai_key_2", "OpenAi_Key", "_", "K3Y"] {
        let config = parse(&LEAST.replace("OPENAI_API_KEY", name)).unwrap();
        assert_eq!(config.provider.api_key_env.as_deref(), Some(name));
    }
    for key in ["OpenAi_Key2", "a-b", "a b", "a.b", "é"] {
        let error = parse(&LEAST.replace("OPENAI_API_KEY", key)).unwrap_err();
        assert!(
            error.contains("expected the name of an environment variable") && !error.contains(key),
            "{error}"
        );
    }
}
