//! The configuration: from environment variables, checked once.

use clawft_types::{
    Config, ConfigError,
    config::ModelMap,
    json::{self, Node},
};

use crate::{access::Access, refusal::Refusal, routing::Routing};

/// The variable with the configuration, in the format of `config.json`.
pub const CONFIG: &str = "CLAWFT_CONFIG";

/// The default of `gateway.max_body_bytes`, as in `weft`.
const MAX_BODY_BYTES: usize = 4_000_000;

/// The configuration of the server.
#[derive(Debug)]
pub struct Service {
    access: Result<Access, String>,
    configured: Result<Configured, String>,
    environment: Vec<(String, String)>,
}

/// The part of the configuration that is JSON.
#[derive(Debug)]
pub(crate) struct Configured {
    pub(crate) routing: Routing,
    /// The maximum size of a request's body in bytes.
    pub(crate) max_body: usize,
}

impl Service {
    /// Reads the configuration from the variables of an environment. What is wrong is reported to each request.
    pub fn read(environment: Vec<(String, String)>) -> Service {
        let variable = |name: &str| lookup(&environment, name);
        let access = Access::read(&variable);
        let configured = match variable(CONFIG).filter(|text| !text.trim().is_empty()) {
            Some(text) => configured(text.as_bytes()).map_err(|error| error.to_string()),
            None => Err(format!(
                "no configuration: set `{CONFIG}` to JSON in the format of `config.json`"
            )),
        };
        Service {
            access,
            configured,
            environment,
        }
    }

    /// Returns whether requests can be answered.
    pub(crate) fn is_ready(&self) -> bool {
        self.access.is_ok() && self.configured.is_ok()
    }

    /// Returns the configuration for a request with these headers.
    ///
    /// # Errors
    /// 401 without the token; 500 with the message if the configuration is wrong.
    pub(crate) fn admit(&self, header: &dyn Fn(&str) -> Option<String>) -> Result<&Configured, Refusal> {
        let broken = |error: &String| Refusal::new(500, "not_configured", error.as_str());
        self.access.as_ref().map_err(broken)?.check(header)?;
        self.configured.as_ref().map_err(broken)
    }

    /// Returns the value of an environment variable.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        lookup(&self.environment, name)
    }
}

fn lookup(environment: &[(String, String)], name: &str) -> Option<String> {
    let found = environment.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.clone())
}

fn configured(text: &[u8]) -> Result<Configured, ConfigError> {
    let config = Config::parse(CONFIG, text)?;
    let named = |cause| ConfigError {
        path: CONFIG.to_owned(),
        cause,
    };
    let tree = json::parse(text).map_err(named)?;
    let root = Node::root(&tree);
    let gateway = root.get("gateway");
    let models = match gateway.and_then(|gateway| gateway.get("models")) {
        Some(models) => ModelMap::read(models).map_err(named)?,
        None => ModelMap::default(),
    };
    let max_body = match gateway.and_then(|gateway| gateway.get("max_body_bytes")) {
        Some(bytes) => usize::try_from(bytes.whole().map_err(named)?).unwrap_or(usize::MAX),
        None => MAX_BODY_BYTES,
    };
    let routing = Routing::new(&config, Config::providers(root), &models);
    let routing = routing.map_err(|error| named(root.error(error)))?;
    Ok(Configured { routing, max_body })
}
