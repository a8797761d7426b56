//! The options of the gateway, from the configuration's `gateway`, the environment and the command line.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use clawft_types::{
    Secret,
    json::{JsonError, Node},
};
use weft_agent::{ConfigFile, Error};

use super::{database_url, origins::Origins};

/// The variable with the address to listen on.
pub const LISTEN_VARIABLE: &str = "CLAWFT_LISTEN";

/// The variable with the token.
pub const TOKEN_VARIABLE: &str = "CLAWFT_TOKEN";

/// The variable with the URL of the database for several replicas.
pub const STORE_VARIABLE: &str = "CLAWFT_STORE_URL";

const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
const DEFAULT_MAX_CONCURRENT: u32 = 512;
const DEFAULT_MAX_BODY_BYTES: u32 = 4_000_000;
const DEFAULT_STORE_CONNECTIONS: u32 = 10;

/// The maximum value of `store.max_connections`.
const MAX_STORE_CONNECTIONS: u32 = 1000;

/// The number of connections beside those with a running answer, in all and from one address: a proxy has one
/// address for all of its clients.
const SPARE_CONNECTIONS: u32 = 1024;
const SPARE_CONNECTIONS_PER_ADDRESS: u32 = 256;

/// The maximum value of `max_connections`.
const MAX_CONNECTIONS: u32 = 1_000_000;

/// The fields of `gateway`.
#[cfg(test)]
pub(super) const FIELDS: [&str; 8] = [
    "listen",
    "token",
    "token_env",
    "max_concurrent",
    "max_body_bytes",
    "max_connections",
    "max_connections_per_address",
    "cors_origins",
];

/// The maximum value of `max_concurrent`: each request takes two file descriptors.
const MAX_CONCURRENT: u32 = 100_000;

/// The options of the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `listen`: the address and port, by default 127.0.0.1:8080. Port 0 means any free port.
    pub listen: SocketAddr,
    /// `token`, or the value of the variable that `token_env` names: the token that clients have to send.
    pub token: Option<Secret>,
    /// `max_concurrent`: the maximum number of running answers, by default 512.
    pub max_concurrent: u32,
    /// `max_body_bytes`: the maximum size of a request's body, by default 4,000,000.
    pub max_body_bytes: u32,
    /// `max_connections`: the maximum number of connections, by default `max_concurrent` and 1024 more.
    pub max_connections: u32,
    /// `max_connections_per_address`: the maximum number from one address, by default `max_concurrent` and
    /// 256 more.
    pub max_connections_per_address: u32,
    /// `cors_origins`: the origins of pages that may send requests, by default none.
    pub cors_origins: Origins,
    /// `store`, beside `gateway`: the database of several replicas, by default none.
    pub store: Option<StoreSettings>,
}

/// The database that several replicas share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreSettings {
    /// `url`: the address of the database, with a password.
    pub url: Secret,
    /// `max_connections`: the maximum number of connections of this process, by default 10.
    pub max_connections: u32,
}

impl StoreSettings {
    /// Reads `store` in the configuration `file`, if it is given. The URL in the variable overrides it. Returns
    /// `None` if sessions are kept in files.
    ///
    /// # Errors
    /// With the field or the variable of an invalid value, which is not quoted.
    pub fn read(
        file: Option<&ConfigFile>,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Option<StoreSettings>, Error> {
        let given = filled(env, STORE_VARIABLE);
        if let Some(url) = &given {
            database_url::check(url).map_err(|error| wrong(STORE_VARIABLE, &error))?;
        }
        let given = given.map(Secret::new);
        match file {
            Some(file) => file.part(|root| store(root, given)),
            None => Ok(given.map(StoreSettings::at)),
        }
    }

    fn at(url: Secret) -> StoreSettings {
        StoreSettings {
            url,
            max_connections: DEFAULT_STORE_CONNECTIONS,
        }
    }
}

/// Reads `store`, with the URL that the environment has given.
fn store(root: Node<'_>, given: Option<Secret>) -> Result<Option<StoreSettings>, JsonError> {
    let Some(node) = root.get("store") else {
        return Ok(given.map(StoreSettings::at));
    };
    node.keys()?;
    let url = match (given, node.get("url")) {
        (Some(url), _) => url,
        (None, Some(url)) => {
            database_url::check(url.text()?).map_err(|error| url.error(error))?;
            Secret::new(url.text()?)
        }
        (None, None) => {
            let message = format!("`url` is missing, and the variable `{STORE_VARIABLE}` is not set");
            return Err(node.error(message));
        }
    };
    let max_connections = whole_or(
        node,
        "max_connections",
        MAX_STORE_CONNECTIONS,
        DEFAULT_STORE_CONNECTIONS,
    )?;
    Ok(Some(StoreSettings { url, max_connections }))
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            listen: DEFAULT_LISTEN,
            token: None,
            max_concurrent: DEFAULT_MAX_CONCURRENT,
            max_body_bytes: DEFAULT_MAX_BODY_BYTES,
            max_connections: DEFAULT_MAX_CONCURRENT + SPARE_CONNECTIONS,
            max_connections_per_address: DEFAULT_MAX_CONCURRENT + SPARE_CONNECTIONS_PER_ADDRESS,
            cors_origins: Origins::default(),
            store: None,
        }
    }
}

