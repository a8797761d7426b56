//! The settings of a provider beyond its address and its key.

use std::time::Duration;

use clawft_types::{
    Auth, Config, Kind, Provider,
    config::{self, HeaderSource, PRESETS, Preset},
    json::{self, Node},
};
use serde_json::{Value, json};

fn config(agents: Value, name: &str, provider: Value) -> Result<Config, String> {
    let mut agents = agents;
    agents["model"] = json!("m");
    let text = json!({"agents": agents, "providers": {"providers": {name: provider}}}).to_string();
    Config::parse("c", text.as_bytes()).map_err(|error| error.to_string())
}

fn provider(provider: Value) -> Provider {
    config(json!({}), "p", provider).unwrap().provider
}

/// Returns the error of a provider with these settings.
fn error(provider: Value) -> String {
    let error = config(json!({}), "p", provider).unwrap_err();
    error
        .strip_prefix("c: providers.providers.p.")
        .unwrap_or(&error)
        .to_owned()
}

/// Returns the JSON object that is merged into requests.
fn extra(config: &Config) -> Value {
    serde_json::from_str(config.provider.extra_body.expose()).unwrap()
}

#[test]
fn name_or_kind_of_a_preset_suffices() {
    for preset in &PRESETS {
        let base = match preset.name {
            "azure" => json!({"kind": "azure", "api_base": "https://x.openai.azure.com"}),
            name => json!({"kind": name}),
        };
        let by_kind = provider(base.clone());
        assert_eq!(by_kind.preset, preset);
        let by_name = config(json!({}), preset.name, base).unwrap().provider;
        assert_eq!(by_name.preset, preset);
        for known in [by_kind, by_name] {
            let key = Some(preset.api_key_env).filter(|name| !name.is_empty());
            assert_eq!(known.api_key_env.as_deref(), key);
            assert_eq!(known.timeout.as_secs(), u64::from(preset.timeout_secs));
            assert_eq!(
                (known.idle_timeout.as_secs(), known.total_timeout.as_secs()),
                (60, 600)
            );
        }
    }
    assert_eq!(
        error(json!({"kind": "azure"})),
        "c: providers.providers.p: `api_base` is missing, the address of your resource"
    );
}

#[test]
fn finds_presets_in_any_spelling() {
    let named = |name| Preset::named(name).map(|preset| preset.name);
    for (name, preset) in [
        ("LM Studio", "lmstudio"),
        ("lm-studio", "lmstudio"),
        ("llamacpp", "llama.cpp"),
        ("OpenRouter", "openrouter"),
        ("vLLM", "vllm"),
        ("x.ai", "xai"),
    ] {
        assert_eq!(named(name), Some(preset), "{name}");
    }
    for name in ["", "-", "open", "openai2", "grok", "öpenai"] {
        assert_eq!(named(name), None, "{name}");
    }
}

#[test]
fn host_of_an_address_states_the_preset() {
    for (base, preset, tokens, key) in [
        (
            "https://api.groq.com/openai/v1/",
            "groq",
            "max_completion_tokens",
            Some("GROQ_API_KEY"),
        ),
        (
            "https://api.mistral.ai/v1",
            "mistral",
            "max_tokens",
            Some("MISTRAL_API_KEY"),
        ),
        (
            "https://x.openai.azure.com",
            "azure",
            "max_completion_tokens",
            Some("AZURE_OPENAI_API_KEY"),
        ),
        (
            "https://notapi.openai.com.example/v1",
            "openai",
            "max_tokens",
            None,
        ),
        ("http://api.groq.com/openai/v1", "openai", "max_tokens", None),
        ("http://localhost:11434/v1", "openai", "max_tokens", None),
    ] {
        let known = provider(json!({"api_base": base}));
        assert_eq!(
            (known.preset.name, known.max_tokens_field.as_str()),
            (preset, tokens),
            "{base}"
        );
        assert_eq!(known.api_key_env.as_deref(), key, "{base}");
    }
    let anthropic = provider(json!({"api_base": "https://api.anthropic.com/v1"}));
    assert_eq!(anthropic.kind, Kind::Anthropic);
    let proxy = provider(json!({"kind": "groq", "api_base": "https://proxy.example/v1"}));
    assert_eq!(proxy.api_key_env, None, "the key is not for other servers");
    assert_eq!(proxy.max_tokens_field, "max_completion_tokens");
}

