//! Warnings about a configuration that works but is misspelt or puts secrets at risk, as sentence fragments.

mod repeated;
mod rules;

use std::{net::IpAddr, path::Path};

use clawft_types::{
    Config, Provider, Secret,
    config::{
        self, CustomHeader, HeaderSource, is_secret_name,
        mcp::{self, McpServer, McpTransport},
    },
    json::Node,
};

use crate::home::{ConfigFile, Home};

/// The shortest token, in characters, that counts as safe from guessing.
pub const SHORTEST_TOKEN: usize = 16;

/// Returns the warnings about the agent's part of the configuration in `home`. `env` reads an environment variable.
pub fn of_config(
    home: &Home,
    file: &ConfigFile,
    config: &Config,
    env: &dyn Fn(&str) -> Option<String>,
) -> Vec<String> {
    let mut found = file
        .part(|root| {
            let fields = config::warnings(root, config);
            Ok([fields, repeated::names(root), rules::without_tool(root)].concat())
        })
        .unwrap_or_default();
    found.extend(plain_http(&config.provider, env));
    found.extend(plain_http_of_servers(file));
    found.extend(readable_secret(&home.config, file));
    found
}

/// Returns the warnings about the API keys of the providers that only the gateway's clients use. `env` reads an
/// environment variable.
pub fn of_other_providers(
    file: &ConfigFile,
    config: &Config,
    env: &dyn Fn(&str) -> Option<String>,
) -> Vec<String> {
    let providers = file.part(|root| Ok(Config::providers(root))).unwrap_or_default();
    let usable = providers.into_iter().filter_map(|(_, provider)| provider.ok());
    let others = usable.filter(|provider| provider.name != config.provider.name);
    others.filter_map(|provider| plain_http(&provider, env)).collect()
}

/// Returns a warning for each MCP server on another machine that gets secrets in headers without TLS.
fn plain_http_of_servers(file: &ConfigFile) -> Vec<String> {
    let servers = file.part(mcp::servers).unwrap_or_default();
    let warning = |server: McpServer| {
        let McpTransport::Http { url, headers } = &server.transport else {
            return None;
        };
        let host = host(url.expose().strip_prefix("http://")?);
        (headers.iter().any(is_secret) && !is_loopback(host)).then(|| {
            let name = &server.name;
            format!("the key in the headers of the MCP server `{name}` is sent to `{host}` without TLS, use `https://` in its `url`")
        })
    };
    servers.into_iter().filter_map(warning).collect()
}

/// Returns whether the value of a header is a secret, as far as its name and its origin tell.
fn is_secret(header: &CustomHeader) -> bool {
    match &header.source {
        HeaderSource::Variable(_) => true,
        HeaderSource::Value(_) => is_secret_name(&header.name),
    }
}

/// Returns a warning if an API key is sent to another machine without TLS. `env` reads an environment variable.
pub fn plain_http(provider: &Provider, env: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let host = host(provider.api_base.strip_prefix("http://")?);
    let variable = provider.api_key_env.as_ref().and_then(|name| env(name));
    let secret_header = provider.headers.iter().any(is_secret);
    let has_key =
        secret_header || provider.api_key.is_some() || variable.is_some_and(|key| !key.trim().is_empty());
    (has_key && !is_loopback(host)).then(|| {
        let name = &provider.name;
        format!("the API key of provider `{name}` is sent to `{host}` without TLS, use `https://` in its `api_base`")
    })
}

/// Returns the host of an address without its scheme, an IPv6 address without its brackets.
fn host(address: &str) -> &str {
    let authority = address.split('/').next().unwrap_or_default();
    match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, _)) => host,
        None => authority.split(':').next().unwrap_or_default(),
    }
}

