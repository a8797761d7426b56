use std::time::Duration;

use clawft_types::{
    config::ModelMap,
    json::{self, Node},
};

use super::*;

const CONFIG: &str = r#"{"agents":{"model":"small","provider":"b"},"providers":{"providers":{
    "a":{"api_base":"http://127.0.0.1:1/v1"}, "b":{"api_base":"http://127.0.0.1:2/v1"},
    "other":{"of":"another program"}}}}"#;

fn routing(models: &str) -> Result<Routing, String> {
    let models = json::parse(models.as_bytes()).unwrap();
    let models = ModelMap::read(Node::root(&models)).map_err(|error| error.to_string())?;
    let config = Config::parse("config.json", CONFIG.as_bytes()).unwrap();
    let tree = json::parse(CONFIG.as_bytes()).unwrap();
    let all = Config::providers(Node::root(&tree)).into_iter();
    let mut providers: Vec<_> = all.filter_map(|(_, read)| read.ok()).collect();
    providers.sort_by_key(|provider| provider.name != "b");
    let providers = providers
        .into_iter()
        .map(|provider| (provider, ExtraBody::default()));
    Routing::new(&config, providers, &models).map_err(|error| error.to_string())
}

fn asked(routing: &Routing, model: Option<&str>, random: u32) -> Vec<String> {
    let name = |candidate: &Candidate| format!("{}:{}", candidate.target.provider.name, candidate.model);
    routing.candidates(model, &|| random).iter().map(name).collect()
}

#[test]
fn unmapped_names_go_to_a_provider() {
    let routing = routing("{}").unwrap();
    for (model, expected) in [
        (None, "b:small"),
        (Some("m"), "b:m"),
        (Some("a/m"), "a:m"),
        (Some("a/team/m"), "a:team/m"),
        (Some("team/m"), "b:team/m"),
        (Some("a/"), "b:a/"),
        (Some("other/m"), "b:other/m"),
    ] {
        assert_eq!(asked(&routing, model, 0), [expected]);
    }
}

#[test]
fn mapped_names_have_an_order() {
    let routing =
        routing(r#"{"x":["a/1",{"provider":"b","model":"2"},{"model":"3"}],"a/y":"b/4","small":"a/5"}"#);
    let routing = routing.unwrap();
    assert_eq!(asked(&routing, Some("x"), 7), ["a:1", "b:2", "b:3"]);
    assert_eq!(asked(&routing, Some("a/y"), 0), ["b:4"]);
    assert_eq!(asked(&routing, None, 0), ["a:5"]);
    let first = &routing.routes[0].entries[0].candidate.health;
    first.failed(Some(Duration::from_secs(60)));
    assert_eq!(asked(&routing, Some("x"), 7), ["b:2", "b:3", "a:1"], "it pauses");
    first.answered();
    assert_eq!(asked(&routing, Some("x"), 7), ["a:1", "b:2", "b:3"]);
}

#[test]
fn weights_choose_the_first() {
    let models =
        r#"{"x":[{"provider":"a","model":"1","weight":3},{"provider":"b","model":"2","weight":1},"a/3"]}"#;
    let routing = routing(models).unwrap();
    let first = |random| asked(&routing, Some("x"), random).remove(0);
    assert_eq!(
        [0, 1, 2, 3, 4, 7].map(first),
        ["a:1", "a:1", "a:1", "b:2", "a:1", "b:2"]
    );
    assert_eq!(asked(&routing, Some("x"), 3), ["b:2", "a:1", "a:3"]);
    routing.routes[0].entries[0]
        .candidate
        .health
        .failed(Some(Duration::from_secs(60)));
    assert_eq!(asked(&routing, Some("x"), 0), ["b:2", "a:3", "a:1"]);
}

#[test]
fn wrong_models_are_named() {
    for (models, words) in [
        (
            r#"{"x":"nobody/m"}"#,
            "gateway.models.x: the provider `nobody` is not configured",
        ),
        (
            r#"{"x":"other/m"}"#,
            "`other` is not configured, or cannot be used",
        ),
        (r#"{"x":[]}"#, "x: at least one model"),
        (r#"{"x":""}"#, "x: expected a model"),
        (r#"{"x":"a/"}"#, "x: expected a model"),
        (r#"{"x":{}}"#, "x.model: missing"),
        (r#"{"x":{"model":"m","weight":-1}}"#, "x.weight: expected"),
        (r#"{"":"m"}"#, "must not be empty"),
        ("[]", "expected an object"),
    ] {
        let error = routing(models).unwrap_err();
        assert!(error.contains(words), "{models}: {error}");
    }
}