#[test]
fn reads_no_variable_where_no_key_is_sent() {
    for fields in [
        json!({"kind": "openai", "auth": "none"}),
        json!({"kind": "openai", "api_key": "k"}),
    ] {
        assert_eq!(provider(fields).api_key_env, None);
    }
    let named = provider(json!({"kind": "openai", "api_key_env": "MINE"}));
    assert_eq!(named.api_key_env.as_deref(), Some("MINE"));
}

#[test]
fn reads_azure_in_every_form() {
    let query = |fields: Value| provider(fields).query.expose().to_owned();
    let base = "https://x.openai.azure.com";
    assert_eq!(query(json!({"api_base": base})), "api-version=2024-10-21");
    assert_eq!(
        query(json!({"api_base": base, "api_version": "2025-01-01-preview"})),
        "api-version=2025-01-01-preview"
    );
    assert_eq!(
        query(json!({"api_base": base, "query": {"api-version": "v 1"}})),
        "api-version=v%201"
    );
    let deployment = format!("{base}/openai/deployments/gpt-4o?api-version=2024-06-01");
    let given = provider(json!({"api_base": deployment}));
    assert_eq!(given.api_base, format!("{base}/openai/deployments/gpt-4o"));
    assert_eq!(given.query.expose(), "api-version=2024-06-01");
    assert_eq!(given.auth, Auth::Header("api-key".to_owned()));
    assert_eq!(query(json!({"api_base": format!("{base}/openai/v1")})), "");
    let elsewhere = provider(json!({"kind": "azure", "api_base": "http://127.0.0.1:1/x", "auth": "bearer"}));
    assert_eq!(elsewhere.auth, Auth::Bearer);
}

#[test]
fn reads_query_and_address_together() {
    let known = provider(json!({"api_base": "http://h/v1/?a=1&b", "query": {"c d": "é&=", "e": ""}}));
    assert_eq!(
        (known.api_base.as_str(), known.query.expose()),
        ("http://h/v1", "a=1&b&c%20d=%C3%A9%26%3D&e=")
    );
    assert!(error(json!({"api_base": "http://h", "query": {"a": 1}})).contains("query.a: expected a string"));
    assert!(error(json!({"api_base": "http://h", "query": []})).contains("query: expected an object"));
    assert!(error(json!({"api_base": "http://h/?a b"})).contains("no URL may hold"));
}

#[test]
fn reads_headers_and_their_variables() {
    let known = provider(json!({"kind": "ollama", "headers": {"X-Title": " t "},
        "headers_env": {"CF-Access-Client-Secret": "CF_SECRET", "X-A": "A"}}));
    let read: Vec<_> = known
        .headers
        .iter()
        .map(|header| {
            let source = match &header.source {
                HeaderSource::Value(value) => value.expose(),
                HeaderSource::Variable(name) => name,
            };
            (header.name.as_str(), source)
        })
        .collect();
    assert_eq!(
        read,
        [
            ("x-title", "t"),
            ("cf-access-client-secret", "CF_SECRET"),
            ("x-a", "A")
        ]
    );
    for (fields, message) in [
        (
            json!({"headers": {"a b": "x"}}),
            "headers.a b: this is not the name of a header",
        ),
        (
            json!({"headers": {"": "x"}}),
            "headers.: this is not the name of a header",
        ),
        (
            json!({"headers": {"Content-Length": "1"}}),
            "headers.Content-Length: this header cannot be configured",
        ),
        (
            json!({"headers": {"a": "x\r\ny: z"}}),
            "headers.a: a header's value has printable ASCII characters only",
        ),
        (
            json!({"headers": {"a": "é"}}),
            "headers.a: a header's value has printable ASCII characters only",
        ),
        (
            json!({"headers": {"a": 1}}),
            "headers.a: expected a string, found a number",
        ),
        (
            json!({"headers_env": {"a": "sk-secret"}}),
            "headers_env.a: expected the name of an environment variable; a key itself goes to `api_key`",
        ),
        (
            json!({"headers": "x"}),
            "headers: expected an object, found a string",
        ),
    ] {
        let mut fields = fields;
        fields["kind"] = json!("ollama");
        assert_eq!(error(fields), message);
    }
}