fn is_loopback(host: &str) -> bool {
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// Returns a warning if a key or token is in a file that others than its owner can read.
pub fn readable_secret(path: &Path, file: &ConfigFile) -> Option<String> {
    let secret = held(file).filter(|_| others_read(path))?;
    let path = path.display();
    Some(format!(
        "`{path}` holds `{secret}` and others can read it, allow that to its owner alone: `chmod 600`"
    ))
}

/// Returns the name of a field that holds a secret.
fn held(file: &ConfigFile) -> Option<&'static str> {
    let holds = |secret: fn(Node<'_>) -> bool| file.part(|root| Ok(secret(root))).is_ok_and(|there| there);
    let has = |part: &str, name: &str| {
        let found = file.part(|root| Ok(root.get(part).and_then(|part| part.get(name)).is_some()));
        found.is_ok_and(|there| there)
    };
    match () {
        () if holds(has_api_key) => Some("api_key"),
        () if has("gateway", "token") => Some("token"),
        () if has("store", "url") => Some("store.url"),
        () if holds(has_secret_header) => Some("headers"),
        () => None,
    }
}

/// Returns whether any provider has a key, used or not.
fn has_api_key(root: Node<'_>) -> bool {
    let providers = root
        .get("providers")
        .and_then(|providers| providers.get("providers"));
    let mut members = providers.and_then(Node::as_members).into_iter().flatten();
    members.any(|(_, provider)| {
        provider
            .text_of("api_key")
            .is_some_and(|key| !key.trim().is_empty())
    })
}

/// Returns whether a provider or an MCP server has a header whose value is a secret by its name.
fn has_secret_header(root: Node<'_>) -> bool {
    let at = |part: &str, name: &str| root.get(part).and_then(|part| part.get(name));
    let groups = [at("providers", "providers"), at("tools", "mcp")];
    let entries = groups
        .into_iter()
        .flatten()
        .filter_map(Node::as_members)
        .flatten();
    let headers = entries.filter_map(|(_, entry)| entry.get("headers")?.as_members());
    headers.flatten().any(|(name, _)| is_secret_name(name))
}

/// Returns a warning if others than its owner can read the file of a token.
pub fn readable_token(path: &Path) -> Option<String> {
    let path_text = path.display();
    others_read(path).then(|| {
        format!("others can read the token in `{path_text}`, allow that to its owner alone: `chmod 600`")
    })
}

#[cfg(unix)]
fn others_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o044 != 0)
}

/// Returns false, because the access control lists of other systems are not checked.
#[cfg(not(unix))]
fn others_read(_: &Path) -> bool {
    false
}