impl Settings {
    /// Reads `gateway` in the configuration `file`, if it is given. The variables in `env` override it, and
    /// `listen`, the command line's address, overrides those.
    ///
    /// # Errors
    /// With the field or the variable of an invalid value.
    pub fn read(
        file: Option<&ConfigFile>,
        env: &dyn Fn(&str) -> Option<String>,
        listen: Option<SocketAddr>,
    ) -> Result<Settings, Error> {
        let part = file.map(|file| file.part(|root| config(root, env))).transpose()?;
        let mut settings = part.unwrap_or_default();
        settings.override_from(env)?;
        settings.store = StoreSettings::read(file, env)?;
        settings.listen = listen.unwrap_or(settings.listen);
        Ok(settings)
    }

    /// Overrides the file's values with those of the environment.
    fn override_from(&mut self, env: &dyn Fn(&str) -> Option<String>) -> Result<(), Error> {
        if let Some(address) = filled(env, LISTEN_VARIABLE) {
            self.listen = parse_listen(&address).map_err(|error| wrong(LISTEN_VARIABLE, error))?;
        }
        if let Some(token) = filled(env, TOKEN_VARIABLE) {
            self.token = Some(parse_token(&token).map_err(|error| wrong(TOKEN_VARIABLE, error))?);
        }
        Ok(())
    }
}

/// Returns the variable's value, if it is not empty.
fn filled(env: &dyn Fn(&str) -> Option<String>, name: &str) -> Option<String> {
    env(name).filter(|value| !value.trim().is_empty())
}

/// Returns an error that does not quote the value: a token may be in the wrong variable.
fn wrong(variable: &str, error: &str) -> Error {
    Error::other(format!("the variable `{variable}`: {error}"))
}

fn config(root: Node<'_>, env: &dyn Fn(&str) -> Option<String>) -> Result<Settings, JsonError> {
    root.get("gateway")
        .map_or_else(|| Ok(Settings::default()), |gateway| self::gateway(gateway, env))
}

fn gateway(node: Node<'_>, env: &dyn Fn(&str) -> Option<String>) -> Result<Settings, JsonError> {
    // No field is required, so nothing below would notice another type.
    node.keys()?;
    let default = Settings::default();
    let listen = node
        .get("listen")
        .map(|address| parse_listen(address.text()?).map_err(|message| address.error(message)));
    let max_concurrent = whole_or(node, "max_concurrent", MAX_CONCURRENT, default.max_concurrent)?;
    let connections = |key, spare| whole_or(node, key, MAX_CONNECTIONS, max_concurrent + spare);
    Ok(Settings {
        listen: listen.transpose()?.unwrap_or(default.listen),
        token: token(node, env)?,
        max_concurrent,
        max_body_bytes: whole_or(node, "max_body_bytes", u32::MAX, default.max_body_bytes)?,
        max_connections: connections("max_connections", SPARE_CONNECTIONS)?,
        max_connections_per_address: connections(
            "max_connections_per_address",
            SPARE_CONNECTIONS_PER_ADDRESS,
        )?,
        cors_origins: node
            .get("cors_origins")
            .map_or_else(|| Ok(Origins::default()), |origins| Origins::read(origins))?,
        store: None,
    })
}

