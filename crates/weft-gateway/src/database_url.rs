//! The URL of a database, whose password no message may show.

use std::{path::PathBuf, time::Duration};

use tokio_postgres::{Config, config::Host};

/// The time to connect, unless the URL has `connect_timeout`.
const CONNECT_TIME: Duration = Duration::from_secs(5);

/// The time after which a silent connection is tested, unless the URL has `keepalives_idle`.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// The schemes of a URL.
const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

/// A URL in its parts.
pub(crate) struct DatabaseUrl {
    /// The settings of the client.
    pub(crate) config: Config,
    /// File of further certificate authorities: `sslrootcert`.
    pub(crate) roots: Option<PathBuf>,
    /// Hosts and ports, for messages.
    pub(crate) address: String,
}

/// Checks a URL. The error does not quote it.
pub(crate) fn check(url: &str) -> Result<(), String> {
    parse(url).map(|_| ())
}

/// Parses a URL. The error does not quote it.
pub(crate) fn parse(url: &str) -> Result<DatabaseUrl, String> {
    let url = url.trim();
    if !SCHEMES.iter().any(|scheme| url.starts_with(scheme)) {
        return Err("expected a URL such as `postgres://USER:PASSWORD@HOST/DATABASE`".to_owned());
    }
    let (url, roots) = translated(url)?;
    let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| {
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        format!("not a URL of a database: {}", cause.unwrap_or_default())
    })?;
    let hosts = config.get_hosts();
    if hosts.iter().any(is_torn) {
        return Err("`@`, `/` and other punctuation in the password have to be percent-encoded".to_owned());
    }
    let address = address(&config);
    if config.get_application_name().is_none() {
        config.application_name("weft");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIME);
    }
    if !url.contains("keepalives_idle=") {
        config.keepalives_idle(KEEPALIVE);
    }
    Ok(DatabaseUrl {
        config,
        roots,
        address,
    })
}

/// Translates the parameters of other clients that ours does not know. It checks certificates always, so
/// `verify-ca` and `verify-full` ask for nothing else than `require`.
fn translated(url: &str) -> Result<(String, Option<PathBuf>), String> {
    let Some((base, query)) = url.split_once('?') else {
        return Ok((url.to_owned(), None));
    };
    let mut kept = Vec::new();
    let mut roots = None;
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        match parameter.split_once('=') {
            Some(("sslmode", "verify-ca" | "verify-full")) => kept.push("sslmode=require"),
            Some(("sslmode", "allow")) => kept.push("sslmode=prefer"),
            Some(("sslrootcert", path)) => roots = Some(PathBuf::from(decoded(path)?)),
            _ => kept.push(parameter),
        }
    }
    Ok((format!("{base}?{}", kept.join("&")), roots))
}

/// Decodes `%XX`.
fn decoded(text: &str) -> Result<String, String> {
    let wrong = || "`sslrootcert` is not percent-encoded".to_owned();
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2).ok_or_else(wrong)?;
        let digits = std::str::from_utf8(digits).map_err(|_| wrong())?;
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| wrong())?);
        rest = after;
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

/// Returns whether a host contains the rest of a password.
fn is_torn(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => !name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':')),
        #[cfg(unix)]
        Host::Unix(_) => false,
    }
}

fn address(config: &Config) -> String {
    let ports = config.get_ports();
    let hosts = config.get_hosts().iter().enumerate().map(|(index, host)| {
        let port = ports.get(index).or(ports.first()).copied().unwrap_or(5432);
        match host {
            Host::Tcp(name) => format!("{name}:{port}"),
            #[cfg(unix)]
            Host::Unix(path) => format!("{}:{port}", path.display()),
        }
    });
    hosts.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::SslMode;

    use super::*;

    #[test]
    fn accepts_urls_of_other_clients() {
        for (query, mode) in [
            ("", SslMode::Prefer),
            ("?sslmode=disable", SslMode::Disable),
            ("?sslmode=allow", SslMode::Prefer),
            ("?sslmode=require", SslMode::Require),
            ("?sslmode=verify-ca", SslMode::Require),
            ("?connect_timeout=3&sslmode=verify-full", SslMode::Require),
        ] {
            let url = parse(&format!("postgresql://u:p%40@db.local:6000/x{query}")).unwrap();
            assert_eq!(url.config.get_ssl_mode(), mode, "{query}");
            assert_eq!(url.config.get_password(), Some(b"p@".as_slice()));
            assert_eq!(url.address, "db.local:6000");
        }
        let url = parse("postgres://u@h/x?sslrootcert=%2Fetc%2Fca.pem").unwrap();
        assert_eq!(url.roots, Some("/etc/ca.pem".into()));
        #[cfg(unix)]
        assert_eq!(
            parse("postgres://u@%2Frun%2Fpg/x").unwrap().address,
            "/run/pg:5432"
        );
    }

    #[test]
    fn errors_never_quote_the_url() {
        for url in [
            "hunter2",
            "mysql://u:hunter2@h/x",
            "postgres://u:pass@hunter2@h/x",
            "postgres://u:hunter2@h:port/x",
            "postgres://u:hunter2@h/x?sslmode=maybe",
            "postgres://u:hunter2@h/x?nonsense=1",
            "postgres://u:hunter2@h/x?sslrootcert=%zz",
        ] {
            let error = parse(url).err().unwrap();
            assert!(!error.contains("hunter2") && !error.is_empty(), "{error}");
        }
    }
}
