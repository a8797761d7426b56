//! Warnings about a configuration that works but is misspelt or puts secrets at risk, as sentence fragments.

mod rules;

use crate::home::{ConfigFile, Home};
use clawft_types::config::{self, HeaderSource, is_secret_name};
use clawft_types::json::Node;
use clawft_types::{Config, Provider, Secret};
use std::net::IpAddr;
use std::path::Path;

/// The shortest token, in characters, that counts as safe from guessing.
pub const SHORTEST_TOKEN: usize = 16;

/// Returns the warnings about the agent's part of the configuration in `home`. `env` reads an environment variable.
pub fn of_config(
    home: &Home,
    file: &ConfigFile,
    config: &Config,
    env: &dyn Fn(&str) -> Option<String>,
) -> Vec<String> {
    let warnings = [
        plain_http(&config.provider, env),
        readable_secret(&home.config, file),
    ];
    let found = file
        .part(|root| Ok([config::warnings(root, config), rules::without_tool(root)].concat()))
        .unwrap_or_default();
    found.into_iter().chain(warnings.into_iter().flatten()).collect()
}

/// Returns a warning if an API key is sent to another machine without TLS. `env` reads an environment variable.
pub fn plain_http(provider: &Provider, env: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let host = host(provider.api_base.strip_prefix("http://")?);
    let variable = provider.api_key_env.as_ref().and_then(|name| env(name));
    let secret_header = provider.headers.iter().any(|header| match &header.source {
        HeaderSource::Variable(_) => true,
        HeaderSource::Value(_) => is_secret_name(&header.name),
    });
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
    if file.part(|root| Ok(has_api_key(root))).is_ok_and(|there| there) {
        return Some("api_key");
    }
    let has = |part: &str, name: &str| {
        let found = file.part(|root| Ok(root.get(part).and_then(|part| part.get(name)).is_some()));
        found.is_ok_and(|there| there)
    };
    match () {
        () if has("gateway", "token") => Some("token"),
        () if has("store", "url") => Some("store.url"),
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
    use super::*;
    use std::fs;

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