#[test]
fn reads_every_form_of_auth() {
    let auth = |value: Value| provider(json!({"kind": "ollama", "auth": value})).auth;
    let header = |name: &str| Auth::Header(name.to_owned());
    assert_eq!(auth(json!("bearer")), Auth::Bearer);
    assert_eq!(auth(json!("none")), Auth::None);
    assert_eq!(auth(json!("api-key")), header("api-key"));
    assert_eq!(auth(json!("x-api-key")), header("x-api-key"));
    assert_eq!(auth(json!({"header": "X-Key"})), header("x-key"));
    assert_eq!(auth(Value::Null), Auth::Bearer);
    assert_eq!(provider(json!({"kind": "anthropic"})).auth, header("x-api-key"));
    for value in [
        json!("ba sic"),
        json!({}),
        json!({"header": "a b"}),
        json!({"header": ""}),
        json!(3),
        json!({"header": "content-length"}),
    ] {
        assert!(
            error(json!({"kind": "ollama", "auth": value})).starts_with("auth"),
            "{value}"
        );
    }
}

#[test]
fn passes_on_parameters_under_their_names() {
    let all = json!({"reasoning_effort": "low", "verbosity": "low", "top_p": 0.9, "top_k": 4, "min_p": 0.1, "stop": ["a", "b"],
        "seed": 7, "presence_penalty": -1.5, "frequency_penalty": 2, "logit_bias": {"5": -100}, "service_tier": "flex",
        "response_format": {"type": "json_object"}, "user": "u", "metadata": {"a": "b"}});
    let openai = config(all.clone(), "p", json!({"kind": "openai"})).unwrap();
    assert_eq!(extra(&openai), all);
    let mistral = config(json!({"seed": 7}), "p", json!({"kind": "mistral"})).unwrap();
    assert_eq!(extra(&mistral), json!({"random_seed": 7}));
    let anthropic = config(all, "p", json!({"kind": "anthropic"})).unwrap();
    assert_eq!(
        extra(&anthropic),
        json!({"output_config": {"effort": "low"}, "top_p": 0.9, "top_k": 4,
        "stop_sequences": ["a", "b"], "service_tier": "flex", "metadata": {"a": "b"}})
    );
    let one = config(json!({"stop": "x"}), "p", json!({"kind": "anthropic"})).unwrap();
    assert_eq!(extra(&one), json!({"stop_sequences": ["x"]}));
}

#[test]
fn extra_body_wins_over_parameters() {
    let body =
        json!({"top_p": 0.2, "a": [1, -2.50, 1e9, true, null, {"b": "\"\\\n\u{1}é\u{1f600}"}], "": {}});
    let known = config(
        json!({"top_p": 0.9, "seed": 1}),
        "p",
        json!({"kind": "groq", "extra_body": body}),
    )
    .unwrap();
    let mut expected = body;
    expected["seed"] = json!(1);
    assert_eq!(extra(&known), expected);
    assert!(known.provider.stream);
    assert!(!provider(json!({"kind": "groq", "extra_body": {"stream": false}})).stream);
    assert!(error(json!({"kind": "groq", "extra_body": []})).starts_with("extra_body: expected an object"));
    assert!(error(json!({"kind": "groq", "extra_body": {"stream": 1}})).starts_with("extra_body.stream"));
}

#[test]
fn whole_answers_have_first_time_if_given_only() {
    let whole = |fields: Value| {
        let mut fields = fields;
        fields["kind"] = json!("openai");
        provider(fields).whole_timeout.as_secs()
    };
    assert_eq!(whole(json!({})), 600);
    assert_eq!(whole(json!({"total_timeout_secs": 90})), 90);
    assert_eq!(whole(json!({"timeout_secs": 9})), 9);
    assert_eq!(whole(json!({"timeout_secs": null})), 600);
}

#[test]
fn total_timeout_is_no_shorter_than_the_first() {
    let times = |fields: Value| {
        let mut fields = fields;
        fields["kind"] = json!("openai");
        let known = provider(fields);
        [known.timeout, known.idle_timeout, known.total_timeout].map(|time: Duration| time.as_secs())
    };
    assert_eq!(times(json!({})), [30, 60, 600]);
    assert_eq!(times(json!({"timeout_secs": 900})), [900, 60, 900]);
    assert_eq!(
        times(json!({"timeout_secs": 9, "idle_timeout_secs": 8, "total_timeout_secs": 7})),
        [9, 8, 7]
    );
    for name in ["timeout_secs", "idle_timeout_secs", "total_timeout_secs"] {
        assert!(error(json!({"kind": "openai", name: 0})).starts_with(name));
    }
}

/// Returns the warnings about a configuration.
fn warnings(text: &str) -> Vec<String> {
    let config = Config::parse("c", text.as_bytes()).unwrap();
    let tree = json::parse(text.as_bytes()).unwrap();
    config::warnings(Node::root(&tree), &config)
}