/// Reads the token. The variable overrides the text, as for a provider's key. A variable that is named but
/// not set is an error: the gateway would be open, or use an unintended token.
fn token(node: Node<'_>, env: &dyn Fn(&str) -> Option<String>) -> Result<Option<Secret>, JsonError> {
    let parse = |field: Node<'_>, text: &str| parse_token(text).map_err(|message| field.error(message));
    let Some(name) = node.get("token_env") else {
        return node
            .get("token")
            .map(|token| parse(token, token.text()?))
            .transpose();
    };
    match (filled(env, name.text()?), node.get("token")) {
        (Some(value), _) => parse(name, &value).map(Some),
        (None, Some(token)) => parse(token, token.text()?).map(Some),
        (None, None) => Err(name.error("the variable of this name is not set or empty")),
    }
}

/// Reads an address to listen on: `127.0.0.1:8080`, `0.0.0.0:80`, `[::1]:8080` or `localhost:8080`.
///
/// # Errors
/// With a reason that does not quote the text.
pub fn parse_listen(text: &str) -> Result<SocketAddr, &'static str> {
    let text = text.trim();
    let address = match text.strip_prefix("localhost:") {
        Some(port) => port
            .parse()
            .ok()
            .map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
        None => text.parse().ok(),
    };
    address.ok_or("expected an address and a port, such as `127.0.0.1:8080` or `0.0.0.0:8080`")
}

/// Parses a token. It is sent in a header, so it has to be visible ASCII. Line ends around it, which files
/// and shells leave, are removed.
fn parse_token(text: &str) -> Result<Secret, &'static str> {
    match text.trim() {
        "" => Err("the token must not be empty"),
        token if token.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(Secret::new(token)),
        _ => Err("the token holds a character other than visible ASCII"),
    }
}

fn whole_or(node: Node<'_>, key: &str, most: u32, default: u32) -> Result<u32, JsonError> {
    let Some(node) = node.get(key) else {
        return Ok(default);
    };
    let number = u32::try_from(node.whole()?)
        .ok()
        .filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| node.error(format!("expected a whole number from 1 to {most}")))
}

#[cfg(test)]
mod tests {
    use clawft_types::{
        config::{GATEWAY_FIELDS, unknown_fields},
        json,
    };
    use weft_agent::Home;

    use super::*;

    fn read(config: &str, env: &[(&str, &str)]) -> Result<Settings, String> {
        read_with(config, env, None)
    }

    fn read_with(config: &str, env: &[(&str, &str)], listen: Option<SocketAddr>) -> Result<Settings, String> {
        let directory = tempfile::tempdir().unwrap();
        let home = Home {
            directory: directory.path().to_owned(),
            config: directory.path().join("config.json"),
        };
        std::fs::write(&home.config, config).unwrap();
        let file = ConfigFile::read(&home).unwrap();
        let variable = |name: &str| {
            env.iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        };
        Settings::read(Some(&file), &variable, listen).map_err(|error| error.to_string())
    }

    #[test]
    fn default_is_loopback_without_token() {
        let settings = read("{}", &[]).unwrap();
        assert_eq!(settings, Settings::default());
        assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
    }

    #[test]
    fn command_line_overrides_environment_and_file() {
        let file =
            r#"{"gateway":{"listen":"0.0.0.0:1","token":"file","max_concurrent":2,"max_body_bytes":3}}"#;
        let settings = read(file, &[]).unwrap();
        assert_eq!(
            (
                settings.listen.port(),
                settings.max_concurrent,
                settings.max_body_bytes
            ),
            (1, 2, 3)
        );
        assert_eq!(settings.token.unwrap().expose(), "file");

        let env = [("CLAWFT_LISTEN", "localhost:2"), ("CLAWFT_TOKEN", " env\n")];
        let settings = read(file, &env).unwrap();
        assert_eq!(settings.listen.to_string(), "127.0.0.1:2");
        assert_eq!(settings.token.unwrap().expose(), "env");

        let settings = read_with(file, &env, "[::1]:3".parse().ok());
        assert_eq!(settings.unwrap().listen.port(), 3);
    }

