//! The providers, and which of them serve a model.

use clawft_api::routing::{order, qualified, unknown_provider};
use clawft_types::{
    Config, Provider,
    config::{ModelEntry, ModelMap},
    json::JsonError,
};

/// The providers, and which of them serve a model.
#[derive(Debug)]
pub(crate) struct Routing {
    /// The model that is asked if a request names none.
    model: String,
    /// The usable providers, the default one first.
    providers: Vec<Provider>,
    models: ModelMap,
}

/// A provider to ask, and the model's name there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate<'a> {
    /// The provider.
    pub(crate) provider: &'a Provider,
    /// The model's name.
    pub(crate) model: &'a str,
}

impl Routing {
    /// Returns the routing of a configuration.
    ///
    /// # Errors
    /// If `models` names a provider that is not configured, or cannot be used.
    pub(crate) fn new(
        config: &Config,
        others: Vec<(String, Result<Provider, JsonError>)>,
        models: &ModelMap,
    ) -> Result<Routing, String> {
        let mut providers = vec![config.provider.clone()];
        let others = others
            .into_iter()
            .filter(|(name, _)| *name != config.provider.name);
        providers.extend(others.filter_map(|(_, read)| read.ok()));
        let routing = Routing {
            model: config.agents.model.clone(),
            providers,
            models: models.clone(),
        };
        for (name, entries) in models.iter() {
            for entry in entries {
                routing
                    .candidate(entry)
                    .ok_or_else(|| unknown_provider(name, entry))?;
            }
        }
        Ok(routing)
    }

    /// Returns the default provider.
    pub(crate) fn default_provider(&self) -> Option<&Provider> {
        self.providers.first()
    }

    /// Returns the configured names of models, with their providers.
    pub(crate) fn names(&self) -> Vec<(&str, &str)> {
        let own = self
            .default_provider()
            .map_or("", |provider| provider.name.as_str());
        let mut names = vec![(self.model.as_str(), own)];
        for (name, entries) in self.models.iter().filter(|(name, _)| *name != self.model) {
            let provider = entries.first().and_then(|entry| entry.provider.as_deref());
            names.push((name, provider.unwrap_or(own)));
        }
        names
    }

    /// Returns who serves `model`, or the default model if none is named, in the order in which they are asked.
    /// `random` decides among weights.
    pub(crate) fn candidates<'a>(
        &'a self,
        model: Option<&'a str>,
        random: impl FnOnce() -> u64,
    ) -> Vec<Candidate<'a>> {
        let model = model.unwrap_or(&self.model);
        if let Some((_, entries)) = self.models.iter().find(|(name, _)| *name == model) {
            // Nothing outlives a request here, so nobody pauses.
            let weights: Vec<_> = entries.iter().map(|entry| Some(entry.weight)).collect();
            let order = order(&weights, random).into_iter();
            return order.filter_map(|at| self.candidate(entries.get(at)?)).collect();
        }
        let qualified = qualified(model, |name| self.provider(name));
        let found = qualified.or_else(|| Some((self.default_provider()?, model)));
        found
            .map(|(provider, model)| Candidate { provider, model })
            .into_iter()
            .collect()
    }

    fn candidate<'a>(&'a self, entry: &'a ModelEntry) -> Option<Candidate<'a>> {
        let provider = match &entry.provider {
            Some(name) => self.provider(name)?,
            None => self.default_provider()?,
        };
        Some(Candidate {
            provider,
            model: &entry.model,
        })
    }

    fn provider(&self, name: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.name == name)
    }
}

#[cfg(test)]
mod tests {
    use clawft_types::json::{self, Node};

    use super::*;

    const CONFIG: &str = r#"{"agents":{"model":"small","provider":"b"},"providers":{"providers":{
        "a":{"api_base":"http://127.0.0.1:1/v1"}, "b":{"api_base":"http://127.0.0.1:2/v1"},
        "other":{"of":"another program"}}}}"#;

    fn routing(models: &str) -> Result<Routing, String> {
        let models = json::parse(models.as_bytes()).unwrap();
        let models = ModelMap::read(Node::root(&models)).map_err(|error| error.to_string())?;
        let config = Config::parse("config.json", CONFIG.as_bytes()).unwrap();
        let tree = json::parse(CONFIG.as_bytes()).unwrap();
        Routing::new(&config, Config::providers(Node::root(&tree)), &models)
    }

    fn asked(routing: &Routing, model: Option<&str>, random: u64) -> Vec<String> {
        let name = |candidate: &Candidate<'_>| format!("{}:{}", candidate.provider.name, candidate.model);
        routing.candidates(model, || random).iter().map(name).collect()
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
    fn weights_choose_the_first() {
        let models = r#"{"x":[{"provider":"a","model":"1","weight":3},{"provider":"b","model":"2","weight":1},"a/3"]}"#;
        let routing = routing(models).unwrap();
        let first = |random| asked(&routing, Some("x"), random).remove(0);
        assert_eq!(
            [0, 1, 2, 3, 4, 7].map(first),
            ["a:1", "a:1", "a:1", "b:2", "a:1", "b:2"]
        );
        assert_eq!(asked(&routing, Some("x"), 3), ["b:2", "a:1", "a:3"]);
        assert_eq!(routing.names(), [("small", "b"), ("x", "a")]);
    }

    #[test]
    fn unknown_providers_are_named() {
        let error = routing(r#"{"x":"nobody/m"}"#).unwrap_err();
        assert!(
            error.contains("gateway.models.x: the provider `nobody`"),
            "{error}"
        );
    }
}