#[test]
fn parameters_that_are_not_sent_are_warnings() {
    let text = |kind: &str| {
        format!(
            r#"{{"agents":{{"model":"m","seed":1,"top_p":0.5,"user":"u"}},"providers":{{"providers":{{"p":{{"kind":"{kind}"}}}}}}}}"#
        )
    };
    assert!(warnings(&text("groq")).is_empty());
    assert_eq!(
        warnings(&text("anthropic")),
        [
            "`agents.seed` is not sent, Anthropic has no such parameter",
            "`agents.user` is not sent, Anthropic has no such parameter",
        ]
    );
}

#[test]
fn unknown_fields_are_warnings_with_the_nearest_name() {
    let text = json!({
        "agents": {"model": "m", "temprature": 1, "systemPrompt": "x", "_note": "x"},
        "providers": {"provider": {}, "providers": {"p": {"kind": "groq", "timeout": 3, "apiKey": "sk-secret"}}},
        "gateway": {"tokenEnv": "T", "models": {"a": [{"model": "m", "wieght": 1}], "b": {"modell": "m"}}},
        "tools": {"file": {}, "files": {"writes": true}, "fetch": {"allowed": []}, "mcp": {"s": {"comand": "x"}, "t": 1}},
        "$schema": "x", "gatway": {}, "mcp": {}, "zzz": 1
    });
    let mut warnings = warnings(&text.to_string());
    warnings.sort();
    assert_eq!(
        warnings,
        [
            "unknown field `agents.systemPrompt`, the nearest known name is `system_prompt`",
            "unknown field `agents.temprature`, the nearest known name is `temperature`",
            "unknown field `gateway.models.a.wieght`, the nearest known name is `weight`",
            "unknown field `gateway.models.b.modell`, the nearest known name is `model`",
            "unknown field `gateway.tokenEnv`, the nearest known name is `token_env`",
            "unknown field `gatway`, the nearest known name is `gateway`",
            "unknown field `mcp`, it belongs in `tools`",
            "unknown field `providers.provider`, the nearest known name is `providers`",
            "unknown field `providers.providers.p.apiKey`, the nearest known name is `api_key`",
            "unknown field `providers.providers.p.timeout`, the nearest known name is `timeout_secs`",
            "unknown field `tools.fetch.allowed`, the nearest known name is `allow`",
            "unknown field `tools.file`, the nearest known name is `files`",
            "unknown field `tools.files.writes`, the nearest known name is `write`",
            "unknown field `tools.mcp.s.comand`, the nearest known name is `command`",
            "unknown field `zzz`, and no known name is like it",
        ]
    );
}

#[test]
fn every_known_field_is_read() {
    // A number in a list is valid nowhere.
    let odd = || json!([[7]]);
    for name in [
        "provider",
        "system_prompt",
        "max_tokens",
        "temperature",
        "stream",
        "context_tokens",
    ] {
        let error = config(json!({name: odd()}), "p", json!({"kind": "openai"})).unwrap_err();
        assert!(error.starts_with(&format!("c: agents.{name}")), "{error}");
    }
    for name in [
        "kind",
        "api_base",
        "api_key",
        "api_key_env",
        "api_version",
        "auth",
        "extra_body",
        "headers",
        "headers_env",
        "idle_timeout_secs",
        "max_response_bytes",
        "max_tokens_field",
        "query",
        "retries",
        "timeout_secs",
        "total_timeout_secs",
    ] {
        let mut fields = json!({"kind": "openai"});
        fields[name] = odd();
        let message = error(fields);
        assert!(message.starts_with(name), "{message}");
    }
}

#[test]
fn never_prints_secrets_of_a_configuration() {
    let known = config(
        json!({}),
        "p",
        json!({"api_base": "http://h?key=sk-a", "query": {"code": "sk-b"},
        "headers": {"x-token": "sk-c"}, "extra_body": {"api_key": "sk-d"}, "api_key": "sk-e"}),
    )
    .unwrap();
    assert!(!format!("{known:?}").contains("sk-"), "{known:?}");
}

#[test]
fn accepts_a_byte_order_mark() {
    let text = "\u{feff}{\"agents\":{\"model\":\"m\"},\"providers\":{\"providers\":{\"p\":{\"api_base\":\"http://127.0.0.1:1/v1\"}}}}";
    assert!(Config::parse("c", text.as_bytes()).is_ok());
}