    #[test]
    fn reads_every_field_of_gateway() {
        for field in FIELDS {
            let error = read(&format!(r#"{{"gateway":{{"{field}":{{}}}}}}"#), &[]).unwrap_err();
            assert!(error.contains(&format!("gateway.{field}: expected ")), "{error}");
            let tree = json::parse(format!(r#"{{"{field}":1}}"#).as_bytes()).unwrap();
            let mut warnings = Vec::new();
            unknown_fields(Node::root(&tree), "", GATEWAY_FIELDS, &mut warnings);
            assert_eq!(warnings, [""; 0]);
        }
    }

    #[test]
    fn store_comes_from_file_or_variable() {
        let url = "postgres://u:hunter2@127.0.0.1/x";
        assert_eq!(read("{}", &[]).unwrap().store, None);
        let file = format!(r#"{{"store":{{"url":"{url}","max_connections":3}}}}"#);
        let store = read(&file, &[]).unwrap().store.unwrap();
        assert_eq!((store.url.expose(), store.max_connections), (url, 3));
        let other = "postgres://u:hunter2@127.0.0.1/y";
        let store = read(&file, &[("CLAWFT_STORE_URL", other)])
            .unwrap()
            .store
            .unwrap();
        assert_eq!((store.url.expose(), store.max_connections), (other, 3));
        let store = read("{}", &[("CLAWFT_STORE_URL", other)]).unwrap().store.unwrap();
        assert_eq!((store.url.expose(), store.max_connections), (other, 10));
        assert!(!format!("{store:?}").contains("hunter2"));
    }

    #[test]
    fn errors_name_field_of_store_but_never_url() {
        for (store, named) in [
            (r#""postgres://hunter2""#, "store: expected an object"),
            (
                "{}",
                "store: `url` is missing, and the variable `CLAWFT_STORE_URL` is not set",
            ),
            (r#"{"url":"hunter2"}"#, "store.url: expected a URL such as"),
            (
                r#"{"url":"postgres://u:hunter2@h/x","max_connections":0}"#,
                "store.max_connections: expected a whole number from 1 to 1000",
            ),
        ] {
            let error = read(&format!(r#"{{"store":{store}}}"#), &[]).unwrap_err();
            assert!(error.contains(named) && !error.contains("hunter2"), "{error}");
        }
        let error = read("{}", &[("CLAWFT_STORE_URL", "hunter2")]).unwrap_err();
        assert!(
            error.starts_with("the variable `CLAWFT_STORE_URL`: expected a URL"),
            "{error}"
        );
    }

    #[test]
    fn connection_limits_default_to_answers() {
        let bounds = |gateway: &str| {
            let settings = read(&format!(r#"{{"gateway":{gateway}}}"#), &[]).unwrap();
            (settings.max_connections, settings.max_connections_per_address)
        };
        assert_eq!(bounds("{}"), (1536, 768));
        assert_eq!(bounds(r#"{"max_concurrent":10}"#), (1034, 266));
        assert_eq!(
            bounds(r#"{"max_connections":3,"max_connections_per_address":2}"#),
            (3, 2)
        );
    }

    #[test]
    fn reads_token_from_named_variable() {
        let file = r#"{"gateway":{"token_env":"GATE","token":"file"}}"#;
        assert_eq!(
            read(file, &[("GATE", "env")]).unwrap().token.unwrap().expose(),
            "env"
        );
        assert_eq!(read(file, &[]).unwrap().token.unwrap().expose(), "file");
        let error = read(r#"{"gateway":{"token_env":"GATE"}}"#, &[]).unwrap_err();
        let expected = "config.json: gateway.token_env: the variable of this name is not set or empty";
        assert!(error.ends_with(expected), "{error}");
    }

    #[test]
    fn errors_name_field_but_never_token() {
        for (gateway, named) in [
            (r#""open""#, "gateway: expected an object"),
            (
                r#"{"listen":"8080"}"#,
                "gateway.listen: expected an address and a port",
            ),
            (r#"{"listen":8080}"#, "gateway.listen: expected a string"),
            (r#"{"token":""}"#, "gateway.token: the token must not be empty"),
            (
                r#"{"token":"se cret"}"#,
                "gateway.token: the token holds a character",
            ),
            (
                r#"{"max_concurrent":0}"#,
                "gateway.max_concurrent: expected a whole number from 1 to 100000",
            ),
            (
                r#"{"max_body_bytes":"1"}"#,
                "gateway.max_body_bytes: expected a whole number",
            ),
            (
                r#"{"max_connections":0}"#,
                "gateway.max_connections: expected a whole number from 1 to 1000000",
            ),
        ] {
            let error = read(&format!(r#"{{"gateway":{gateway}}}"#), &[]).unwrap_err();
            assert!(error.contains(named) && !error.contains("cret"), "{error}");
        }
        assert_eq!(
            Settings::read(None, &|_| None, None).unwrap(),
            Settings::default()
        );
        let error = read("{}", &[("CLAWFT_LISTEN", "here")]).unwrap_err();
        assert!(
            error.starts_with("the variable `CLAWFT_LISTEN`: expected"),
            "{error}"
        );
    }
}