/// Returns a warning if a token is short and the gateway listens beyond this machine.
pub fn short_token(token: &Secret, address: IpAddr) -> Option<String> {
    let short = token.expose().len() < SHORTEST_TOKEN && !address.is_loopback();
    short.then(|| {
        format!("the token has less than {SHORTEST_TOKEN} characters, and the gateway listens beyond this machine: use a longer one")
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Returns a home whose configuration is `config`, in a file with `mode`.
    fn home(config: &str, mode: u32) -> (tempfile::TempDir, Home) {
        let directory = tempfile::tempdir().unwrap();
        let home = Home {
            directory: directory.path().to_owned(),
            config: directory.path().join("config.json"),
        };
        fs::write(&home.config, config).unwrap();
        #[cfg(unix)]
        fs::set_permissions(&home.config, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
        let _ = mode;
        (directory, home)
    }

    fn warnings(provider: &str, gateway: &str, mode: u32) -> Vec<String> {
        let config = format!(
            r#"{{"agents":{{"model":"m"}},"providers":{{"providers":{{"openai":{provider}}}}},"gateway":{gateway}}}"#
        );
        let (_directory, home) = home(&config, mode);
        let file = ConfigFile::read(&home).unwrap();
        let env = |name: &str| (name == "SET").then(|| "sk-secret".to_owned());
        let warnings = of_config(&home, &file, &file.agent().unwrap(), &env);
        assert!(!warnings.concat().contains("secret"), "{warnings:?}");
        warnings
    }

    #[test]
    fn warns_of_headers_without_tls_to_mcp_servers() {
        let count = |url: &str, headers: &str| {
            let server = format!(r#"{{}},"tools":{{"mcp":{{"s":{{"url":"{url}"{headers}}}}}}}"#);
            warnings(r#"{"api_key_env":"SET"}"#, &server, 0o600).len()
        };
        let secret = r#","headers":{"authorization":"secret"}"#;
        assert_eq!(count("http://mcp.example/", secret), 1);
        assert_eq!(
            count("http://mcp.example/", r#","headers_env":{"x-any":"SET"}"#),
            1
        );
        assert_eq!(count("http://mcp.example/", r#","headers":{"x-title":"t"}"#), 0);
        assert_eq!(count("http://127.0.0.1:1/", secret), 0);
        assert_eq!(count("https://mcp.example/", secret), 0);
    }

    #[test]
    fn warns_of_other_providers_without_tls() {
        let config = r#"{"agents":{"model":"m","provider":"openai"},"providers":{"providers":{"openai":{"api_key_env":"SET"},
            "a":{"api_base":"http://a.example/v1","api_key":"sk-secret"},"b":{"api_base":"http://b.example/v1"},"c":7}}}"#;
        let (_directory, home) = home(config, 0o600);
        let file = ConfigFile::read(&home).unwrap();
        let env = |name: &str| (name == "SET").then(|| "sk-secret".to_owned());
        let found = of_other_providers(&file, &file.agent().unwrap(), &env);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].contains("`a`") && !found[0].contains("secret"),
            "{found:?}"
        );
    }

    #[test]
    fn warns_of_key_without_tls_to_other_machines() {
        let count =
            |base: &str, key: &str| warnings(&format!(r#"{{"api_base":"{base}"{key}}}"#), "{}", 0o600).len();
        for base in [
            "http://models.example/v1",
            "http://10.0.0.1:8000",
            "http://[2001:db8::1]:80/v1",
            "http://localhost.example",
        ] {
            assert_eq!(count(base, r#","api_key":"sk-secret""#), 1, "{base}");
            assert_eq!(count(base, r#","api_key_env":"SET""#), 1, "{base}");
            assert_eq!(count(base, r#","api_key_env":"UNSET""#), 0, "{base}");
            assert_eq!(count(base, ""), 0, "there is no key");
        }
        for base in [
            "https://models.example/v1",
            "http://localhost:11434/v1",
            "http://LOCALHOST",
            "http://models.localhost/v1",
            "http://127.0.0.1:8000/v1",
            "http://[::1]:8000/v1",
        ] {
            assert_eq!(count(base, r#","api_key":"sk-secret""#), 0, "{base}");
        }
        let warning = warnings(
            r#"{"api_base":"http://models.example:80/v1","api_key":"sk-secret"}"#,
            "{}",
            0o600,
        );
        assert!(
            warning[0].contains("`openai`") && warning[0].contains("`models.example`"),
            "{warning:?}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn warns_of_secret_that_others_can_read() {
        let key = r#"{"api_key":"sk-secret"}"#;
        for (mode, count) in [
            (0o600, 0),
            (0o400, 0),
            (0o640, 1),
            (0o604, 1),
            (0o644, 1),
            (0o620, 0),
        ] {
            assert_eq!(warnings(key, "{}", mode).len(), count, "{mode:o}");
        }
        let found = |provider: &str, gateway: &str| warnings(provider, gateway, 0o644);
        assert!(found(key, "{}")[0].contains("config.json` holds `api_key`"));
        assert!(found(r#"{"api_key_env":"SET"}"#, r#"{"token":"secret"}"#)[0].contains("`token`"));
        assert!(found(r#"{"api_key_env":"SET"}"#, r#"{"token_env":"SET"}"#).is_empty());
        let header = |name: &str| format!(r#"{{"headers":{{"{name}":"secret"}}}}"#);
        assert!(found(&header("x-api-key"), "{}")[0].contains("`headers`"));
        assert!(found(&header("x-title"), "{}").is_empty());
        let server = |header: &str| {
            format!(
                r#"{{}},"tools":{{"mcp":{{"s":{{"url":"https://h.example","headers":{{"{header}":"secret"}}}}}}}}"#
            )
        };
        assert!(found("{}", &server("authorization"))[0].contains("`headers`"));
        assert!(found("{}", &server("x-title")).is_empty());
        let other = r#"{"api_key_env":"SET"},"other":{"api_base":"https://a.example","api_key":"sk-secret"}"#;
        let (_directory, home) = home(
            &format!(
                r#"{{"agents":{{"model":"m","provider":"openai"}},"providers":{{"providers":{{"openai":{other}}}}}}}"#
            ),
            0o644,
        );
        let file = ConfigFile::read(&home).unwrap();
        let warning = readable_secret(&home.config, &file).unwrap();
        assert!(
            warning.contains("`api_key`"),
            "of a provider that is not in use: {warning}"
        );
    }

    #[test]
    fn warns_of_short_token_beyond_this_machine() {
        let warned =
            |token: &str, address: &str| short_token(&Secret::new(token), address.parse().unwrap()).is_some();
        assert!(warned("fifteen-letters", "0.0.0.0") && warned("short", "::"));
        assert!(
            !warned("sixteen--letters", "0.0.0.0")
                && !warned("short", "127.0.0.1")
                && !warned("short", "::1")
        );
    }
}
